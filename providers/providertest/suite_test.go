package providertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
)

func TestWrongCodeKeepsItsShape(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"1234": "1235", "1239": "1230", "abcz": "abca", "ABCZ": "ABCA", "a1B2": "a1B3", "abcy": "abcz", "0": "1",
	} {
		if got := wrong(code); got != want {
			t.Errorf("%s became %s, want %s", code, got, want)
		}
	}
}

func TestSearchFindsWhatIsShown(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text, secret string
		want         bool
	}{
		"a code alone":            {"wrong code 1234", "1234", true},
		"a code in quotes":        {`{"code":"1234"}`, "1234", true},
		"a code in a longer word": {"id 707ebf1408f149ff", "1408", false},
		"no code":                 {"wrong code", "1234", false},
		"a key within a word":     {"Basicxxcanary-secretxx", "canary-secret", true},
		"an empty code":           {"x", "1", false},
	}
	for name, test := range tests {
		if got := shows(test.text, test.secret); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestWishesAreAllThatIsCovered(t *testing.T) {
	t.Parallel()
	all := wishes(providers.Coverage{
		Length:    providers.Range[int]{Min: 4, Max: 6},
		Alphabets: []providers.Alphabet{providers.Numeric, providers.Alphabetic},
		Expiry:    providers.Range[time.Duration]{Min: time.Minute, Max: time.Hour},
		Attempts:  providers.Range[int]{Min: 1, Max: 10},
	})
	if len(all) != 3*2+2+2 {
		t.Errorf("got %d: %+v", len(all), all)
	}
	if got := wishes(providers.Coverage{
		Length: providers.Range[int]{Min: 4, Max: 4}, Alphabets: []providers.Alphabet{providers.Numeric},
	}); len(got) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestDeadlinePassesWhenToldTo(t *testing.T) {
	t.Parallel()
	d := newDeadline(t.Context())
	ctx, cancel := context.WithTimeout(d, patience)
	defer cancel()
	if ctx.Err() != nil {
		t.Error("time is up already")
	}
	d.passWhen(func() bool { return true })
	<-ctx.Done()
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("got %v", ctx.Err())
	}
}
