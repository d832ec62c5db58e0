package httpsms

import (
	"maps"
	"slices"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms/httpsmstwin"
)

// TestPresetsAreGood: what a preset says passes the check of a configuration, on the vendor's own address.
func TestPresetsAreGood(t *testing.T) {
	t.Parallel()
	key := providers.NewSecret("canary")
	for name, p := range presets() {
		account := Account{BaseURL: p.baseURL, APIKey: key, APISecret: key, ClientID: key, ClientSecret: key, Username: key}
		if p.baseURL == "" {
			account.BaseURL = "https://api.example.com"
		}
		a := p.api(account)
		a.known = account.values()
		r := a.compile(func(text string, path ...string) { t.Errorf("%s: %v: %s", name, path, text) })
		if r.origin == "" || len(r.answers.success) == 0 || r.answers.id == nil {
			t.Errorf("%s: compiled to %q, %d conditions, id %v", name, r.origin, len(r.answers.success), r.answers.id)
		}
	}
}

func TestEveryPresetHasATwin(t *testing.T) {
	t.Parallel()
	names := slices.Sorted(maps.Keys(presets()))
	if twins := slices.Sorted(maps.Keys(httpsmstwin.All())); !slices.Equal(names, twins) {
		t.Errorf("presets %v, twins %v", names, twins)
	}
}

func TestTheSandboxOfAfricasTalkingHasAnAddressOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ user, base, want string }{
		{"shop", "", "https://api.africastalking.com"},
		{"sandbox", "", "https://api.sandbox.africastalking.com"},
		{"sandbox", "https://other.example.com/", "https://other.example.com"},
	} {
		o := Options{Preset: "africastalking", Account: Account{
			BaseURL: test.base, Username: providers.NewSecret(test.user), APIKey: providers.NewSecret("canary"),
		}}
		a, ok := o.api(func(text string, _ ...string) { t.Error(text) })
		if !ok || a.URL.Reveal() != test.want+"/version1/messaging" {
			t.Errorf("%s: got %s", test.user, a.URL.Reveal())
		}
	}
}

func TestSpoken(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{
		"":      "1, 2, 3, 4. I repeat: 1, 2, 3, 4.",
		"en-GH": "1, 2, 3, 4. I repeat: 1, 2, 3, 4.",
		"de":    "1, 2, 3, 4. I repeat: 1, 2, 3, 4.",
		"fr":    "1, 2, 3, 4. Je répète : 1, 2, 3, 4.",
		"FR_ci": "1, 2, 3, 4. Je répète : 1, 2, 3, 4.",
		"pt-MZ": "1, 2, 3, 4. Repito: 1, 2, 3, 4.",
		"sw":    "1, 2, 3, 4. Narudia: 1, 2, 3, 4.",
	} {
		if got := spoken("1234", locale); got != want {
			t.Errorf("%q: got %q", locale, got)
		}
	}
}
