package httpapi

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/otp"
)

// The header fields that carry a key and its secret, besides Authorization.
const (
	headerKey    = "X-API-Key"
	headerSecret = "X-API-Secret"
)

// credential is what a request claims to know: a key and its secret, or a token alone.
type credential struct{ key, secret, token string }

// authenticate finds out who calls, and whether the key has scope. Every failure reads the same: what exactly was wrong
// is nobody's business who does not know the secret.
func (r *call) authenticate(scope apps.Scope) error {
	caller, ok := r.identity()
	if !ok {
		return r.unauthenticated()
	}
	r.caller = caller
	if !caller.May(scope) {
		return &otp.Error{Code: otp.Forbidden, Detail: "the key lacks the scope " + string(scope)}
	}
	return nil
}

func (r *call) identity() (apps.Identity, bool) {
	claim, ok := r.credential()
	if !ok {
		return apps.Identity{}, false
	}
	visit := apps.Visit{At: r.began}
	visit.From, _ = r.source()
	if claim.token != "" {
		return r.snapshot.Keyring.AuthenticateToken(claim.token, visit)
	}
	return r.snapshot.Keyring.Authenticate(claim.key, claim.secret, visit)
}

// Failures counts what went wrong. It is implemented by [otp.Memory].
type Failures interface {
	Charge(claims []otp.Claim, now time.Time) ([]otp.Level, error)
}

// unauthenticated refuses a caller who has not proved anything, and counts that against where the call came from. When
// too many have come from there, the refusal is that of a limit. Whoever shows a right key is let in even then: behind
// one address there may be others.
func (r *call) unauthenticated() error {
	if limit := r.snapshot.FailedAuth; limit.Max > 0 && r.snapshot.Failures != nil {
		claim := otp.Claim{Name: "failed_auth", Key: "failed_auth " + limit.String() + " " + r.neighbourhood(), Limit: limit}
		if _, err := r.snapshot.Failures.Charge([]otp.Claim{claim}, r.Now()); err != nil {
			return err
		}
	}
	return &otp.Error{
		Code: unauthenticated,
		Detail: "no valid key and secret; send X-API-Key with X-API-Secret, both as base64(key:secret) in " +
			"Authorization: Basic or Bearer, or a JWT in Authorization: Bearer",
	}
}

// neighbourhood is what one caller holds of the addresses: one of IPv4, a /64 of IPv6.
func (r *call) neighbourhood() string {
	addr, ok := r.source()
	if !ok || addr.Is4() {
		return addr.String()
	}
	network, _ := addr.WithZone("").Prefix(64) // an address of IPv6 has one
	return network.String()
}

// credential is the one that the request carries. Whoever sends several must mean the same by all of them.
func (r *call) credential() (credential, bool) {
	var first credential
	told := 0
	same := func(claim credential) bool {
		told++
		if told == 1 {
			first = claim
		}
		return claim == first
	}
	for _, value := range r.header(fiber.HeaderAuthorization) {
		if claim, ok := parseAuthorization(value); !ok || !same(claim) {
			return credential{}, false
		}
	}
	keys, secrets := r.header(headerKey), r.header(headerSecret)
	if len(keys) != len(secrets) {
		return credential{}, false
	}
	for i := range keys {
		if !same(credential{key: keys[i], secret: secrets[i]}) {
			return credential{}, false
		}
	}
	return first, told > 0
}

// parseAuthorization reads the Basic scheme of RFC 7617, and the Bearer scheme of RFC 6750 with the same text or, when
// two dots part it, with a JSON Web Token.
func parseAuthorization(value string) (credential, bool) {
	scheme, token, ok := strings.Cut(value, " ")
	bearer := strings.EqualFold(scheme, "Bearer")
	if !ok || !strings.EqualFold(scheme, "Basic") && !bearer {
		return credential{}, false
	}
	token = strings.TrimLeft(token, " ")
	if bearer && strings.Count(token, ".") == 2 {
		return credential{token: token}, true
	}
	token = strings.TrimRight(token, "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(token, "-_") {
		encoding = base64.RawURLEncoding
	}
	text, err := encoding.DecodeString(token)
	if err != nil {
		return credential{}, false
	}
	key, secret, ok := strings.Cut(string(text), ":")
	return credential{key: key, secret: secret}, ok && key != ""
}

// challenge tells which schemes the API takes (RFC 9110, 11.6.1).
func (r *call) challenge() {
	h := &r.fiber.Response().Header
	h.Add(fiber.HeaderWWWAuthenticate, `Basic realm="otpgate", charset="UTF-8"`)
	h.Add(fiber.HeaderWWWAuthenticate, `Bearer realm="otpgate"`)
}
