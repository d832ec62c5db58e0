package apps

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Key is one way for an app to prove who it is, by secrets, by tokens or by both. The secrets themselves are known to
// the app alone.
type Key struct {
	ID       string // public; holds no colon, which parts it from the secret
	App      *App
	Secrets  []SecretHash // any of them will do, so that a key can be rotated without an outage
	Trust    Trust        // what its tokens are checked with
	Scopes   []Scope
	Networks []netip.Prefix // that it is good in; empty: everywhere
}

// SecretHash is the SHA-256 of a secret. Secrets are long and random, so a fast hash hides them as well as a slow one.
type SecretHash struct {
	SHA256    [sha256.Size]byte
	NotBefore time.Time // zero: always
	NotAfter  time.Time // the first instant at which it is worth nothing; zero: never
}

// Visit is where and when somebody shows a key.
type Visit struct {
	From netip.Addr // invalid: not known, which no network holds
	At   time.Time
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
	nobody entry          // compared with in place of an unknown key
	decoys map[string]any // by algorithm: what tokens are checked with that name no key
}

// entry is a key with its secrets padded to the number that the richest key has: a check does the same work for all.
type entry struct {
	identity Identity
	secrets  []SecretHash
	trust    Trust
	networks []netip.Prefix
}

// NewKeyring makes a keyring, or reports everything that is wrong with keys.
func NewKeyring(keys []Key) (*Keyring, error) {
	width := 1
	for _, k := range keys {
		width = max(width, len(k.Secrets))
	}
	decoys, err := newDecoys()
	if err != nil {
		return nil, err
	}
	ring := &Keyring{
		keys: make(map[string]entry, len(keys)), nobody: entry{secrets: make([]SecretHash, width)}, decoys: decoys,
	}
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
			trust:    k.Trust,
			networks: slices.Clone(k.Networks),
		}
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
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
	if len(k.Secrets) == 0 && k.Trust.Empty() {
		mistakes = append(mistakes, fmt.Errorf("key %q has no secret, and trusts no token", k.ID))
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

// Authenticate tells who holds the key id with secret. An unknown key takes as long as a wrong secret, and the time of
// neither tells anything about a secret.
func (r *Keyring) Authenticate(id, secret string, v Visit) (Identity, bool) {
	sum := sha256.Sum256([]byte(secret))
	key, known := r.keys[id]
	if !known {
		key = r.nobody
	}
	match := 0
	for i := range key.secrets {
		match |= subtle.ConstantTimeCompare(sum[:], key.secrets[i].SHA256[:]) & key.secrets[i].inForce(v.At)
	}
	if !known || match == 0 || !key.admits(v.From) {
		return Identity{}, false
	}
	return key.identity, true
}

// admits tells whether the key is good at an address.
func (e entry) admits(from netip.Addr) bool {
	return len(e.networks) == 0 || slices.ContainsFunc(e.networks, func(n netip.Prefix) bool { return n.Contains(from) })
}

// inForce is 1 when s counts at now, else 0.
func (s SecretHash) inForce(now time.Time) int {
	if now.Before(s.NotBefore) || !s.NotAfter.IsZero() && !now.Before(s.NotAfter) {
		return 0
	}
	return 1
}
