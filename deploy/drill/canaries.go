package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
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
	words alphabet // of which a code could be one
	coded alphabet // of texts that could be base64
}

func newCanaries() *canaries {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	return &canaries{codes: map[string]bool{}, words: newAlphabet(letters), coded: newAlphabet(letters + "+/_-")}
}

// alphabet is a set of bytes.
type alphabet [256]bool

func newAlphabet(of string) (a alphabet) {
	for _, b := range []byte(of) {
		a[b] = true
	}
	return a
}

// runs passes on the words of least bytes or more that text has in this alphabet. Files of a store are too large for
// regular expressions.
func (a *alphabet) runs(text []byte, least int, see func(word []byte)) {
	from := 0
	for at, b := range text {
		if a[b] {
			continue
		}
		if at-from >= least {
			see(text[from:at])
		}
		from = at + 1
	}
	if len(text)-from >= least {
		see(text[from:])
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
	see := func(word []byte) {
		if c.codes[string(word)] {
			found = append(found, string(word))
		}
	}
	c.words.runs(text, least, see)
	const shortest = 16 // base64 of such a code and a little more
	c.coded.runs(text, shortest, func(word []byte) {
		c.words.runs(decoded(word), chaosLength, see)
	})
	return found
}

// decoded is what base64 says in either of its alphabets; what is none comes out as far as it is.
func decoded(word []byte) []byte {
	encoding := base64.RawStdEncoding
	if bytes.ContainsAny(word, "-_") {
		encoding = base64.RawURLEncoding
	}
	plain := make([]byte, encoding.DecodedLen(len(word)))
	n, _ := encoding.Decode(plain, word) // the beginning is worth a look
	return plain[:n]
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
	for _, name := range []string{"time", "took_ms", "peer", "address", "console"} {
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
