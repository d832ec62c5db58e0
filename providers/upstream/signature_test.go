package upstream_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// The test vectors are case 2 of RFC 4231, section 4.3.
func TestSigned(t *testing.T) {
	t.Parallel()
	const (
		body  = "what do ya want for nothing?"
		by256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
		by512 = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554" +
			"9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
	)
	for name, test := range map[string]struct {
		hash           func() hash.Hash
		key, body, sum string
		want           bool
	}{
		"sha256":             {sha256.New, "Jefe", body, by256, true},
		"sha512":             {sha512.New, "Jefe", body, by512, true},
		"capital digits":     {sha256.New, "Jefe", body, strings.ToUpper(by256), true},
		"of another hash":    {sha512.New, "Jefe", body, by256, false},
		"another key":        {sha256.New, "Jefg", body, by256, false},
		"another body":       {sha256.New, "Jefe", body + " ", by256, false},
		"cut short":          {sha256.New, "Jefe", body, by256[:62], false},
		"too long":           {sha256.New, "Jefe", body, by256 + "00", false},
		"half a digit":       {sha256.New, "Jefe", body, by256[:63], false},
		"no hex":             {sha256.New, "Jefe", body, strings.Repeat("zz", 32), false},
		"none":               {sha256.New, "Jefe", body, "", false},
		"with the empty key": {sha256.New, "", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", false},
	} {
		if got := upstream.Signed(test.hash, providers.NewSecret(test.key), []byte(test.body), test.sum); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
