package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

type keysCommand struct {
	New    keysNew    `cmd:"" help:"Make a key for an app; prints the secret once, and the YAML to paste."`
	List   keysList   `cmd:"" help:"List the keys in a configuration file."`
	Rotate keysRotate `cmd:"" help:"Make a second secret for a key, so that it can be changed without an outage."`
}

type keysNew struct {
	ID     string   `arg:"" help:"Public part of the key, such as shop-key."`
	Scopes []string `default:"send,verify,read" help:"What the key may do."`
}

// Run makes a key. The secret is printed and kept nowhere.
func (c keysNew) Run(world *surroundings) error {
	secret, hash := newSecret()
	_, err := fmt.Fprintf(world.out, `Give these to the application; the secret is shown this once:

  X-API-Key:    %s
  X-API-Secret: %s

Paste this below apps.<app>.keys in config.yaml:

  - {id: %s, secret_sha256: "%s", scopes: [%s]}
`, c.ID, secret, c.ID, hash, strings.Join(c.Scopes, ", "))
	return err
}

type keysRotate struct {
	configFile
	ID   string        `arg:"" help:"Public part of the key."`
	Keep time.Duration `default:"24h" help:"How long the old secret stays good."`
}

// Run makes a second secret for a key that the file has.
func (c keysRotate) Run(world *surroundings) error {
	loaded, err := c.load(world)
	if err != nil {
		return err
	}
	for _, app := range loaded.Apps {
		for _, key := range app.Keys {
			if key.ID != c.ID {
				continue
			}
			secret, hash := newSecret()
			_, err := fmt.Fprintf(world.out, `Give this to the application; it is shown this once:

  X-API-Secret: %s

In config.yaml, put this in the place of secret_sha256 of the key %s, with the old value where the dots are:

  secrets:
    - {sha256: "%s"}
    - {sha256: "…", not_after: %s}
`, secret, c.ID, hash, time.Now().Add(c.Keep).UTC().Format(time.RFC3339))
			return err
		}
	}
	return fmt.Errorf("no app in %s has the key %s; `otpgate keys list` shows those that are there", c.Config, c.ID)
}

type keysList struct{ configFile }

// Run lists apps, keys and scopes; never a secret or its hash.
func (c keysList) Run(world *surroundings) error {
	loaded, err := c.load(world)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(loaded.Apps)) {
		for _, key := range loaded.Apps[id].Keys {
			_, err := fmt.Fprintf(world.out, "%-20s %-24s %s\n", id, key.ID, strings.Join(key.Scopes, ","))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// newSecret makes 32 random bytes to give away, and the hash to keep. So long a secret needs no slow hash.
func newSecret() (secret, hash string) {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the program first
	secret = base64.RawURLEncoding.EncodeToString(raw[:])
	sum := sha256.Sum256([]byte(secret))
	return secret, hex.EncodeToString(sum[:])
}
