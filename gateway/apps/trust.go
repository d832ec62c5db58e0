package apps

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// The algorithms of RFC 7518 and RFC 8037 that a token may be signed with. Every other one is refused, "none" first.
const (
	hs256 = "HS256"
	rs256 = "RS256"
	es256 = "ES256"
	eddsa = "EdDSA"
)

func algorithms() []string { return []string{hs256, rs256, es256, eddsa} }

// Trust is what the JSON Web Tokens of a key are checked with: a secret, a public key, or a set of public keys. Each
// piece serves one algorithm, which follows from what it is and never from what a token says. The zero value trusts
// no token.
type Trust struct {
	one material
	set map[string]material // by the id of the public key; nil: one is it
	// Audience must be among those that a token is for (`aud`). Empty: only tokens that name none are taken.
	Audience string
}

// material is a key for one algorithm: a public key as the standard library has it, or a [providers.Secret].
type material struct {
	algorithm string
	key       any
}

// Empty tells whether no token is trusted.
func (t Trust) Empty() bool { return t.one.key == nil && t.set == nil }

// key is what a token that says algorithm and kid must be signed with, as the library for tokens wants it; false when
// there is no such thing.
func (t Trust) key(algorithm, kid string) (any, bool) {
	m := t.one
	if t.set != nil {
		m = t.set[kid]
	}
	if m.key == nil || m.algorithm != algorithm {
		return nil, false
	}
	if secret, ok := m.key.(providers.Secret); ok {
		return []byte(secret.Reveal()), true
	}
	return m.key, true
}

// Kind says which tokens are trusted: "HS256", "RS256", "ES256", "EdDSA", "JWKS", or nothing.
func (t Trust) Kind() string {
	if t.set != nil {
		return "JWKS"
	}
	return t.one.algorithm
}

// minSecret is the least length of a secret that tokens are signed with, in bytes (RFC 7518, 3.2).
const minSecret = 32

// TrustSecret trusts tokens that were signed with the bytes of secret by HS256.
func TrustSecret(secret providers.Secret) (Trust, error) {
	text := secret.Reveal()
	if strings.Contains(text, "-----BEGIN") {
		return Trust{}, errors.New("a key in PEM is no secret to sign HS256 with: whoever has it could sign; " +
			"write it as public_key")
	}
	if len(text) < minSecret {
		return Trust{}, fmt.Errorf("the secret has %d bytes; it needs at least %d random ones", len(text), minSecret)
	}
	return Trust{one: material{hs256, secret}}, nil
}

// TrustPublicKey trusts tokens that were signed with the private half of a public key in PEM: RS256 with an RSA key,
// ES256 with one on P-256, EdDSA with one of Ed25519.
func TrustPublicKey(text string) (Trust, error) {
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil:
		return Trust{}, errors.New("this is no key in PEM; write one that begins with -----BEGIN PUBLIC KEY-----")
	case strings.Contains(block.Type, "PRIVATE"):
		return Trust{}, errors.New("this is a private key, which belongs to the app alone; write the public one")
	case strings.TrimSpace(string(rest)) != "":
		return Trust{}, errors.New("something stands behind the key; write one key, and a JWKS file for several")
	}
	parsed, err := parsePublic(block)
	if err != nil {
		return Trust{}, errors.New("this is no public key; write one that begins with -----BEGIN PUBLIC KEY-----")
	}
	m, ok := fitting(parsed)
	if !ok {
		return Trust{}, errors.New("such a key is not taken; use RSA with 2048 to 8192 bits, P-256 or Ed25519")
	}
	return Trust{one: m}, nil
}

func parsePublic(block *pem.Block) (any, error) {
	if block.Type == "RSA PUBLIC KEY" {
		return x509.ParsePKCS1PublicKey(block.Bytes)
	}
	return x509.ParsePKIXPublicKey(block.Bytes)
}

// Bounds of an RSA key, in bits: below the least it is weak (RFC 7518, 3.3), above the most a check takes too long.
const (
	minRSA = 2048
	maxRSA = 8192
)

// fitting is the one algorithm that a public key serves; false when it serves none of ours.
func fitting(public any) (material, bool) {
	switch key := public.(type) {
	case *rsa.PublicKey:
		bits := key.N.BitLen()
		return material{rs256, key}, minRSA <= bits && bits <= maxRSA
	case *ecdsa.PublicKey:
		return material{es256, key}, key.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return material{eddsa, key}, true
	}
	return material{}, false
}
