package hisend_test

import (
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/hisend"
	"github.com/otpgate/otpgate/providers/providertest"
)

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*hisend.Options)
		want   []string // starts
	}{
		"good": {asGiven, nil},
		"every other value": {
			func(o *hisend.Options) { o.Auth, o.ReferenceNames, o.WhatsApp = "header", "reference", true }, nil,
		},
		"the other name of the reference": {func(o *hisend.Options) { o.ReferenceNames = "otp_reference" }, nil},
		"nothing": {
			func(o *hisend.Options) { *o = hisend.Options{BaseURL: "http://api.example.com"} },
			[]string{"base_url: is plain http", "api_key: is missing", "auth: is unknown", "reference_names: is unknown"},
		},
		"a key with a line break": {
			func(o *hisend.Options) { o.APIKey = providers.NewSecret("canary\n") }, []string{"api_key: holds a space"},
		},
		"values that are none": {
			func(o *hisend.Options) { o.Auth, o.ReferenceNames = "canary", "Reference" },
			[]string{"auth: is unknown", "reference_names: is unknown"},
		},
		"meant to be insecure": {
			func(o *hisend.Options) { o.BaseURL, o.Insecure = "http://api.example.com/api/v1", true }, nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := hisend.Kind().Options().(*hisend.Options)
			o.APIKey = providers.NewSecret("canary")
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

func TestKindHasTheVendorsAddress(t *testing.T) {
	t.Parallel()
	k := hisend.Kind()
	o, ok := k.Options().(*hisend.Options)
	if k.Name != "hisend" || !ok || o.BaseURL != "https://core.hisend.hunnovate.com/api/v1" {
		t.Errorf("got %q, %+v", k.Name, o)
	}
	if k.Options() == k.Options() {
		t.Error("two providers would share their options")
	}
}

func TestBuildRefusesWhatCheckWould(t *testing.T) {
	t.Parallel()
	if p, err := (&hisend.Options{}).Build(providers.Environment{}); err == nil || p != nil {
		t.Errorf("got %v, %v", p, err)
	}
}
