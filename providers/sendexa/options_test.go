package sendexa_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/providertest"
	"github.com/otpgate/otpgate/providers/sendexa"
)

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*sendexa.Options)
		want   []string // starts
	}{
		"good":      {func(*sendexa.Options) {}, nil},
		"no secret": {func(o *sendexa.Options) { o.APISecret = providers.Secret{} }, nil},
		"no sender": {func(o *sendexa.Options) { o.Sender = "" }, []string{"sender: warning: is empty"}},
		"the other choices": {
			func(o *sendexa.Options) { o.Dialect, o.Auth = "phone", "basic" }, nil,
		},
		"a key with a line's end": {
			func(o *sendexa.Options) { o.APIKey = providers.NewSecret("canary\n") }, []string{"api_key: is missing or holds"},
		},
		"a webhook secret": {func(o *sendexa.Options) { o.WebhookSecret = providers.NewSecret("canary") }, nil},
		"a webhook secret with a space": {
			func(o *sendexa.Options) { o.WebhookSecret = providers.NewSecret("canary secret") },
			[]string{"webhook_secret: is missing or holds"},
		},
		"everything": {
			func(o *sendexa.Options) {
				*o = sendexa.Options{BaseURL: "http://api.example.com", Sender: "My", Dialect: "c", Auth: "bearer"}
			},
			[]string{
				"base_url: is plain http", "api_key: is missing", "sender: is no sender ID",
				"dialect: is not known: write id or phone", "auth: is not known: write x-api-key or basic",
			},
		},
		"meant to be insecure": {
			func(o *sendexa.Options) { o.BaseURL, o.Insecure = "http://api.example.com", true }, nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := sendexa.Kind().Options().(*sendexa.Options)
			o.APIKey, o.APISecret, o.Sender = providers.NewSecret("canary"), providers.NewSecret("canary"), "MyBrand"
			test.change(o)
			var b providertest.Block
			o.Check(&b)
			if len(b) != len(test.want) {
				t.Fatalf("got %q", b)
			}
			for i, start := range test.want {
				if !strings.HasPrefix(b[i], start) || strings.Contains(b[i], "canary") {
					t.Errorf("got %q, want %q", b[i], start)
				}
			}
		})
	}
}

func TestTokenOnTheWire(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		secret, auth, header, value string
	}{
		"key and secret":        {apiSecret, "x-api-key", "X-Api-Key", token},
		"key alone":             {"", "x-api-key", "X-Api-Key", apiKey},
		"key and secret, basic": {apiSecret, "basic", "Authorization", "Basic " + token},
		"key alone, basic":      {"", "basic", "Authorization", "Basic " + apiKey},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got http.Header
			s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() }))
			defer s.Close()
			o := sendexa.Kind().Options().(*sendexa.Options)
			o.BaseURL, o.Sender, o.Auth = s.URL, "MyBrand", test.auth
			o.APIKey, o.APISecret = providers.NewSecret(apiKey), providers.NewSecret(test.secret)
			p, err := o.Build(environment())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = p.Send(t.Context(), request())
			both := got.Values("X-Api-Key")
			both = append(both, got.Values("Authorization")...)
			if got.Get(test.header) != test.value || len(both) != 1 {
				t.Errorf("got %q", both)
			}
		})
	}
}

func TestKindHasTheVendorsDefaults(t *testing.T) {
	t.Parallel()
	k := sendexa.Kind()
	o, ok := k.Options().(*sendexa.Options)
	if k.Name != "sendexa" || !ok || o.BaseURL != "https://api.sendexa.co" {
		t.Fatalf("got %q, %+v", k.Name, o)
	}
	if o.Dialect != "id" || o.Auth != "x-api-key" {
		t.Errorf("got %+v", o)
	}
	if k.Options() == k.Options() {
		t.Error("two providers would share their options")
	}
}

func TestBuildRefusesWhatCheckWould(t *testing.T) {
	t.Parallel()
	if p, err := (&sendexa.Options{}).Build(providers.Environment{}); err == nil || p != nil {
		t.Errorf("got %v, %v", p, err)
	}
}
