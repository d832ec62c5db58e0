package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-json/v2"
)

// chaosLength is the length of codes where a provider lets one choose: long enough not to come up by chance.
const chaosLength = 8

// canaries are what must be seen nowhere: codes that were delivered or entered, and credentials.
type canaries struct {
	mu    sync.Mutex
	codes map[string]bool
	words *regexp.Regexp // digits that could be a code
	coded *regexp.Regexp // texts that could be base64
}

func newCanaries() *canaries {
	return &canaries{
		codes: map[string]bool{},
		words: regexp.MustCompile(`[0-9A-Za-z]+`),
		coded: regexp.MustCompile(`[0-9A-Za-z+/_-]{16,}`),
	}
}

func (c *canaries) add(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.codes[code] = true
}

// inText finds the codes of length least or more that stand in text as whole words, and those too long to be there by
// chance also inside of base64.
func (c *canaries) inText(text []byte, least int) (found []string) {
	look := func(text []byte, least int) {
		for _, word := range c.words.FindAll(text, -1) {
			if len(word) >= least && c.codes[string(word)] {
				found = append(found, string(word))
			}
		}
	}
	look(text, least)
	standard := strings.NewReplacer("-", "+", "_", "/") // from the alphabet of URLs
	for _, word := range c.coded.FindAll(text, -1) {
		if plain, err := base64.RawStdEncoding.DecodeString(standard.Replace(string(word))); err == nil {
			look(plain, chaosLength)
		}
	}
	return found
}

// credentialsIn finds the credentials in text, plain or within base64, as Basic authentication writes them.
func credentialsIn(text []byte) (found []string) {
	for _, secret := range credentials() {
		if slices.ContainsFunc(forms(secret), func(form string) bool { return bytes.Contains(text, []byte(form)) }) {
			found = append(found, secret)
		}
	}
	return found
}

// forms are a secret as it is, and the inner characters of its base64 behind a text of any length.
func forms(secret string) []string {
	all := []string{secret}
	for before, shared := range []int{0, 2, 3} { // characters that hold bits of what stands before
		coded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + secret))
		all = append(all, coded[shared:len(coded)-1])
	}
	return all
}

// ownWords are numbers of four digits that the twin of Hubtel says itself, and that a code may be by chance.
func ownWords() []string { return []string{"0000", "2001", "4000", "4002", "4029", "5000"} }

// inLog finds codes of four digits and more in a line of a log, but for the members that hold times and addresses.
func (c *canaries) inLog(l []byte) []string {
	var members map[string]any
	if json.Unmarshal(l, &members) != nil {
		return c.inText(l, 4) // such as the trace of a crash
	}
	for _, name := range []string{"time", "took_ms", "peer", "address"} {
		delete(members, name)
	}
	var found []string
	for _, code := range c.inText([]byte(fmt.Sprint(members)), 4) {
		if !slices.Contains(ownWords(), code) {
			found = append(found, code)
		}
	}
	return found
}

// What must not be found.
const (
	inLog      = "lines of the log with a code or a credential"
	inDatabase = "codes or credentials in the database"
	panicked   = "panics in the log"
)

// search looks for canaries in all that the gateway has written.
func (c *chaos) search() error {
	for _, m := range c.inbox.Messages("", "") {
		c.seen.add(codeIn(m.Text))
	}
	delete(c.seen.codes, "")
	found := newTally()
	lines := c.searchLog(found)
	size, err := c.searchDatabase(found)
	c.say("searched for %d codes: %d lines of log, %d KiB of database", len(c.seen.codes), lines, size>>10)
	for _, name := range []string{inLog, panicked, inDatabase} {
		c.none(found, name)
	}
	return err
}

// searchLog returns the number of its lines.
func (c *chaos) searchLog(found *tally) (lines int) {
	log := &journal{file: c.p.log.file} // from its beginning
	log.read(func(l line) {
		lines++
		if words := append(c.seen.inLog(l.raw), credentialsIn(l.raw)...); len(words) > 0 {
			found.add(inLog, fmt.Sprint(words, " in ", string(l.raw)))
		}
		if bytes.Contains(l.raw, []byte("panic")) || bytes.Contains(l.raw, []byte("goroutine ")) {
			found.add(panicked, string(l.raw))
		}
	})
	return lines
}

// searchDatabase returns the size of its files. Codes of four digits stand in any of that size by chance.
func (c *chaos) searchDatabase(found *tally) (size int, err error) {
	files, err := filepath.Glob(filepath.Join(c.p.folder, "otpgate.db*"))
	if err != nil {
		return 0, err
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return 0, err
		}
		size += len(text)
		for _, word := range append(c.seen.inText(text, chaosLength), credentialsIn(text)...) {
			found.add(inDatabase, word)
		}
	}
	return size, nil
}
