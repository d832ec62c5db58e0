package config_test

import (
	"strings"
	"testing"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/config"
)

// The words that a key's scopes may be are those that the apps know.
func TestScopesAreThoseOfTheApps(t *testing.T) {
	t.Parallel()
	for _, scope := range apps.Scopes() {
		parse(t, strings.Replace(small, "[send]", "["+string(scope)+"]", 1))
	}
	_, report := config.Parse("config.yaml", []byte(strings.Replace(small, "[send]", "[none]", 1)), sources())
	words := make([]string, 0, len(apps.Scopes()))
	for _, scope := range apps.Scopes() {
		words = append(words, string(scope))
	}
	if err := report.Err(); err == nil || !strings.HasSuffix(err.Error(), "write one of "+strings.Join(words, ", ")) {
		t.Error(err)
	}
}

// edited is the small file with one piece of it replaced.
func edited(t *testing.T, piece, by string) []byte {
	t.Helper()
	if !strings.Contains(small, piece) {
		t.Fatalf("the small file has no %q to replace", piece)
	}
	return []byte(strings.Replace(small, piece, by, 1))
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, piece, by, want string }{
		{"guessable token", "apps:", "console: {token: short}\napps:", "console.token: the token is easy to guess"},
		{"short grace", "apps:", "server: {shutdown_grace: 1s}\napps:",
			"server.shutdown_grace: it is shorter than request_timeout"},
		{"tokens for others", "scopes: [send]}]", "scopes: [send], jwt: {jwks_file: testdata/secrets/keys.json}}]",
			"apps.shop.keys[0].jwt.jwks_file: who signs for several services"},
		{"inherited channel", "scopes: [send]}]", "scopes: [send]}]\n    channels: [email]",
			"apps.shop.channels: the app's default channel"},
		{"inherited country", "scopes: [send]}]", "scopes: [send]}]\n    countries: [NG]",
			"apps.shop.countries: the app's default country"},
		{"kind's own", "sender: MyBrand", "insecure: true", "providers.hubtel-gh.with.sender: it is empty"},
		{"a trace to tell and none made", "sender: MyBrand}", "sender: MyBrand}, propagate_trace: true",
			"providers.hubtel-gh.propagate_trace: there is no trace"},
		{"headers and no collector", "apps:", "telemetry: {traces: {headers: {a: b}}}\napps:",
			"telemetry.traces.headers: nothing is sent"},
		{"credentials in plain text", "apps:", "telemetry: {logs: {endpoint: \"http://collector:4318\", headers: {a: b}}}\napps:",
			"telemetry.logs.headers: they cross the network in plain text"},
		{"no price on a cheapest route", "use: [hubtel-gh]", "use: [hubtel-gh], strategy: cheapest",
			"routes[0].use[0]: the provider has no price"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, report := config.Parse("config.yaml", edited(t, test.piece, test.by), sources())
			if err := report.Err(); err != nil {
				t.Fatal(err)
			}
			if len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0].String(), test.want) {
				t.Errorf("got %v, want %q", report.Warnings, test.want)
			}
		})
	}
}

// A price on another channel than the route's is no price there.
func TestPriceOfAnotherChannel(t *testing.T) {
	t.Parallel()
	text := strings.Replace(small, "sender: MyBrand}", "sender: MyBrand}, price: {email: 1, currency: USD}", 1)
	text = strings.Replace(text, "use: [hubtel-gh]", "when: {channel: [sms]}, strategy: cheapest, use: [hubtel-gh]", 1)
	_, report := config.Parse("config.yaml", []byte(text), sources())
	if err := report.Err(); err != nil || len(report.Warnings) != 1 {
		t.Error(err, report.Warnings)
	}
}
