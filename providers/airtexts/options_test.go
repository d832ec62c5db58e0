package airtexts_test

import (
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/airtexts"
	"github.com/otpgate/otpgate/providers/providertest"
)

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*airtexts.Options)
		want   []string // starts
	}{
		"good":  {func(*airtexts.Options) {}, nil},
		"basic": {func(o *airtexts.Options) { o.Auth = "basic" }, nil},
		"bearer of the pair": {
			func(o *airtexts.Options) { o.Auth = "bearer" }, nil,
		},
		"bearer of a token": {
			func(o *airtexts.Options) {
				o.Auth, o.Token = "bearer", providers.NewSecret("canary")
				o.APIKey, o.APISecret = providers.Secret{}, providers.Secret{}
			}, nil,
		},
		"experimental": {
			func(o *airtexts.Options) { o.AcceptUnverified = false }, []string{"accept_unverified: warning: is not set"},
		},
		"everything": {
			func(o *airtexts.Options) {
				*o = airtexts.Options{BaseURL: "http://api.example.com", TemplateID: -1}
			},
			[]string{
				"base_url: is plain http", "app_id: is missing", "auth: is not known", "api_key: is missing",
				"api_secret: is missing", "template_id: is negative",
				"accept_unverified: warning: is not set",
			},
		},
		"token with a line feed": {
			func(o *airtexts.Options) { o.Auth, o.Token = "bearer", providers.NewSecret("canary\n") },
			[]string{"token: is missing or holds white space"},
		},
		"key with a line feed": {
			func(o *airtexts.Options) { o.APIKey = providers.NewSecret("canary\n") },
			[]string{"api_key: is missing or holds white space"},
		},
		"meant to be insecure": {
			func(o *airtexts.Options) { o.BaseURL, o.Insecure = "http://api.example.com", true }, nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := airtexts.Kind().Options().(*airtexts.Options)
			o.AppID, o.AcceptUnverified = appID, true
			o.APIKey, o.APISecret = providers.NewSecret("canary"), providers.NewSecret("canary")
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

func TestKindHasTheVendorsDefaults(t *testing.T) {
	t.Parallel()
	k := airtexts.Kind()
	o, ok := k.Options().(*airtexts.Options)
	if k.Name != "airtexts" || !ok || o.BaseURL != "https://api.airtexts.com" || o.Auth != "key" || o.AcceptUnverified {
		t.Errorf("got %q, %+v", k.Name, o)
	}
	if k.Options() == k.Options() {
		t.Error("two providers would share their options")
	}
}

func TestBuildRefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	if p, err := (&airtexts.Options{Auth: "key"}).Build(providers.Environment{}); err == nil || p != nil {
		t.Errorf("got %v, %v", p, err)
	}
}
