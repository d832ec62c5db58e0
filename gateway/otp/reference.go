package otp

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/otpgate/otpgate/providers"
)

// Reference is the gateway's own id of a verification: a lower-case ULID, whose random part nobody can guess. Its last
// byte is the shard of the person, so that a store which is divided finds a verification and the limits of its person
// in one place (docs/adr/0012).
type Reference string

// NewReference makes a reference for a verification of whoever reads messages at to, which begins at now. 72 of its bits
// are random.
func NewReference(now time.Time, to providers.Recipient) Reference {
	id := newULID(now)
	id[len(id)-1] = ShardOf(PersonOf(to))
	return Reference(lowerCase(id))
}

// ParseReference refuses what [NewReference] cannot have made.
func ParseReference(s string) (Reference, error) {
	if len(s) != ulid.EncodedSize || strings.ToLower(s) != s {
		return "", errReference
	}
	if _, err := ulid.ParseStrict(s); err != nil { // takes either case
		return "", errReference
	}
	return Reference(s), nil
}

var errReference = errors.New("not a reference: it is 26 characters of lower-case base 32, as send returned it")

// Shard is the shard of the person whose verification r names; 0 for what is no reference.
func (r Reference) Shard() byte {
	id, err := ulid.ParseStrict(string(r))
	if err != nil {
		return 0
	}
	return id[len(id)-1]
}

// Shards is the number of shards.
const Shards = 256

// ShardOf is the shard of a person, as [Claim] names people: a hash, so that they spread evenly. Its eight bits tell
// nobody who holds a reference whose it is.
func ShardOf(person string) byte {
	const usual = 128
	sum := sha256.Sum256(append(append(make([]byte, 0, usual), "otpgate shard\x00"...), person...))
	return sum[0]
}

// ReferencesSince is what the references of all verifications compare with that began at t or later: none of them comes
// before it, and all earlier ones do.
func ReferencesSince(t time.Time) string {
	var id ulid.ULID
	if t.UnixMilli() > 0 {
		_ = id.SetTime(min(uint64(t.UnixMilli()), ulid.MaxTime())) // cannot be too large
	}
	return lowerCase(id)[:10] // that is the time
}

func newID(now time.Time) string { return lowerCase(newULID(now)) }

// newULID is a ULID of now whose other 80 bits are random.
func newULID(now time.Time) (id ulid.ULID) {
	_ = id.SetTime(ulid.Timestamp(now)) // fits until the year 10889
	_, _ = rand.Read(id[6:])            // never fails
	return id
}

func lowerCase(id ulid.ULID) string {
	var text [ulid.EncodedSize]byte
	_ = id.MarshalTextTo(text[:]) // it has room
	for i := range text {
		text[i] |= 0x20 // digits have that bit
	}
	return string(text[:])
}
