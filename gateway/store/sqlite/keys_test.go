package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// An answer stays behind when its key is taken over; it must never be given to somebody else.
func TestAnAnswerIsNobodyElses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	s := testStore(t, Options{Path: path})
	start := time.Now().UTC().Truncate(time.Millisecond)
	begin := func(key string, at time.Time) (otp.Begin, otp.Begun, error) {
		b := testBegin(at)
		b.Once = &otp.Once{Key: key, Lease: time.Minute, Keep: 2 * time.Minute}
		begun, err := s.Begin(t.Context(), b)
		return b, begun, err
	}
	finish := func(b otp.Begin, answer *otp.Answer) {
		t.Helper()
		d := otp.Dispatch{Reference: b.Verification.Reference, Now: b.Now}
		d.Done = &otp.Done{Key: b.Once.Key, Answer: answer, Keep: 24 * time.Hour}
		if _, err := s.Deliver(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	first, _, err := begin("one", start)
	if err != nil {
		t.Fatal(err)
	}
	finish(first, &otp.Answer{Status: 201, Body: []byte("the first")})
	over := start.Add(2 * time.Minute)
	second, begun, err := begin("one", over)
	if err != nil || begun.Replay != nil {
		t.Fatalf("%+v, error %v", begun.Replay, err)
	}
	finish(second, nil) // it is free again
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = testStore(t, Options{Path: path})
	for range 3 {
		if _, begun, err := begin("one", over); begun.Replay != nil || err != nil && code(err) != otp.IdempotencyInProgress {
			t.Errorf("%+v, error %v", begun.Replay, err)
		}
		group(t, s, func(tx) error { panic("so that the memory is lost") })
	}
}

func TestKeysOfOtherFormsAreToldApart(t *testing.T) {
	t.Parallel()
	const hash = "000102030405060708090a0b0c0d0e0f"
	forms := map[string]string{}
	for _, key := range []string{hash, hash[:30], "key 1", "key 2", ""} {
		if other, met := forms[string(brief(key))]; met {
			t.Errorf("%q stands as %q does", key, other)
		}
		forms[string(brief(key))] = key
	}
	if len(brief(hash+hash)) != keySize {
		t.Errorf("a hash takes %d bytes", len(brief(hash+hash)))
	}
}
