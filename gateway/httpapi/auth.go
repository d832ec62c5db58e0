package httpapi

import (
	"encoding/base64"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/otp"
)

// The header fields that carry a key and its secret, besides Authorization.
const (
	headerKey    = "X-API-Key"
	headerSecret = "X-API-Secret"
)

// credential is what a request claims to know.
type credential struct{ key, secret string }

// authenticate finds out who calls, and whether the key has scope. Every failure reads the same: what exactly was wrong
// is nobody's business who does not know the secret.
func (r *call) authenticate(scope apps.Scope) error {
	claim, ok := r.credential()
	if !ok {
		return errUnauthenticated()
	}
	caller, ok := r.snapshot.Keyring.Authenticate(claim.key, claim.secret, r.Now())
	if !ok {
		return errUnauthenticated()
	}
	r.caller = caller
	if !caller.May(scope) {
		return &otp.Error{Code: otp.Forbidden, Detail: "the key lacks the scope " + string(scope)}
	}
	return nil
}

func errUnauthenticated() *otp.Error {
	return &otp.Error{
		Code: unauthenticated,
		Detail: "no valid key and secret; send X-API-Key with X-API-Secret, or both as base64(key:secret) " +
			"in Authorization: Basic or Bearer",
	}
}

// credential is the one that the request carries. Whoever sends several must mean the same by all of them.
func (r *call) credential() (credential, bool) {
	var claims []credential
	for _, value := range r.header(fiber.HeaderAuthorization) {
		claim, ok := parseAuthorization(value)
		if !ok {
			return credential{}, false
		}
		claims = append(claims, claim)
	}
	keys, secrets := r.header(headerKey), r.header(headerSecret)
	if len(keys) != len(secrets) {
		return credential{}, false
	}
	for i := range keys {
		claims = append(claims, credential{keys[i], secrets[i]})
	}
	if len(claims) == 0 {
		return credential{}, false
	}
	for _, claim := range claims[1:] {
		if claim != claims[0] {
			return credential{}, false
		}
	}
	return claims[0], true
}

// parseAuthorization reads the Basic scheme of RFC 7617, and the same token under the Bearer scheme of RFC 6750.
func parseAuthorization(value string) (credential, bool) {
	scheme, token, ok := strings.Cut(value, " ")
	if !ok || !strings.EqualFold(scheme, "Basic") && !strings.EqualFold(scheme, "Bearer") {
		return credential{}, false
	}
	token = strings.TrimRight(strings.TrimLeft(token, " "), "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(token, "-_") {
		encoding = base64.RawURLEncoding
	}
	text, err := encoding.DecodeString(token)
	if err != nil {
		return credential{}, false
	}
	key, secret, ok := strings.Cut(string(text), ":")
	return credential{key, secret}, ok && key != ""
}

// challenge tells which schemes the API takes (RFC 9110, 11.6.1).
func (r *call) challenge() {
	h := &r.fiber.Response().Header
	h.Add(fiber.HeaderWWWAuthenticate, `Basic realm="otpgate", charset="UTF-8"`)
	h.Add(fiber.HeaderWWWAuthenticate, `Bearer realm="otpgate"`)
}
