package upstream_test

import (
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers/upstream"
)

func TestVisible(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want bool
	}{
		"an id":              {"otp_64f8a1b2c3d4e5f6", true},
		"first and last":     {"!~", true},
		"signs of addresses": {"../a?b=c#d%2F", true},
		"as long as may be":  {strings.Repeat("x", 4096), true},
		"too long":           {strings.Repeat("x", 4097), false},
		"empty":              {"", false},
		"space":              {"a b", false},
		"space alone":        {" ", false},
		"line break":         {"key\n", false},
		"zero":               {"a\x00", false},
		"delete":             {"a\x7f", false},
		"a letter of others": {"ä", false},
		"no UTF-8":           {"\xff", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := upstream.Visible(test.text); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestCheckVisible(t *testing.T) {
	t.Parallel()
	for value, refused := range map[string]bool{"canary": false, "": true, "canary\n": true, "Bearer canary": true} {
		var b block
		upstream.CheckVisible(&b, "api_key", value, "it is the key")
		got := strings.Join(b, "\n")
		if want := "api_key is missing or holds white space: it is the key"; refused && got != want || !refused && got != "" {
			t.Errorf("%q: got %q", value, got)
		}
	}
}
