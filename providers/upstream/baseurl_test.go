package upstream_test

import (
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers/upstream"
)

// block keeps what was reported.
type block []string

func (b *block) Refuse(text string, path ...string) {
	*b = append(*b, strings.Join(path, ".")+" "+text)
}
func (b *block) Warn(text string, path ...string) { b.Refuse("warning: "+text, path...) }
func (b *block) Decode(any, ...string) bool       { return false }

func TestCheckBaseURL(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		url      string
		insecure bool
		want     string // start of the report; empty: none
	}{
		"https":                      {url: "https://api.example.com"},
		"https with a path":          {url: "https://api.example.com/api/v1"},
		"http to this machine":       {url: "http://127.0.0.1:8080"},
		"http to this machine, IPv6": {url: "http://[::1]:8080"},
		"http to localhost":          {url: "http://localhost"},
		"http elsewhere, meant":      {url: "http://api.example.com", insecure: true},
		"http elsewhere":             {url: "http://api.example.com", want: "base_url is plain http"},
		"http to a name like ours":   {url: "http://localhost.example.com", want: "base_url is plain http"},
		"another scheme":             {url: "ftp://api.example.com", want: "base_url has an unknown scheme"},
		"another scheme, insecure":   {url: "ftp://127.0.0.1", insecure: true, want: "base_url has an unknown scheme"},
		"empty":                      {want: "base_url is not an address"},
		"no scheme":                  {url: "api.example.com", want: "base_url is not an address"},
		"no host":                    {url: "https:///otp", want: "base_url is not an address"},
		"opaque":                     {url: "https:api.example.com", want: "base_url is not an address"},
		"does not parse":             {url: "https://[canary", want: "base_url is not an address"},
		"name and password":          {url: "https://me:canary@api.example.com", want: "base_url holds a name"},
		"query":                      {url: "https://api.example.com?api_key=canary", want: "base_url has a query"},
		"empty query":                {url: "https://api.example.com?", want: "base_url has a query"},
		"fragment":                   {url: "https://api.example.com#canary", want: "base_url has a query"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b block
			upstream.CheckBaseURL(&b, test.url, test.insecure)
			got := strings.Join(b, "\n")
			if (test.want == "") != (got == "") || !strings.HasPrefix(got, test.want) || len(b) > 1 {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if strings.Contains(got, "canary") {
				t.Errorf("the report quotes the setting: %s", got)
			}
		})
	}
}
