package inhouse

import (
	"encoding/binary"
	"errors"

	"github.com/otpgate/otpgate/providers"
)

// stateVersion is the first byte of [providers.Handle.State]:
//
//	version, alphabet, length: one byte each · generation: four bytes, big-endian · salt: 16 bytes
//	key id, reference: each one byte for the size and the text itself
//
// None of it is secret without the key.
const stateVersion = 1

const fixedSize = 3 + 4 + saltSize

// maxText is the longest key id or reference, in bytes.
const maxText = 255

var errState = errors.New("the handle was not made by this version of the in-house generator")

func alphabetByte(a providers.Alphabet) byte {
	switch a {
	case providers.Numeric:
		return 1
	case providers.Alphabetic:
		return 2
	case providers.Alphanumeric:
		return 3
	default:
		return 0
	}
}

func alphabetOf(b byte) providers.Alphabet {
	for _, a := range providers.Alphabets() {
		if alphabetByte(a) == b {
			return a
		}
	}
	return ""
}

// encode writes the recipe as a handle's state. Key id and reference have at most [maxText] bytes.
func (r recipe) encode() []byte {
	b := make([]byte, 0, fixedSize+2+len(r.keyID)+len(r.reference))
	b = append(b, stateVersion, alphabetByte(r.alphabet), byte(r.length))
	b = binary.BigEndian.AppendUint32(b, r.generation)
	b = append(b, r.salt[:]...)
	b = append(append(b, byte(len(r.keyID))), r.keyID...)
	return append(append(b, byte(len(r.reference))), r.reference...)
}

// decode reads a handle's state. It accepts exactly what encode writes.
func decode(state []byte) (recipe, error) {
	if len(state) < fixedSize || state[0] != stateVersion {
		return recipe{}, errState
	}
	r := recipe{
		alphabet:   alphabetOf(state[1]),
		length:     int(state[2]),
		generation: binary.BigEndian.Uint32(state[3:]),
		salt:       [saltSize]byte(state[7:fixedSize]),
	}
	keyID, rest, ok := cutText(state[fixedSize:])
	reference, rest, okToo := cutText(rest)
	if !ok || !okToo || len(rest) != 0 || r.alphabet == "" || r.length < minLength || r.length > maxLength {
		return recipe{}, errState
	}
	r.keyID, r.reference = keyID, reference
	return r, nil
}

func cutText(b []byte) (text string, rest []byte, ok bool) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return "", nil, false
	}
	end := 1 + int(b[0])
	return string(b[1:end]), b[end:], true
}
