package apps

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-json/v2"
	"github.com/golang-jwt/jwt/v5"
)

const (
	// maxToken is the longest token that is looked at, in bytes.
	maxToken = 8 << 10
	// clockSkew is how far the clocks of an app and of the gateway may differ: `exp`, `nbf` and `iat` are held so loosely.
	clockSkew = 30 * time.Second
)

// claims are what a token says (RFC 7519), with the scopes as RFC 8693 writes them: words with spaces between.
type claims struct {
	jwt.RegisteredClaims
	Scope *string `json:"scope"`
}

// UnmarshalJSON reads them strictly: a member that stands twice, or is written in another case, is not guessed at.
func (c *claims) UnmarshalJSON(text []byte) error {
	type plain claims
	return json.Unmarshal(text, (*plain)(c))
}

var (
	errCritical = errors.New("the token asks for extensions that we do not have (crit)")
	errKeyID    = errors.New("the kid is no text")
)

// AuthenticateToken tells who holds the key that a JSON Web Token names and is signed with. The token must end (`exp`)
// and be for us (`aud`); its `scope` can narrow what the key allows, and never widen it. What decides is what the key
// trusts: a token that says another algorithm is checked as one of a key that nobody knows, and so is one that names
// no key. That takes the same work, as far as RSA keys have the same size.
func (r *Keyring) AuthenticateToken(token string, v Visit) (Identity, bool) {
	if len(token) > maxToken {
		return Identity{}, false
	}
	var found entry
	said, known := new(claims), false
	_, err := parser(v.At).ParseWithClaims(token, said, func(t *jwt.Token) (any, error) {
		if _, critical := t.Header["crit"]; critical { // RFC 7515, 4.1.11
			return nil, errCritical
		}
		kid, ok := t.Header["kid"].(string)
		if _, given := t.Header["kid"]; given && !ok {
			return nil, errKeyID
		}
		found = r.named(kid, said.Subject)
		key, fits := found.trust.key(t.Method.Alg(), kid)
		if known = fits; !fits {
			key = r.decoys[t.Method.Alg()]
		}
		return key, nil
	})
	if err != nil || !known || !found.trust.isFor(said.Audience) || !found.admits(v.From) {
		return Identity{}, false
	}
	return found.identity.narrowed(said.Scope), true
}

func parser(now time.Time) *jwt.Parser {
	return jwt.NewParser(jwt.WithValidMethods(algorithms()), jwt.WithStrictDecoding(), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithLeeway(clockSkew), jwt.WithTimeFunc(func() time.Time { return now }))
}

// named is the key that a token names. A key with a set of public keys is named by `sub`, because `kid` picks one of
// the set. Every other key is named by `kid` or, in a token without it, by `sub`. Nothing hangs on whom a token names:
// it must be signed with what that very key trusts.
func (r *Keyring) named(kid, sub string) entry {
	if e, ok := r.keys[sub]; ok && (e.trust.set != nil || kid == "") {
		return e
	}
	if e, ok := r.keys[kid]; ok && e.trust.set == nil {
		return e
	}
	return r.nobody
}

// isFor tells whether a token with this audience is meant for us. One that is meant for somebody must be refused by
// everybody else (RFC 7519, 4.1.3).
func (t Trust) isFor(audience []string) bool {
	if t.Audience == "" {
		return len(audience) == 0
	}
	return slices.Contains(audience, t.Audience)
}

// narrowed is i with those of its rights that scope names too; nil: all of them. Words that are no scopes of ours are
// passed over.
func (i Identity) narrowed(scope *string) Identity {
	if scope == nil {
		return i
	}
	said := Identity{}
	for word := range strings.FieldsSeq(*scope) {
		said.scopes = append(said.scopes, Scope(word))
	}
	both := Identity{App: i.App, KeyID: i.KeyID}
	for _, s := range Scopes() {
		if i.May(s) && said.May(s) {
			both.scopes = append(both.scopes, s)
		}
	}
	return both
}

// newDecoys makes a key for each algorithm that no signature is good for: a token that names nobody is checked with it.
func newDecoys() (map[string]any, error) {
	point, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	// Any odd number of 2048 bits is as much work as a product of two primes, and takes no time to find. This is the
	// largest: a signature that is larger than the modulus is refused unseen. Whoever knows how to sign for it gains
	// nothing: what passes here is thrown away.
	modulus := new(big.Int).Lsh(big.NewInt(1), minRSA)
	modulus.Sub(modulus, big.NewInt(1))
	return map[string]any{
		hs256: []byte(rand.Text() + rand.Text()),
		rs256: &rsa.PublicKey{N: modulus, E: 65537},
		es256: &point.PublicKey,
		eddsa: edwards,
	}, nil
}
