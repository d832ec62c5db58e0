package main

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers"
)

type keysCommand struct {
	New    keysNew    `cmd:"" help:"Make a key for an app; prints the secret once, and the YAML to paste."`
	List   keysList   `cmd:"" help:"List the keys in a configuration file: what they may do, when and where."`
	Rotate keysRotate `cmd:"" help:"Make another secret for a key, so that it can be changed without an outage."`
}

type keysNew struct {
	ID       string         `arg:"" help:"Public part of the key, such as shop-key."`
	Scopes   []string       `default:"send,verify,read" enum:"send,verify,read,admin" help:"What the key may do: ${enum}."`
	Networks []netip.Prefix `placeholder:"CIDR" help:"Networks that it is good in, such as 10.0.0.0/8; none: everywhere."`
}

// Run makes a key. The secret is printed and kept nowhere.
func (c keysNew) Run(world *surroundings) error {
	if err := config.CheckName(c.ID); err != nil {
		return fmt.Errorf("the id cannot be %q: %w", c.ID, err)
	}
	networks := ""
	if len(c.Networks) > 0 {
		quoted := listed(c.Networks, func(n netip.Prefix) string { return `"` + n.Masked().String() + `"` })
		networks = ", networks: [" + quoted + "]"
	}
	secret, hash := newSecret()
	_, err := fmt.Fprintf(world.out, `Give these to the application; the secret is shown this once:

  X-API-Key:    %s
  X-API-Secret: %s

Paste this below apps.<app>.keys in config.yaml:

  - {id: %s, secret_sha256: "%s", scopes: [%s]%s}
`, c.ID, secret, c.ID, hash, strings.Join(c.Scopes, ", "), networks)
	return err
}

type keysRotate struct {
	configFile
	ID   string        `arg:"" help:"Public part of the key."`
	Keep time.Duration `default:"24h" help:"How long the secrets that there are stay good."`
}

// Run makes another secret for a key that the file has, and prints the secrets that it should have: the new one from
// now on, and beside it for a while those that are good now.
func (c keysRotate) Run(world *surroundings) error {
	loaded, err := c.load(world)
	if err != nil {
		return err
	}
	key, err := keyOf(loaded, c.ID)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", c.Config, err)
	case c.Keep < 0:
		return errors.New("--keep cannot be less than nothing")
	case len(key.All()) == 0:
		return fmt.Errorf("the key %s has no secret to change: it is known by its tokens alone (%s)", c.ID, tokens(key))
	}
	now := time.Now().UTC().Truncate(time.Second)
	secret, hash := newSecret()
	list := pasted(config.KeySecret{SHA256: providers.NewSecret(hash), NotBefore: now})
	for _, old := range key.All() {
		if rest, good := fading(old, now, now.Add(c.Keep)); good {
			list += pasted(rest)
		}
	}
	_, err = fmt.Fprintf(world.out, `Give this to the application; it is shown this once:

  X-API-Secret: %s

In config.yaml, put this in the place of secret_sha256 and secrets of the key %s. Those that are good now stay
so until %s at most:

  secrets:
%s`, secret, c.ID, now.Add(c.Keep).Format(time.RFC3339), list)
	return err
}

// keyOf finds a key by its id.
func keyOf(loaded *config.Config, id string) (config.Key, error) {
	for _, app := range loaded.Apps {
		for _, key := range app.Keys {
			if key.ID == id {
				return key, nil
			}
		}
	}
	return config.Key{}, fmt.Errorf("no app has the key %s; `otpgate keys list` shows those that are there", id)
}

// fading is a secret that another one takes the place of: it ends at last, or before that when it says so. One that has
// not begun stays as it is; one that has ended is dropped.
func fading(s config.KeySecret, now, last time.Time) (config.KeySecret, bool) {
	switch {
	case !s.NotAfter.IsZero() && !s.NotAfter.After(now):
		return s, false
	case s.NotBefore.After(now):
	case s.NotAfter.IsZero() || s.NotAfter.After(last):
		s.NotAfter = last
	}
	return s, true
}

// pasted is a secret as a line of the file.
func pasted(s config.KeySecret) string {
	line := fmt.Sprintf("    - {sha256: %q", s.SHA256.Reveal())
	if !s.NotBefore.IsZero() {
		line += fmt.Sprintf(", not_before: %q", s.NotBefore.UTC().Format(time.RFC3339))
	}
	if !s.NotAfter.IsZero() {
		line += fmt.Sprintf(", not_after: %q", s.NotAfter.UTC().Format(time.RFC3339))
	}
	return line + "}\n"
}

type keysList struct{ configFile }

// Run lists the keys of all apps; never a secret or its hash.
func (c keysList) Run(world *surroundings) error {
	loaded, err := c.load(world)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(world.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "APP\tKEY\tSCOPES\tSECRETS\tTOKENS\tNETWORKS") // its errors come with Flush
	now := time.Now()
	for _, id := range slices.Sorted(maps.Keys(loaded.Apps)) {
		for _, key := range loaded.Apps[id].Keys {
			secrets := listed(key.All(), func(s config.KeySecret) string { return validity(s, now) })
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", id, key.ID, strings.Join(key.Scopes, ", "),
				cmp.Or(secrets, "none"), tokens(key), cmp.Or(strings.Join(key.Networks, ", "), "all"))
		}
	}
	return table.Flush()
}

// validity says from when to when a secret is good.
func validity(s config.KeySecret, now time.Time) string {
	from, until := s.NotBefore.UTC().Format(time.RFC3339), s.NotAfter.UTC().Format(time.RFC3339)
	var parts []string
	switch {
	case !s.NotAfter.IsZero() && !now.Before(s.NotAfter):
		return "ended " + until
	case now.Before(s.NotBefore):
		parts = append(parts, "from "+from)
	}
	if !s.NotAfter.IsZero() {
		parts = append(parts, "until "+until)
	}
	return cmp.Or(strings.Join(parts, " "), "always")
}

// tokens says which JSON Web Tokens a key takes.
func tokens(key config.Key) string {
	trust, _ := key.JWT.Trust() // was checked when the file was loaded
	if trust.Empty() {
		return "none"
	}
	if trust.Audience != "" {
		return trust.Kind() + " for " + trust.Audience
	}
	return trust.Kind()
}

// listed writes items one after the other.
func listed[T any](items []T, write func(T) string) string {
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = write(item)
	}
	return strings.Join(words, ", ")
}

// newSecret makes 32 random bytes to give away, and the hash to keep. So long a secret needs no slow hash.
func newSecret() (secret, hash string) {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the program first
	secret = base64.RawURLEncoding.EncodeToString(raw[:])
	sum := sha256.Sum256([]byte(secret))
	return secret, hex.EncodeToString(sum[:])
}
