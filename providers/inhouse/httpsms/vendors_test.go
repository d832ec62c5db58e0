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
		if len(a.Multipart) > 0 {
			a.spoken = recordings{"en": {}}
		}
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
	const sms, voice = "africastalking", "africastalking-voice"
	for _, test := range []struct{ preset, user, base, want string }{
		{sms, "shop", "", "https://api.africastalking.com/version1/messaging"},
		{sms, "sandbox", "", "https://api.sandbox.africastalking.com/version1/messaging"},
		{sms, "sandbox", "https://other.example.com/", "https://other.example.com/version1/messaging"},
		{voice, "shop", "", "https://voice.africastalking.com/call"},
		{voice, "sandbox", "", "https://voice.sandbox.africastalking.com/call"},
		{voice, "sandbox", "https://other.example.com/", "https://other.example.com/call"},
	} {
		o := Options{Preset: test.preset, Sender: "+254711082000", Account: Account{
			BaseURL: test.base, Username: providers.NewSecret(test.user), APIKey: providers.NewSecret("canary"),
		}}
		a, ok := o.api(func(text string, _ ...string) { t.Error(text) })
		if !ok || a.URL.Reveal() != test.want {
			t.Errorf("%s of %s: got %s", test.preset, test.user, a.URL.Reveal())
		}
	}
}
