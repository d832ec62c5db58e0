package apps_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/providers"
)

func TestTrustSecret(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ secret, want string }{
		"32 bytes":         {strings.Repeat("x", 32), ""},
		"31 bytes":         {strings.Repeat("x", 31), "31 bytes; it needs at least 32"},
		"nothing":          {"", "0 bytes"},
		"a public key":     {publicPEM(t, newSigners(t).ec), "write it as public_key"},
		"its text quoted?": {"hunter2-hunter2", "15 bytes"},
	} {
		trust, err := apps.TrustSecret(providers.NewSecret(tt.secret))
		judge(t, name, trust, "HS256", err, tt.want)
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the secret is quoted: %v", err)
		}
	}
}

// judge compares what became of material with what should: trust of a kind, or an error that says want.
func judge(t *testing.T, name string, trust apps.Trust, kind string, err error, want string) {
	t.Helper()
	switch {
	case want == "" && (err != nil || trust.Kind() != kind || trust.Empty()):
		t.Errorf("%s: %v, kind %q, want %q", name, err, trust.Kind(), kind)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !trust.Empty() || trust.Kind() != ""):
		t.Errorf("%s: %v, want %q", name, err, want)
	}
}

// However a key or a keyring is printed, the secret that signs tokens does not show.
func TestTrustShowsNoSecret(t *testing.T) {
	t.Parallel()
	trust, err := apps.TrustSecret(providers.NewSecret(hmacSecret))
	if err != nil {
		t.Fatal(err)
	}
	key := apps.Key{ID: "k", App: &apps.App{}, Trust: trust, Scopes: apps.Scopes()}
	ring, err := apps.NewKeyring([]apps.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		text := fmt.Sprintf(verb+verb+verb, trust, key, *ring)
		raw := []byte(hmacSecret)
		numbers := strings.Trim(fmt.Sprintf("%d", raw), "[]")
		for _, form := range []string{hmacSecret, hex.EncodeToString(raw), numbers, "0x30, 0x31, 0x32"} {
			if strings.Contains(text, form) {
				t.Errorf("%s shows the secret: %s", verb, text)
			}
		}
	}
}

func TestTrustPublicKey(t *testing.T) {
	t.Parallel()
	s := newSigners(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(s.ec)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, raw []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}))
	}
	weak, err := x509.ParsePKIXPublicKey(shortRSA(t))
	if err != nil || weak.(*rsa.PublicKey).N.BitLen() >= 2048 {
		t.Fatal("the weak key is not weak", err)
	}
	for name, tt := range map[string]struct{ text, kind, want string }{
		"RSA":                  {publicPEM(t, s.rsa), "RS256", ""},
		"RSA as PKCS 1":        {block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&s.rsa.PublicKey)), "RS256", ""},
		"P-256":                {publicPEM(t, s.ec), "ES256", ""},
		"Ed25519":              {publicPEM(t, s.ed), "EdDSA", ""},
		"blank lines about it": {"\n" + publicPEM(t, s.ec) + "\n\n", "ES256", ""},
		"P-384":                {publicPEM(t, p384), "", "use RSA with 2048"},
		"RSA that is weak":     {block("PUBLIC KEY", shortRSA(t)), "", "use RSA with 2048"},
		"a private key":        {block("PRIVATE KEY", private), "", "belongs to the app alone"},
		"two keys":             {publicPEM(t, s.ec) + publicPEM(t, s.ed), "", "behind the key"},
		"no PEM":               {"ssh-ed25519 AAAA", "", "no key in PEM"},
		"PEM of something":     {block("PUBLIC KEY", []byte("x")), "", "no public key"},
	} {
		trust, err := apps.TrustPublicKey(tt.text)
		judge(t, name, trust, tt.kind, err, tt.want)
	}
}

// shortRSA is a public RSA key of 1024 bits.
func shortRSA(t *testing.T) []byte {
	t.Helper()
	key := newSigners(t).rsa.PublicKey
	key.N.Rsh(key.N, 1024)
	key.N.SetBit(key.N, 0, 1)
	raw, err := x509.MarshalPKIXPublicKey(&key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestTrustKeySet(t *testing.T) {
	t.Parallel()
	s := newSigners(t)
	good := ecJWK(t, "good", s.ec)
	with := func(key m, changes ...any) m {
		changed := m{}
		for k, v := range key {
			changed[k] = v
		}
		for i := 0; i < len(changes); i += 2 {
			changed[changes[i].(string)] = changes[i+1]
		}
		return changed
	}
	r, d := rsaJWK("r", s.rsa), edJWK("d", s.ed)
	for name, tt := range map[string]struct {
		text []byte
		want string
	}{
		"one of each sort": {jwks(t, r, good, d), ""},
		"not JSON":         {[]byte("keys"), "no JWK Set"},
		"a key alone":      {[]byte(`{"kty":"EC"}`), "no key for signatures"},
		"a doubled member": {[]byte(`{"keys":[],"keys":[]}`), "no JWK Set"},
		"no key":           {jwks(t), "no key for signatures"},
		"a private key":    {jwks(t, good, with(d, "d", "AAAA")), "private or symmetric"},
		"a symmetric key":  {jwks(t, good, m{"kty": "oct", "kid": "o", "k": "AAAA"}), "private or symmetric"},
		"a kid twice":      {jwks(t, good, with(d, "kid", "good")), `two keys of the set have the kid "good"`},
	} {
		trust, err := apps.TrustKeySet(tt.text)
		judge(t, name, trust, "JWKS", err, tt.want)
	}
	for name, key := range map[string]m{
		"no kid":                 with(good, "kid", ""),
		"for encryption":         with(good, "use", "enc"),
		"for other operations":   with(good, "key_ops", []string{"encrypt"}),
		"another algorithm":      with(r, "alg", "RS512"),
		"another curve":          with(good, "crv", "P-384"),
		"another sort":           with(good, "kty", "XX"),
		"a point off the curve":  with(good, "y", good["x"]),
		"a point cut short":      with(good, "x", "AAAA"),
		"padding":                with(d, "x", d["x"].(string)+"="),
		"an Ed25519 key cut":     with(d, "x", "AAAA"),
		"RSA without exponent":   with(r, "e", ""),
		"RSA with exponent 1":    with(r, "e", "AQ"),
		"RSA with even exponent": with(r, "e", "BA"),
		"RSA with huge exponent": with(r, "e", "AQAAAAE"),
		"RSA without modulus":    with(r, "n", ""),
		"RSA that is weak":       with(r, "n", b64u(s.rsa.N.Bytes()[:128])),
	} {
		_, err := apps.TrustKeySet(jwks(t, key))
		if err == nil || !strings.Contains(err.Error(), "no key for signatures") {
			t.Errorf("%s: taken for a key: %v", name, err)
		}
		if trust, err := apps.TrustKeySet(jwks(t, key, good)); err != nil || trust.Empty() {
			t.Errorf("%s: it spoils the keys beside it: %v", name, err)
		}
	}
}

// FuzzTrustKeySet states that no set of keys breaks anything, and that what is taken has a key.
func FuzzTrustKeySet(f *testing.F) {
	s := newSigners(f)
	f.Add(jwks(f, rsaJWK("r", s.rsa), ecJWK(f, "e", s.ec), edJWK("d", s.ed)))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"a","n":"AQ","e":"Aw"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if trust, err := apps.TrustKeySet(text); (err == nil) == trust.Empty() {
			t.Error(trust.Kind(), err)
		}
	})
}
