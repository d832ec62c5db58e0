package upstream_test

import (
	"net/http"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

func TestBasicAuthorizesEachRequest(t *testing.T) {
	t.Parallel()
	authorize := upstream.Basic(providers.NewSecret("user"), providers.NewSecret("pass:word"))
	for range 2 {
		r := &http.Request{Header: http.Header{}}
		authorize(r)
		if user, password, ok := r.BasicAuth(); !ok || user != "user" || password != "pass:word" {
			t.Errorf("%q %q %v", user, password, ok)
		}
		r.Header.Add("Authorization", "another") // must not reach the next request
	}
}
