package redis

import (
	"context"
	"strconv"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
)

// hold is the call that takes an idempotency key for the verification ref.
func (s *Store) hold(ctx context.Context, once otp.Once, ref otp.Reference, now time.Time) *command {
	k := store.NewKey(once, ref, now)
	return newCommand(ctx, s.scripts.hold, []string{s.keys.once(once.Key)},
		now.UnixMilli(), string(k.Fingerprint[:]), string(ref), k.LeaseUntil.UnixMilli(), k.KeepUntil.UnixMilli())
}

// met is what a request is answered whose key somebody else has; nil and nil: it has the key now.
func met(hold *command, once otp.Once, now time.Time) (*otp.Answer, error) {
	r := hold.reply()
	switch r.word {
	case "ok":
		return nil, nil
	case "met":
	default:
		return nil, errReply
	}
	answer, err := keyOf(r.list(0)).Meet(once, now)
	if answer == nil && err == nil {
		err = disagreement("hold")
	}
	return answer, err
}

// keyOf reads an entry.
func keyOf(entry []any) store.Key {
	var k store.Key
	if len(entry) < 7 {
		return k
	}
	copy(k.Fingerprint[:], text(entry[0]))
	k.Reference = otp.Reference(text(entry[1]))
	k.LeaseUntil, k.KeepUntil = instant(entry[2]), instant(entry[3])
	if status, ok := entry[4].(string); ok {
		k.Answer = &otp.Answer{ContentType: text(entry[5]), Body: []byte(text(entry[6]))}
		k.Answer.Status, _ = strconv.Atoi(status)
	}
	return k
}

func instant(ms any) time.Time {
	n, _ := strconv.ParseInt(text(ms), 10, 64)
	return time.UnixMilli(n)
}

// unhold is the call that gives the key back, to the entry that hold replaced if there was one.
func (s *Store) unhold(ctx context.Context, hold *command, once otp.Once, ref otp.Reference, now time.Time) *command {
	args := []any{now.UnixMilli(), string(ref)}
	if before := hold.reply().list(0); len(before) > 3 && before[0] != nil {
		args = append(args, before[0], before[1], before[2], before[3])
	}
	return newCommand(ctx, s.scripts.unhold, []string{s.keys.once(once.Key)}, args...)
}

// answer is the call that keeps the answer of a request, or sets its key free.
func (s *Store) answer(ctx context.Context, done otp.Done, ref otp.Reference) *command {
	args := []any{string(ref), "", "", ""}
	if a := done.Answer; a != nil {
		args = []any{string(ref), a.Status, a.ContentType, a.Body}
	}
	return newCommand(ctx, s.scripts.answer, []string{s.keys.once(done.Key)}, args...)
}
