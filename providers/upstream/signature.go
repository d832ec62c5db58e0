package upstream

import (
	"crypto/hmac"
	"encoding/hex"
	"hash"

	"github.com/otpgate/otpgate/providers"
)

// Signed tells whether signature is the HMAC of body with key, in hex digits of either case. newHash is that of the
// upstream, such as [crypto/sha256.New]. An empty key signs nothing. How long a wrong signature takes tells nothing
// about the right one.
func Signed(newHash func() hash.Hash, key providers.Secret, body []byte, signature string) bool {
	got, err := hex.DecodeString(signature)
	if err != nil || key.Empty() {
		return false
	}
	mac := hmac.New(newHash, []byte(key.Reveal()))
	mac.Write(body)
	return hmac.Equal(got, mac.Sum(nil))
}
