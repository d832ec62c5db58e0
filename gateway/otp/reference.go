package otp

import (
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// Reference is the gateway's own id of a verification: a lower-case ULID, whose random part nobody can guess.
type Reference string

// NewReference makes a reference for a verification that begins at now.
func NewReference(now time.Time) Reference { return Reference(newID(now)) }

// ParseReference refuses what [NewReference] cannot have made.
func ParseReference(s string) (Reference, error) {
	if len(s) != ulid.EncodedSize || strings.ToLower(s) != s {
		return "", errReference
	}
	if _, err := ulid.ParseStrict(strings.ToUpper(s)); err != nil {
		return "", errReference
	}
	return Reference(s), nil
}

var errReference = errors.New("not a reference: it is 26 characters of lower-case base 32, as send returned it")

func newID(now time.Time) string {
	return strings.ToLower(ulid.MustNew(ulid.Timestamp(now), rand.Reader).String())
}
