package redis

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// A verification stands in Redis as one string of lines:
//
//	layout, stamp, status, end of its time, guesses that count, guesses allowed, time of the write, bytes of the record
//	app
//	address
//	purpose
//	person whose wrong guesses are counted
//	the record of gateway/otp
//	a guess that was counted since the record was written, and so on
//
// Times are Unix milliseconds. The first five lines are what a script decides by: none reads the record. Every write but
// a guess draws a new stamp, and a guess makes the string longer: so stamp and length together tell whether a
// verification is still as somebody knows it.

// layout is the version of all this.
const layout = "2"

// stampEnd is where the first line's stamp ends, the layout and the spaces included.
const stampEnd = len("2 0123456789ab ")

// state is a verification as it stands in Redis.
type state struct {
	verification otp.Verification
	at           time.Time // of the last write or guess
	stamp        string    // the beginning of the string
	size         int       // of the string, in bytes
}

// version tells states of one verification apart.
func (s *state) version() string { return s.stamp + strconv.Itoa(s.size) }

// versionOf is the version of what stands in Redis, readable or not.
func versionOf(text []byte) string {
	return string(text[:min(stampEnd, len(text))]) + strconv.Itoa(len(text))
}

var errDamaged = errors.New("a stored verification cannot be read")

// encode writes the verification down at now, as a version of its own.
func (s *state) encode(now time.Time) ([]byte, error) {
	v := &s.verification
	who := [...]string{v.App, v.To.Address(), v.Purpose, personOf(v)}
	b := make([]byte, 0, usual)
	b = append(b, layout+" "...)
	b = appendStamp(b, rand.Uint64()>>16)
	b = append(append(append(b, ' '), v.Status...), ' ')
	for _, n := range [...]int64{v.ExpiresAt.UnixMilli(), int64(v.Attempts), int64(v.MaxAttempts), now.UnixMilli()} {
		b = append(strconv.AppendInt(b, n, 10), ' ')
	}
	size := len(b)
	b = append(append(b, "00000000"[:sizeDigits]...), '\n')
	for _, line := range who {
		if strings.Contains(line, "\n") {
			return nil, errors.New("a verification cannot be stored: one of its names has two lines")
		}
		b = append(append(b, line...), '\n')
	}
	begin := len(b)
	b, err := otp.AppendRecord(b, v)
	if err != nil {
		return nil, err
	}
	for at, n := size+sizeDigits-1, len(b)-begin; n > 0; at, n = at-1, n/10 {
		b[at] = byte('0' + n%10)
	}
	b = append(b, '\n')
	s.at, s.stamp, s.size = now, string(b[:stampEnd]), len(b)
	return b, nil
}

// usual is how many bytes a verification takes, as a rule.
const usual = 1152

// sizeDigits is in how many digits the size of a record stands before it, which is known only when it was written.
const sizeDigits = 8

// appendStamp writes the lower 48 bits of n, in twelve digits.
func appendStamp(b []byte, n uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 44; shift >= 0; shift -= 4 {
		b = append(b, digits[n>>shift&15])
	}
	return b
}

// personOf is whose wrong guesses those at v are.
func personOf(v *otp.Verification) string { return otp.PersonOf(v.To) }

// decode reads what encode wrote, and the guesses since.
func decode(text []byte) (*state, error) {
	version, _, _ := bytes.Cut(text, []byte(" "))
	if string(version) != layout {
		if _, err := strconv.Atoi(string(version)); err != nil {
			return nil, errDamaged
		}
		return nil, fmt.Errorf("%w: it has version %s; this gateway reads version %s", errDamaged, version, layout)
	}
	lines := bytes.SplitN(text, []byte("\n"), 7)
	if len(lines) != 7 {
		return nil, errDamaged
	}
	head := strings.Fields(string(lines[0]))
	if len(head) != 8 {
		return nil, errDamaged
	}
	at, err := strconv.ParseInt(head[6], 10, 64)
	if err != nil {
		return nil, errDamaged
	}
	s := &state{at: time.UnixMilli(at).UTC(), stamp: string(text[:stampEnd]), size: len(text)}
	if s.verification, err = otp.DecodeRecord(lines[5]); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	for line := range bytes.Lines(lines[6]) {
		check, err := otp.DecodeCheck(line)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errDamaged, err)
		}
		s.guessed(check)
	}
	return s, nil
}

// guessed takes in a guess that was counted.
func (s *state) guessed(c otp.Check) {
	s.verification.Count(c)
	s.at = c.At
}

// verificationOf reads a verification alone.
func verificationOf(text []byte) (otp.Verification, error) {
	s, err := decode(text)
	if err != nil {
		return otp.Verification{}, err
	}
	return s.verification, nil
}
