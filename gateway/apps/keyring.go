package apps

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Key is one way for an app to prove who it is. The secret itself is known to the app alone.
type Key struct {
	ID      string // public; holds no colon, which parts it from the secret
	App     *App
	Secrets []SecretHash // any of them will do, so that a key can be rotated without an outage
	Scopes  []Scope
}

// SecretHash is the SHA-256 of a secret. Secrets are long and random, so a fast hash hides them as well as a slow one.
type SecretHash struct {
	SHA256    [sha256.Size]byte
	NotBefore time.Time // zero: always
	NotAfter  time.Time // the first instant at which it is worth nothing; zero: never
}

// Identity is who makes a request, and what the key allows.
type Identity struct {
	App    *App
	KeyID  string
	scopes []Scope
}

// May tells whether the key has scope. The scope admin implies all others.
func (i Identity) May(scope Scope) bool {
	return slices.Contains(i.scopes, scope) || slices.Contains(i.scopes, ScopeAdmin)
}

// Keyring holds the keys of every app. It is never changed after it was built.
type Keyring struct {
	keys   map[string]entry
	nobody entry // compared with in place of an unknown key
}

// entry is a key with its secrets padded to the number that the richest key has: a check does the same work for all.
type entry struct {
	identity Identity
	secrets  []SecretHash
}

// NewKeyring makes a keyring, or reports everything that is wrong with keys.
func NewKeyring(keys []Key) (*Keyring, error) {
	width := 1
	for _, k := range keys {
		width = max(width, len(k.Secrets))
	}
	ring := &Keyring{keys: make(map[string]entry, len(keys)), nobody: entry{secrets: make([]SecretHash, width)}}
	var mistakes []error
	for _, k := range keys {
		if err := k.check(); err != nil {
			mistakes = append(mistakes, err)
		}
		if _, doubled := ring.keys[k.ID]; doubled {
			mistakes = append(mistakes, fmt.Errorf("key %q stands twice; a key names one app", k.ID))
		}
		secrets := make([]SecretHash, width)
		copy(secrets, k.Secrets)
		ring.keys[strings.Clone(k.ID)] = entry{
			identity: Identity{App: k.App, KeyID: k.ID, scopes: slices.Clone(k.Scopes)},
			secrets:  secrets,
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return ring, nil
}

func (k Key) check() error {
	var mistakes []error
	if k.ID == "" || strings.ContainsFunc(k.ID, func(r rune) bool { return r == ':' || r <= ' ' || r > '~' }) {
		mistakes = append(mistakes, fmt.Errorf("key %q: the id must be visible ASCII characters without a colon", k.ID))
	}
	if k.App == nil {
		mistakes = append(mistakes, fmt.Errorf("key %q belongs to no app", k.ID))
	}
	if len(k.Secrets) == 0 {
		mistakes = append(mistakes, fmt.Errorf("key %q has no secret", k.ID))
	}
	for _, s := range k.Secrets {
		if s.SHA256 == [sha256.Size]byte{} {
			mistakes = append(mistakes, fmt.Errorf("key %q has an empty secret hash", k.ID))
		}
	}
	if len(k.Scopes) == 0 {
		mistakes = append(mistakes, fmt.Errorf("key %q has no scope", k.ID))
	}
	for _, s := range k.Scopes {
		if !s.Known() {
			mistakes = append(mistakes, fmt.Errorf("key %q has the scope %q; there are %v", k.ID, s, Scopes()))
		}
	}
	return errors.Join(mistakes...)
}

// Authenticate tells who holds the key id with secret at now. An unknown key takes as long as a wrong secret, and the
// time of neither tells anything about a secret.
func (r *Keyring) Authenticate(id, secret string, now time.Time) (Identity, bool) {
	sum := sha256.Sum256([]byte(secret))
	key, known := r.keys[id]
	if !known {
		key = r.nobody
	}
	match := 0
	for i := range key.secrets {
		match |= subtle.ConstantTimeCompare(sum[:], key.secrets[i].SHA256[:]) & key.secrets[i].inForce(now)
	}
	if !known || match == 0 {
		return Identity{}, false
	}
	return key.identity, true
}

// inForce is 1 when s counts at now, else 0.
func (s SecretHash) inForce(now time.Time) int {
	if now.Before(s.NotBefore) || !s.NotAfter.IsZero() && !now.Before(s.NotAfter) {
		return 0
	}
	return 1
}
