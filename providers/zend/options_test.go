package zend_test

import (
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/providertest"
	"github.com/otpgate/otpgate/providers/zend"
)

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*zend.Options)
		want   []string // starts
	}{
		"good": {func(*zend.Options) {}, nil},
		"everything": {
			func(o *zend.Options) { *o = zend.Options{BaseURL: "http://api.example.com"} },
			[]string{"base_url: is plain http", "api_key: is missing or"},
		},
		"key with a line break": {
			func(o *zend.Options) { o.APIKey = providers.NewSecret("canary\n") }, []string{"api_key: is missing or holds white space"},
		},
		"key with a space": {
			func(o *zend.Options) { o.APIKey = providers.NewSecret("Bearer canary") }, []string{"api_key: is missing or holds white space"},
		},
		"meant to be insecure": {func(o *zend.Options) { o.BaseURL, o.Insecure = "http://api.example.com", true }, nil},
		"app":                  {func(o *zend.Options) { o.App = "my_ecommerce_app" }, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := zend.Kind().Options().(*zend.Options)
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
	k := zend.Kind()
	o, ok := k.Options().(*zend.Options)
	if k.Name != "zend" || !ok || o.BaseURL != "https://api.tryzend.com" {
		t.Errorf("got %q, %+v", k.Name, o)
	}
	if k.Options() == k.Options() {
		t.Error("two providers would share their options")
	}
}

func TestBuildRefusesWhatCheckWould(t *testing.T) {
	t.Parallel()
	if p, err := (&zend.Options{}).Build(providers.Environment{}); err == nil || p != nil {
		t.Errorf("got %v, %v", p, err)
	}
}
