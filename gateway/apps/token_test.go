package apps_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-json/v2"
	"github.com/golang-jwt/jwt/v5"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/providers"
)

const hmacSecret = "0123456789abcdef0123456789abcdef"

func noon() time.Time { return time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC) }

// signers are one private key for each algorithm of public keys.
type signers struct {
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
	ed  ed25519.PrivateKey
}

func newSigners(t testing.TB) signers {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, d, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signers{r, e, d}
}

// publicPEM is the public half of a private key, as an operator would paste it.
func publicPEM(t testing.TB, private crypto.Signer) string {
	t.Helper()
	raw, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw}))
}

func b64u(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func rsaJWK(kid string, key *rsa.PrivateKey) map[string]any {
	return map[string]any{
		"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256",
		"n": b64u(key.N.Bytes()), "e": b64u(big.NewInt(int64(key.E)).Bytes()),
	}
}

func ecJWK(t testing.TB, kid string, key *ecdsa.PrivateKey) map[string]any {
	t.Helper()
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"kty": "EC", "crv": "P-256", "kid": kid, "x": b64u(point[1:33]), "y": b64u(point[33:])}
}

func edJWK(kid string, key ed25519.PrivateKey) map[string]any {
	return map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": kid, "key_ops": []string{"verify"}, "x": b64u(key[32:])}
}

func jwks(t testing.TB, keys ...map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// tokenRing has a key for each sort of trust, all of the same app and with the scopes send and read.
func tokenRing(t testing.TB, s signers) *apps.Keyring {
	t.Helper()
	trust := must[apps.Trust](t)
	app := &apps.App{ID: "shop"}
	made := map[string]apps.Trust{
		"by-secret": trust(apps.TrustSecret(providers.NewSecret(hmacSecret))),
		"by-rsa":    trust(apps.TrustPublicKey(publicPEM(t, s.rsa))),
		"by-ec":     trust(apps.TrustPublicKey(publicPEM(t, s.ec))),
		"by-ed":     trust(apps.TrustPublicKey(publicPEM(t, s.ed))),
		"by-set":    trust(apps.TrustKeySet(jwks(t, rsaJWK("r1", s.rsa), ecJWK(t, "e1", s.ec), edJWK("d1", s.ed)))),
		"by-none":   {},
	}
	audience := made["by-secret"]
	audience.Audience = "otpgate"
	made["by-audience"] = audience
	var keys []apps.Key
	for id, trust := range made {
		keys = append(keys, apps.Key{
			ID: id, App: app, Trust: trust, Secrets: []apps.SecretHash{hash("s")},
			Scopes: []apps.Scope{apps.ScopeSend, apps.ScopeRead},
		})
	}
	keys = append(keys,
		apps.Key{
			ID: "near", App: app, Trust: made["by-secret"], Scopes: []apps.Scope{apps.ScopeSend},
			Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")},
		},
		apps.Key{ID: "root", App: app, Trust: made["by-secret"], Scopes: []apps.Scope{apps.ScopeAdmin}},
	)
	return must[*apps.Keyring](t)(apps.NewKeyring(keys))
}

// token signs claims; header changes what the library writes into the header, with nil taking a member away.
func token(t testing.TB, algorithm string, key any, header, claims map[string]any) string {
	t.Helper()
	made := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), jwt.MapClaims(claims))
	maps.Copy(made.Header, header)
	text, err := made.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// lives are the claims of a token that is good for a minute, with changes.
func lives(changes ...any) map[string]any {
	claims := map[string]any{"exp": noon().Add(time.Minute).Unix()}
	for i := 0; i < len(changes); i += 2 {
		if claims[changes[i].(string)] = changes[i+1]; changes[i+1] == nil {
			delete(claims, changes[i].(string))
		}
	}
	return claims
}

type m = map[string]any

