package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
)

func TestKeyMeets(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	once := otp.Once{Fingerprint: [32]byte{1}, Lease: time.Minute, Keep: time.Hour}
	open := store.NewKey(once, "ref", start)
	answered := open
	answered.Answer = &otp.Answer{Status: 201}
	for rule, test := range map[string]struct {
		key         store.Key
		fingerprint byte
		after       time.Duration
		code        otp.Code
		replay      bool
	}{
		"an open request in its lease is in progress":   {open, 1, 59 * time.Second, otp.IdempotencyInProgress, false},
		"an open request after its lease is taken over": {open, 1, time.Minute, "", false},
		"another request is a mismatch":                 {open, 2, time.Minute, otp.IdempotencyMismatch, false},
		"an answer is replayed":                         {answered, 1, time.Hour - 1, "", true},
		"an answer is no one else's":                    {answered, 2, 0, otp.IdempotencyMismatch, false},
		"an answer is kept no longer than asked":        {answered, 2, time.Hour, "", false},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			again := once
			again.Fingerprint = [32]byte{test.fingerprint}
			replay, err := test.key.Meet(again, start.Add(test.after))
			var code otp.Code
			if refusal, ok := errors.AsType[*otp.Error](err); ok {
				code = refusal.Code
			}
			if code != test.code || (replay != nil) != test.replay {
				t.Errorf("replay %v, error %v", replay, err)
			}
		})
	}
}

func TestKeyIsKeptAsLongAsItsLease(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	key := store.NewKey(otp.Once{Lease: time.Hour, Keep: time.Minute}, "ref", start)
	if !key.KeepUntil.Equal(start.Add(time.Hour)) {
		t.Errorf("kept until %v", key.KeepUntil)
	}
}
