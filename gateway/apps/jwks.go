package apps

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/goccy/go-json/v2"
)

// jwk is a key of a set, as far as we read it (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).
type jwk struct {
	Type       string   `json:"kty"`
	ID         string   `json:"kid"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Algorithm  string   `json:"alg"`

	Curve    string `json:"crv"`
	X        string `json:"x"`
	Y        string `json:"y"`
	Modulus  string `json:"n"`
	Exponent string `json:"e"`

	Private   any `json:"d"` // must not be there
	Symmetric any `json:"k"` // must not be there
}

// TrustKeySet trusts tokens that were signed with the private half of a key in a JWK Set (RFC 7517); the `kid` of a
// token picks the key. Keys for encryption, of other sorts or without an id are passed over, as the RFC asks
// (section 5). A set that holds a secret is refused: it lies where it should not.
func TrustKeySet(text []byte) (Trust, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if json.Unmarshal(text, &set) != nil { // the error could quote a key
		return Trust{}, errors.New(`this is no JWK Set; write a file with {"keys": [{"kty": …, "kid": …}]}`)
	}
	keys := make(map[string]material, len(set.Keys))
	for _, k := range set.Keys {
		if k.Private != nil || k.Symmetric != nil {
			return Trust{}, errors.New("the set holds a private or symmetric key; write public keys alone")
		}
		m, ok := k.material()
		if !ok {
			continue
		}
		if _, doubled := keys[k.ID]; doubled {
			return Trust{}, fmt.Errorf("two keys of the set have the kid %.64q; give each its own", k.ID)
		}
		keys[k.ID] = m
	}
	if len(keys) == 0 {
		return Trust{}, errors.New("the set holds no key for signatures with a kid; " +
			"write RSA with 2048 to 8192 bits, P-256 or Ed25519")
	}
	return Trust{set: keys}, nil
}

// material is the key, if it is one that may check our tokens.
func (k jwk) material() (material, bool) {
	forSignatures := (k.Use == "" || k.Use == "sig") &&
		(k.Operations == nil || slices.Contains(k.Operations, "verify"))
	if k.ID == "" || !forSignatures {
		return material{}, false
	}
	m, ok := fitting(k.public())
	return m, ok && (k.Algorithm == "" || k.Algorithm == m.algorithm)
}

// public is the key itself; nil when it is of another sort, or is none.
func (k jwk) public() any {
	switch {
	case k.Type == "RSA":
		n, e := number(k.Modulus), number(k.Exponent)
		if n == nil || e == nil || n.Bit(0) == 0 || e.Bit(0) == 0 || e.BitLen() < 2 || e.BitLen() > 31 {
			return nil
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}
	case k.Type == "EC" && k.Curve == "P-256":
		point := slices.Concat([]byte{4}, octets(k.X), octets(k.Y)) // SEC 1, 2.3.3
		if len(octets(k.X)) != 32 {
			return nil
		}
		if key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point); err == nil {
			return key
		}
	case k.Type == "OKP" && k.Curve == "Ed25519":
		if x := octets(k.X); len(x) == ed25519.PublicKeySize {
			return ed25519.PublicKey(x)
		}
	}
	return nil
}

// octets decodes base64url without padding; nil when it is none.
func octets(text string) []byte {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil
	}
	return raw
}

func number(text string) *big.Int {
	raw := octets(text)
	if len(raw) == 0 {
		return nil
	}
	return new(big.Int).SetBytes(raw)
}
