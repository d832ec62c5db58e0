package store

import (
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// Key is what a store remembers of an idempotency key.
type Key struct {
	Fingerprint [32]byte
	Reference   otp.Reference // of the verification that the request began or renewed
	LeaseUntil  time.Time     // an unfinished request holds the key until then
	KeepUntil   time.Time     // the key means nothing from then on
	Answer      *otp.Answer   // nil: unfinished
}

// NewKey is what once leaves behind when its request begins at now.
func NewKey(once otp.Once, ref otp.Reference, now time.Time) Key {
	lease := now.Add(once.Lease)
	keep := now.Add(once.Keep)
	if keep.Before(lease) {
		keep = lease
	}
	return Key{Fingerprint: once.Fingerprint, Reference: ref, LeaseUntil: lease, KeepUntil: keep}
}

// Meet tells what a request that comes at now with the same key is answered: the first answer again, or a refusal. When
// both are nil the key is free for it: nothing of the first is kept any more, or it was cut off and its lease is over.
func (k Key) Meet(once otp.Once, now time.Time) (*otp.Answer, error) {
	switch {
	case !now.Before(k.KeepUntil):
		return nil, nil
	case k.Fingerprint != once.Fingerprint:
		return nil, mismatch()
	case k.Answer != nil:
		return k.Answer, nil
	case now.Before(k.LeaseUntil):
		return nil, inProgress(k.LeaseUntil.Sub(now))
	}
	return nil, nil
}

// Finish takes in what became of the request that began or renewed the verification ref, and tells whether it bears on
// this key at all. It does not when the key was answered before, or when somebody else took it over since.
func (k *Key) Finish(done otp.Done, ref otp.Reference) bool {
	if k.Answer != nil || k.Reference != ref {
		return false
	}
	k.Answer = done.Answer
	return true
}
