package upstream

import (
	"net/http"

	"github.com/otpgate/otpgate/providers"
)

// Basic is the [Config.Authorize] of an upstream that takes the Basic scheme of RFC 7617. The header is made once.
func Basic(user, password providers.Secret) func(*http.Request) {
	sample := http.Request{Header: http.Header{}}
	sample.SetBasicAuth(user.Reveal(), password.Reveal())
	header := sample.Header["Authorization"]
	return func(r *http.Request) { r.Header["Authorization"] = header }
}