func TestAuthenticateToken(t *testing.T) {
	t.Parallel()
	s := newSigners(t)
	ring := tokenRing(t, s)
	other := newSigners(t)
	secret := []byte(hmacSecret)
	bySecret, byAudience := m{"kid": "by-secret"}, m{"kid": "by-audience"}
	hs := func(header, claims m) string { return token(t, "HS256", secret, header, claims) }
	forHS := func(key []byte, header, claims m) string { return token(t, "HS256", key, header, claims) }
	at, hashed := noon().Unix(), hash("s").SHA256
	tests := []struct {
		name, token string
		want        string // id of the key; empty: refused
	}{
		{"HS256 with the key's secret", hs(bySecret, lives()), "by-secret"},
		{"RS256 with the key's private key", token(t, "RS256", s.rsa, m{"kid": "by-rsa"}, lives()), "by-rsa"},
		{"ES256 with the key's private key", token(t, "ES256", s.ec, m{"kid": "by-ec"}, lives()), "by-ec"},
		{"EdDSA with the key's private key", token(t, "EdDSA", s.ed, m{"kid": "by-ed"}, lives()), "by-ed"},
		{"sub names the key where there is no kid", hs(nil, lives("sub", "by-secret")), "by-secret"},
		{"kid before sub", hs(bySecret, lives("sub", "ama")), "by-secret"},
		{"RS256 with a key of the set", token(t, "RS256", s.rsa, m{"kid": "r1"}, lives("sub", "by-set")), "by-set"},
		{"ES256 with a key of the set", token(t, "ES256", s.ec, m{"kid": "e1"}, lives("sub", "by-set")), "by-set"},
		{"EdDSA with a key of the set", token(t, "EdDSA", s.ed, m{"kid": "d1"}, lives("sub", "by-set")), "by-set"},
		{"nbf and iat that have come", hs(bySecret, lives("nbf", at, "iat", at)), "by-secret"},
		{"an app's clock that is half a minute fast", hs(bySecret, lives("nbf", at+30, "iat", at+30)), "by-secret"},
		{"an app's clock that is nearly half a minute slow", hs(bySecret, lives("exp", at-29)), "by-secret"},
		{"the audience", hs(byAudience, lives("aud", "otpgate")), "by-audience"},
		{"the audience among others", hs(byAudience, lives("aud", []string{"x", "otpgate"})), "by-audience"},
		{"claims of others' own", hs(bySecret, lives("azp", "x", "roles", m{"a": 1})), "by-secret"},

		{"no exp", hs(bySecret, lives("exp", nil)), ""},
		{"exp of null", hs(bySecret, m{"exp": nil}), ""},
		{"exp that is no number", hs(bySecret, lives("exp", "soon")), ""},
		{"exp in another case", hs(bySecret, lives("exp", nil, "EXP", at+60)), ""},
		{"expired", hs(bySecret, lives("exp", at-30)), ""},
		{"nbf to come", hs(bySecret, lives("nbf", at+31)), ""},
		{"iat to come", hs(bySecret, lives("iat", at+31)), ""},
		{"another audience", hs(byAudience, lives("aud", "rival")), ""},
		{"no audience where one is asked for", hs(byAudience, lives()), ""},
		{"an audience where none is known", hs(bySecret, lives("aud", "otpgate")), ""},
		{"a scope that is no text", hs(bySecret, lives("scope", []string{"send"})), ""},

		{"another secret", forHS([]byte(strings.Repeat("x", 32)), bySecret, lives()), ""},
		{"another RSA key", token(t, "RS256", other.rsa, m{"kid": "by-rsa"}, lives()), ""},
		{"another P-256 key", token(t, "ES256", other.ec, m{"kid": "by-ec"}, lives()), ""},
		{"another Ed25519 key", token(t, "EdDSA", other.ed, m{"kid": "by-ed"}, lives()), ""},
		{"another key of the set", token(t, "ES256", s.ec, m{"kid": "r1"}, lives("sub", "by-set")), ""},
		{"a kid that the set has not", token(t, "ES256", s.ec, m{"kid": "e2"}, lives("sub", "by-set")), ""},
		{"no kid for a set", token(t, "ES256", s.ec, nil, lives("sub", "by-set")), ""},
		{"the name of a key with a set as kid", token(t, "ES256", s.ec, m{"kid": "by-set"}, lives()), ""},
		{"a kid of the set without sub", token(t, "ES256", s.ec, m{"kid": "e1"}, lives()), ""},
		{"an unknown kid, whatever sub says", hs(m{"kid": "nobody"}, lives("sub", "by-secret")), ""},
		{"an unknown sub", hs(nil, lives("sub", "nobody")), ""},
		{"nobody named", hs(nil, lives()), ""},
		{"a kid that is no text", hs(m{"kid": 1}, lives("sub", "by-secret")), ""},
		{"a key that trusts no token", forHS([]byte("s"), m{"kid": "by-none"}, lives()), ""},
		{"HS256 with the hash of a secret", forHS(hashed[:], m{"kid": "by-none"}, lives()), ""},
		{"an extension", hs(m{"kid": "by-secret", "crit": []string{"b64"}, "b64": true}, lives()), ""},

		{"alg none", token(t, "none", jwt.UnsafeAllowNoneSignatureType, bySecret, lives()), ""},
		{"HS512", token(t, "HS512", secret, bySecret, lives()), ""},
		{"RS512", token(t, "RS512", s.rsa, m{"kid": "by-rsa"}, lives()), ""},
		{"PS256", token(t, "PS256", s.rsa, m{"kid": "by-rsa"}, lives()), ""},
		{"HS256 with the public RSA key in PEM", forHS([]byte(publicPEM(t, s.rsa)), m{"kid": "by-rsa"}, lives()), ""},
		{"HS256 with the public EC key in PEM", forHS([]byte(publicPEM(t, s.ec)), m{"kid": "by-ec"}, lives()), ""},
		{"HS256 with the bytes of the public Ed25519 key", forHS([]byte(s.ed[32:]), m{"kid": "by-ed"}, lives()), ""},
		{"HS256 with the modulus of a key of the set", forHS(s.rsa.N.Bytes(), m{"kid": "r1"}, lives("sub", "by-set")), ""},
		{"RS256 for a key with a secret", token(t, "RS256", s.rsa, bySecret, lives()), ""},
		{"ES256 for a key of RS256", token(t, "ES256", s.ec, m{"kid": "by-rsa"}, lives()), ""},
		{"an embedded key", token(t, "RS256", other.rsa, m{"kid": "by-rsa", "jwk": rsaJWK("x", other.rsa)}, lives()), ""},
		{"a key elsewhere", token(t, "RS256", other.rsa, m{"kid": "by-rsa", "jku": "http://127.0.0.1:1/"}, lives()), ""},
		{"a longer token than is looked at", hs(bySecret, lives("pad", strings.Repeat("x", 8<<10))), ""},

		{"nothing", "", ""},
		{"dots", "..", ""},
		{"a part too many", hs(bySecret, lives()) + ".x", ""},
		{"no signature", unsigned(hs(bySecret, lives())), ""},
		{"claims that are null", "eyJhbGciOiJIUzI1NiIsImtpZCI6ImJ5LXNlY3JldCJ9.bnVsbA.AA", ""},
		{"a doubled claim", doubled(t, secret), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := ring.AuthenticateToken(tt.token, apps.Visit{At: noon()})
			if ok != (tt.want != "") || got.KeyID != tt.want {
				t.Errorf("AuthenticateToken = %+v, %v; want %q", got, ok, tt.want)
			}
			if ok && (got.App.ID != "shop" || !got.May(apps.ScopeSend) || got.May(apps.ScopeVerify)) {
				t.Errorf("the token has other rights than its key: %+v", got)
			}
		})
	}
}

