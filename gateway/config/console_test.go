package config_test

import (
	"strings"
	"testing"

	"github.com/otpgate/otpgate/gateway/config"
)

func TestConsoleBeyondLoopbackNeedsAToken(t *testing.T) {
	t.Parallel()
	const needs = "needs a token"
	for listen, want := range map[string]string{
		"127.0.0.1:9": "", "127.9.9.9:9": "", "[::1]:9": "", "localhost:9": "",
		"0.0.0.0:9": needs, ":9": needs, "[::]:9": needs, "192.0.2.1:9": needs, "console.example.com:9": needs,
		"localhost.example.com:9": needs, "nonsense": "no address to listen on",
	} {
		for _, token := range []string{"", ", token: a-token-that-nobody-guesses"} {
			text := edited(t, "apps:", `console: {listen: "`+listen+`"`+token+"}\napps:")
			_, report := config.Parse("config.yaml", text, sources())
			err := report.Err()
			switch {
			case want == "" || want == needs && token != "":
				if err != nil {
					t.Errorf("%s%s: %v", listen, token, err)
				}
			case err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "console."):
				t.Errorf("%s%s: %v", listen, token, err)
			}
		}
	}
}
