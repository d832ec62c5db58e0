package gateway_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers/builtin"
)

func TestReviewWarnsOfWhatIsNotMeant(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ routes, warned string }{
		"all is well":       {"  - {name: rest, use: [inhouse]}", ""},
		"never reached":     {"  - {name: a, when: {country: [GH]}, use: [inhouse]}\n  - {name: b, when: {country: [GH]}, use: [inhouse]}", "routes[1]"},
		"mail in a country": {"  - {name: a, when: {channel: [email], country: [GH]}, use: [inhouse]}", "routes[0]"},
		"cannot serve":      {"  - {name: a, when: {country: [NG]}, use: [hubtel-gh, inhouse]}", "routes[0].use[0]"},
		"four digits only":  {"  - {name: a, when: {country: [GH], channel: [sms]}, use: [hubtel-gh]}", "four digits"},
		"a step that nobody makes": {
			"  - {name: rest, use: [inhouse], fallback: [{channel: voice, after: 30s}]}", "routes[0].fallback[0].channel: no route has",
		},
		"an e-mail to a number": {
			"  - {name: sms, when: {channel: [sms]}, use: [hubtel-gh, inhouse], fallback: [{channel: email, after: 30s}]}\n" +
				"  - {name: rest, use: [inhouse]}",
			"routes[0].fallback[0].channel: no e-mail goes to a number",
		},
		"an SMS after an e-mail to a mailbox": {
			"  - {name: mail, when: {channel: [email]}, use: [inhouse], fallback: [{channel: sms, after: 30s}]}\n" +
				"  - {name: rest, use: [hubtel-gh, inhouse]}",
			"routes[0].fallback[0].channel: no e-mail goes to a number",
		},
		"a step that somebody makes": {
			"  - {name: rest, use: [hubtel-gh, inhouse], fallback: [{channel: sms, after: 30s}]}", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, file: filepath.Join(t.TempDir(), "config.yaml")}
			head, _, _ := strings.Cut(settings, "routes:")
			mail := strings.Replace(head, "{sms: {kind: console}, email: {kind: console}}",
				`{email: {kind: smtp, host: 127.0.0.1, from: "Shop <otp@example.com>"}}`, 1)
			w.write("http://127.0.0.1:1", settings, mail+"routes:\n"+test.routes)
			cfg, report := config.Load(w.file, config.Sources{Kinds: builtin.Kinds()})
			if err := report.Err(); err != nil {
				t.Fatal(err)
			}
			gateway.Review(cfg, report)
			var got []string
			for _, warning := range report.Warnings {
				got = append(got, warning.String())
			}
			text := strings.Join(got, "\n")
			if test.warned == "" && text != "" || !strings.Contains(text, test.warned) {
				t.Errorf("warned of %q", text)
			}
		})
	}
}

// A price of a delivery that is never made does nothing, which whoever wrote it down should know.
func TestReviewWarnsOfPricesThatDoNothing(t *testing.T) {
	t.Parallel()
	for price, warned := range map[string]string{
		"{sms: 0.03, currency: USD}":                                         "",
		"{sms: 0.03, currency: USD, countries: {GH: {sms: 0.02}}}":           "",
		"{sms: 0.03, voice: 0.1, currency: USD}":                             "price.voice: the provider does not carry this channel,",
		"{currency: USD, countries: {NG: {sms: 0.02}}}":                      "price.countries.NG.sms: the provider does not carry",
		"{sms: 0.03, currency: USD, countries: {GH: {sms: 0.02, email: 1}}}": "price.countries.GH.email: the provider does not carry",
	} {
		w := &world{t: t, file: filepath.Join(t.TempDir(), "config.yaml")}
		w.write("http://127.0.0.1:1", "sender: Shop}", "sender: Shop}\n    price: "+price,
			"{sms: {kind: console}, email: {kind: console}}", `{email: {kind: smtp, host: 127.0.0.1, from: "Shop <otp@example.com>"}}`)
		cfg, report := config.Load(w.file, config.Sources{Kinds: builtin.Kinds()})
		if err := report.Err(); err != nil {
			t.Fatal(err)
		}
		gateway.Review(cfg, report)
		switch {
		case warned == "" && len(report.Warnings) == 0:
		case warned == "" || len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0].String(), warned):
			t.Errorf("%s: warned of %v", price, report.Warnings)
		}
	}
}

// The file in the root of the repository is the manual of all keys; it must be true.
func TestExampleFileIsGood(t *testing.T) {
	t.Parallel()
	cfg, report := config.Load("../config.yaml", config.Sources{
		Kinds: builtin.Kinds(),
		Lookup: func(name string) (string, bool) {
			switch name {
			case "OTPGATE_CODE_KEY":
				return "bm90LWEtc2VjcmV0LW5vdC1hLXNlY3JldC1ub3QtYS1zZWNyZXQ=", true
			case "OTPGATE_CONSOLE_TOKEN":
				return "", false
			}
			return "none-of-anybody", true
		},
	})
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
	gateway.Review(cfg, report)
	if err := report.Err(); err != nil || len(report.Warnings) > 0 {
		t.Error(err, report.Warnings)
	}
}