// unsigned is a token without its signature.
func unsigned(token string) string { return token[:strings.LastIndex(token, ".")+1] }

// doubled is a rightly signed token in which a claim stands twice.
func doubled(t testing.TB, secret []byte) string {
	t.Helper()
	text := b64u([]byte(`{"alg":"HS256","kid":"by-secret"}`)) + "." + b64u([]byte(`{"exp":1,"exp":32503680000}`))
	signature, err := jwt.SigningMethodHS256.Sign(text, secret)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + b64u(signature)
}

// Whatever character of a token is changed, it is refused.
func TestTamperedTokens(t *testing.T) {
	t.Parallel()
	s := newSigners(t)
	ring := tokenRing(t, s)
	for name, good := range map[string]string{
		"HS256": token(t, "HS256", []byte(hmacSecret), m{"kid": "by-secret"}, lives()),
		"RS256": token(t, "RS256", s.rsa, m{"kid": "by-rsa"}, lives()),
		"ES256": token(t, "ES256", s.ec, m{"kid": "by-ec"}, lives()),
		"EdDSA": token(t, "EdDSA", s.ed, m{"kid": "by-ed"}, lives()),
	} {
		if _, ok := ring.AuthenticateToken(good, apps.Visit{At: noon()}); !ok {
			t.Fatalf("%s: the token is refused as it is", name)
		}
		for i := range good {
			by := byte('A')
			if good[i] == by {
				by = 'B'
			}
			if _, ok := ring.AuthenticateToken(good[:i]+string(by)+good[i+1:], apps.Visit{At: noon()}); ok {
				t.Errorf("%s: let in with another character at %d", name, i)
			}
		}
	}
}

