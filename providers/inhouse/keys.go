package inhouse

import (
	"errors"
	"fmt"

	"github.com/otpgate/otpgate/providers"
)

// minKeySize is the shortest key, in bytes: as much as HMAC-SHA256 can make use of.
const minKeySize = 32

// keyring holds the keys by id. New codes are made with the first; a code stays checkable as long as its key is here.
type keyring struct {
	first string
	keys  map[string]providers.Secret
}

func newKeyring(keys []providers.CodeKey) (keyring, error) {
	if len(keys) == 0 {
		return keyring{}, errors.New("the in-house generator needs a key: add one to code_keys")
	}
	ring := keyring{first: keys[0].ID, keys: make(map[string]providers.Secret, len(keys))}
	for i, k := range keys {
		_, twice := ring.keys[k.ID]
		switch {
		case k.ID == "" || len(k.ID) > maxText:
			return keyring{}, fmt.Errorf("code_keys[%d]: the id must have 1 to %d bytes", i, maxText)
		case twice:
			return keyring{}, fmt.Errorf("code_keys[%d]: the id %q is taken by an earlier key", i, k.ID)
		case len(k.Key.Reveal()) < minKeySize:
			return keyring{}, fmt.Errorf("code_keys[%d]: the key must have at least %d bytes", i, minKeySize)
		}
		ring.keys[k.ID] = k.Key
	}
	return ring, nil
}

// code derives the code of r, unless its key is gone.
func (k keyring) code(r recipe) (providers.Secret, bool) {
	key, ok := k.keys[r.keyID]
	if !ok {
		return providers.Secret{}, false
	}
	return r.derive(key), true
}
