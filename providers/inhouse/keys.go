package inhouse

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"sync"

	"github.com/otpgate/otpgate/providers"
)

// minKeySize is the shortest key, in bytes: as much as HMAC-SHA256 can make use of.
const minKeySize = 32

// keyring holds the keys by id. New codes are made with the first; a code stays checkable as long as its key is here.
type keyring struct {
	first string
	keys  map[string]*codeKey
}

// codeKey is a key, in HMACs that have it in them already: to put it into a new one costs as much as to make a code.
type codeKey struct{ macs sync.Pool }

func newCodeKey(key providers.Secret) *codeKey {
	return &codeKey{sync.Pool{New: func() any { return hmac.New(sha256.New, []byte(key.Reveal())) }}}
}

// code derives the code of r.
func (k *codeKey) code(r recipe) providers.Secret {
	mac := k.macs.Get().(hash.Hash) //nolint:forcetypeassert // nothing else is put there
	defer k.macs.Put(mac)
	return r.derive(mac)
}

func newKeyring(keys []providers.CodeKey) (keyring, error) {
	if len(keys) == 0 {
		return keyring{}, errors.New("the in-house generator needs a key: add one to code_keys")
	}
	ring := keyring{first: keys[0].ID, keys: make(map[string]*codeKey, len(keys))}
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
		ring.keys[k.ID] = newCodeKey(k.Key)
	}
	return ring, nil
}

// code derives the code of r, unless its key is gone.
func (k keyring) code(r recipe) (providers.Secret, bool) {
	key, ok := k.keys[r.keyID]
	if !ok {
		return providers.Secret{}, false
	}
	return key.code(r), true
}
