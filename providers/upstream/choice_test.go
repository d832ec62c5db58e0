package upstream_test

import (
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers/upstream"
)

func TestCheckChoice(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		value   string
		choices []string
		want    string
	}{
		"the first":       {"key", []string{"key", "basic", "bearer"}, ""},
		"the last":        {"bearer", []string{"key", "basic", "bearer"}, ""},
		"none of two":     {"canary", []string{"id", "phone"}, "auth is not known: write id or phone"},
		"none of three":   {"canary", []string{"key", "basic", "bearer"}, "auth is not known: write key, basic or bearer"},
		"nothing":         {"", []string{"id", "phone"}, "auth is not known: write id or phone"},
		"in another case": {"ID", []string{"id", "phone"}, "auth is not known: write id or phone"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b block
			upstream.CheckChoice(&b, "auth", test.value, test.choices...)
			if got := strings.Join(b, "\n"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