func TestScopeNarrows(t *testing.T) {
	t.Parallel()
	ring := tokenRing(t, newSigners(t))
	all := apps.Scopes()
	tests := []struct {
		name, key string
		scope     any
		may       []apps.Scope
	}{
		{"no scope leaves what the key has", "by-secret", nil, []apps.Scope{apps.ScopeSend, apps.ScopeRead}},
		{"one of the key's", "by-secret", "read", []apps.Scope{apps.ScopeRead}},
		{"one that the key has not", "by-secret", "verify read", []apps.Scope{apps.ScopeRead}},
		{"words of others", "by-secret", "openid  send profile", []apps.Scope{apps.ScopeSend}},
		{"an empty scope allows nothing", "by-secret", "", nil},
		{"admin widens nothing", "by-secret", "admin", []apps.Scope{apps.ScopeSend, apps.ScopeRead}},
		{"admin can be narrowed", "root", "verify", []apps.Scope{apps.ScopeVerify}},
		{"admin stays admin", "root", "admin", all},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := token(t, "HS256", []byte(hmacSecret), m{"kid": tt.key}, lives("scope", tt.scope))
			got, ok := ring.AuthenticateToken(text, apps.Visit{At: noon()})
			if !ok {
				t.Fatal("refused")
			}
			allowed := map[apps.Scope]bool{}
			for _, s := range tt.may {
				allowed[s] = true
			}
			for _, s := range all {
				if got.May(s) != allowed[s] {
					t.Errorf("May(%s) = %v", s, got.May(s))
				}
			}
		})
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	ring := tokenRing(t, newSigners(t))
	text := token(t, "HS256", []byte(hmacSecret), m{"kid": "near"}, lives())
	secrets := must[*apps.Keyring](t)(apps.NewKeyring([]apps.Key{{
		ID: "k", App: &apps.App{}, Secrets: []apps.SecretHash{hash("s")}, Scopes: apps.Scopes(),
		Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")},
	}}))
	for from, in := range map[string]bool{
		"10.1.2.3": true, "2001:db8::1": true, "11.0.0.1": false, "2001:db9::1": false, "::1": false, "": false,
	} {
		visit := apps.Visit{At: noon()}
		if from != "" {
			visit.From = netip.MustParseAddr(from)
		}
		if _, ok := ring.AuthenticateToken(text, visit); ok != in {
			t.Errorf("a token from %q: %v", from, ok)
		}
		if _, ok := secrets.Authenticate("k", "s", visit); ok != in {
			t.Errorf("a secret from %q: %v", from, ok)
		}
	}
}

// A key whose tokens are trusted needs no secret, and then no secret is good for it.
func TestTokensAlone(t *testing.T) {
	t.Parallel()
	ring := tokenRing(t, newSigners(t))
	for _, secret := range []string{"", hmacSecret, "s"} {
		if _, ok := ring.Authenticate("near", secret, apps.Visit{At: noon(), From: netip.MustParseAddr("10.0.0.1")}); ok {
			t.Errorf("let in with %q", secret)
		}
	}
}

// FuzzAuthenticateToken states that a token which lets somebody in carries a signature of ours.
func FuzzAuthenticateToken(f *testing.F) {
	s := newSigners(f)
	ring := tokenRing(f, s)
	good := map[string]bool{}
	for _, text := range []string{
		token(f, "HS256", []byte(hmacSecret), m{"kid": "by-secret"}, lives()),
		token(f, "RS256", s.rsa, m{"kid": "by-rsa"}, lives()),
		token(f, "ES256", s.ec, m{"kid": "e1"}, lives("sub", "by-set")),
		token(f, "EdDSA", s.ed, nil, lives("sub", "by-ed")),
	} {
		good[text] = true
		f.Add(text)
	}
	f.Add("..")
	f.Add("eyJhbGciOiJub25lIiwia2lkIjoiYnktc2VjcmV0In0.eyJleHAiOjMyNTAzNjgwMDAwfQ.")
	f.Add(doubled(f, []byte(hmacSecret)))
	f.Fuzz(func(t *testing.T, text string) {
		if _, ok := ring.AuthenticateToken(text, apps.Visit{At: noon()}); ok && !good[text] {
			t.Errorf("let in: %q", text)
		}
	})
}

func BenchmarkAuthenticateToken(b *testing.B) {
	s, other := newSigners(b), newSigners(b)
	ring := tokenRing(b, s)
	for _, c := range []struct {
		algorithm, kid string
		key, forger    any
	}{
		{"HS256", "by-secret", []byte(hmacSecret), []byte("another secret that signs tokens")},
		{"RS256", "by-rsa", s.rsa, other.rsa},
		{"ES256", "by-ec", s.ec, other.ec},
		{"EdDSA", "by-ed", s.ed, other.ed},
	} {
		for name, text := range map[string]string{
			"right":   token(b, c.algorithm, c.key, m{"kid": c.kid}, lives()),
			"forged":  token(b, c.algorithm, c.forger, m{"kid": c.kid}, lives()),
			"unknown": token(b, c.algorithm, c.forger, m{"kid": "nobody"}, lives()),
		} {
			b.Run(c.algorithm+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					ring.AuthenticateToken(text, apps.Visit{At: noon()})
				}
			})
		}
	}
}
