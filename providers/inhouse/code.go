package inhouse

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/otpgate/otpgate/providers"
)

// The shortest and the longest code, in characters.
const (
	minLength = 4
	maxLength = 10
)

const saltSize = 16

// domain keeps the derivation apart from every other use of the same key. Its number changes when the derivation does;
// live codes are lost then.
const domain = "otpgate code 1\x00"

// recipe is all that it takes, beside the key itself, to make a code again. It is what a handle keeps.
type recipe struct {
	keyID      string
	reference  string
	salt       [saltSize]byte
	generation uint32 // counts the codes of one salt, from 0; a resend keeps it
	alphabet   providers.Alphabet
	length     int
}

// newRecipe draws a salt of its own for every code, so that two sends of one verification have unrelated codes.
func newRecipe(keyID, reference string, g providers.Granted) recipe {
	r := recipe{keyID: keyID, reference: reference, alphabet: g.Alphabet, length: g.Length}
	_, _ = rand.Read(r.salt[:]) // never fails: the program ends if the system has no randomness
	return r
}

// characters are those that codes of an alphabet are made of, in upper case. Letters leave out the vowels and Y, so
// that no code spells a word, and L, which in lower case is a 1. Together with digits they also leave out 0 and 1 and
// the letters B, G, S and Z, which are taken for 8, 6, 5 and 2.
func characters(a providers.Alphabet) string {
	switch a {
	case providers.Numeric:
		return "0123456789"
	case providers.Alphabetic:
		return "BCDFGHJKMNPQRSTVWXZ"
	case providers.Alphanumeric:
		return "23456789CDFHJKMNPQRTVWX"
	default:
		return ""
	}
}

// derive makes the code: HMAC-SHA256 over the recipe and a block number gives a stream of bytes, each of which picks a
// character. Bytes past the last whole multiple of the alphabet's size are dropped, so that every code is equally
// likely. mac is an HMAC-SHA256 with the key; what was written to it before does not matter.
func (r recipe) derive(mac hash.Hash) providers.Secret {
	set := characters(r.alphabet)
	limit := 256 / len(set) * len(set)
	input := r.input()
	code := make([]byte, 0, r.length)
	var sum [sha256.Size]byte
	for block := uint32(0); len(code) < r.length; block++ {
		mac.Reset()
		mac.Write(binary.BigEndian.AppendUint32(input, block))
		for _, b := range mac.Sum(sum[:0]) {
			if int(b) < limit && len(code) < r.length {
				code = append(code, set[int(b)%len(set)])
			}
		}
	}
	return providers.NewSecret(string(code))
}

// input is unambiguous: everything in it has a fixed size but the reference, whose size goes before it.
func (r recipe) input() []byte {
	b := make([]byte, 0, len(domain)+1+len(r.reference)+saltSize+4+1+1+4)
	b = append(b, domain...)
	b = append(b, byte(len(r.reference)))
	b = append(b, r.reference...)
	b = append(b, r.salt[:]...)
	b = binary.BigEndian.AppendUint32(b, r.generation)
	return append(b, alphabetByte(r.alphabet), byte(r.length))
}

// normal is how a guess is compared: letters in upper case and nothing else changed. Only ASCII letters are touched;
// Unicode has others whose upper case is an ASCII letter.
func normal(guess providers.Secret) providers.Secret {
	b := []byte(guess.Reveal())
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return providers.NewSecret(string(b))
}
