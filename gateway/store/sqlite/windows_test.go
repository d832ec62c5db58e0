package sqlite

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAMemoryIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	m := memory{{"recipient 5/10m", []byte{1, 2, 3}, 1_800_000_000_000}, {"", []byte{}, -1}, {"app 200/s", []byte{0}, 0}}
	row := m.encode()
	got, err := decodeMemory(row)
	if diff := cmp.Diff(m, got, cmp.AllowUnexported(window{})); err != nil || diff != "" {
		t.Errorf("error %v (-written +read):\n%s", err, diff)
	}
	for n := 1; n < len(row); n++ {
		if got, err := decodeMemory(row[:n]); err == nil && len(got) == len(m) {
			t.Errorf("the first %d of %d bytes are read as a whole", n, len(row))
		}
	}
	if _, err := decodeMemory([]byte{0, 200, 1, 'x'}); err == nil {
		t.Error("a length beyond the end is read")
	}
}

func TestAMemoryForgetsWhatHasEnded(t *testing.T) {
	t.Parallel()
	m := memory{{"a", nil, 10}, {"b", nil, 20}, {"c", nil, 30}}.with(window{"b", nil, 25}, 10)
	want := memory{{"c", nil, 30}, {"b", nil, 25}}
	if diff := cmp.Diff(want, m, cmp.AllowUnexported(window{})); diff != "" {
		t.Error(diff)
	}
	if m.end() != 30 {
		t.Errorf("ends at %d", m.end())
	}
}

func TestAKeyIsDividedIntoWhomItBearsOnAndTheRest(t *testing.T) {
	t.Parallel()
	for key, want := range map[string][2]string{
		"recipient 5/10m +233201234567":      {"+233201234567", "recipient 5/10m"},
		"recipient 5/10m shop +233201234567": {"+233201234567", "recipient 5/10m shop"},
		"k":                                  {"k", ""},
		"":                                   {"", ""},
	} {
		if who, limit := split(key); who != want[0] || limit != want[1] {
			t.Errorf("%q is %q and %q", key, who, limit)
		}
	}
}
