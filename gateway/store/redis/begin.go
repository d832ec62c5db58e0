package redis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// sift is how many beginnings it takes, on average, until somebody looks for what is no more among the verifications to an
// address: few have any, and it makes no haste.
const sift = 16

// Begin implements [otp.Store].
func (s *Store) Begin(ctx context.Context, b otp.Begin) (otp.Begun, error) {
	if ctx.Err() != nil {
		return otp.Begun{}, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	made := &state{verification: b.Verification}
	v := &made.verification
	lines, err := made.encode(b.Now)
	if err != nil {
		return otp.Begun{}, err
	}
	e := s.enter(v.Reference, b.Claims, b.Once, b.Now)
	timer := ""
	if !v.Next.At.IsZero() {
		timer = millis(v.Next.At)
	}
	args := []any{
		lines, (max(0, v.ExpiresAt.Sub(b.Now)) + s.options.Retention).Milliseconds(), millis(v.ExpiresAt), timer, s.kept().Milliseconds(), s.gone(b.Now),
	}
	to := s.keys.to(v.Reference.Shard(), v.To.Address())
	e.main = s.step(ctx, "begin", s.scripts.begin, v.Reference, append([]string{to}, e.own.keys()...), append(args, e.own.args()...)...)
	e.undo = func(ctx context.Context) error {
		return s.run(ctx, s.step(ctx, "unbegin", s.scripts.unbegin, v.Reference, []string{to}))
	}
	begun, err := e.run(ctx, s.links(ctx, v.Reference, v.Deliveries), func(r reply) (otp.Verification, error) {
		switch r.word {
		case "ok", "full":
			return *v, nil
		case "taken":
			return otp.Verification{}, fmt.Errorf("there is a verification %s already", v.Reference)
		default:
			return otp.Verification{}, errReply
		}
	})
	if err == nil && begun.Replay == nil {
		s.remember(made)
	}
	return begun, err
}

// gone is the beginning of the oldest reference that may still be kept; empty: this time nobody needs to know.
func (s *Store) gone(now time.Time) string {
	if rand.IntN(sift) > 0 {
		return ""
	}
	return otp.ReferencesSince(now.Add(-s.kept()))
}

// Renew implements [otp.Store].
func (s *Store) Renew(ctx context.Context, r otp.Renewal) (otp.Begun, error) {
	if ctx.Err() != nil {
		return otp.Begun{}, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	for {
		begun, err := s.renew(ctx, r)
		if !errors.Is(err, errMoved) {
			return begun, err
		}
	}
}

// errMoved tells that others changed a verification meanwhile. What was counted elsewhere has been taken back.
var errMoved = errors.New("the verification was changed by somebody else")

// renew tries to count a resend. A key is taken before anything else is done: two requests with one key that both
// counted a resend would refuse each other.
func (s *Store) renew(ctx context.Context, r otp.Renewal) (otp.Begun, error) {
	ref := r.Match.Reference
	e := s.enter(ref, r.Claims, r.Once, r.Now)
	if first := e.holdKey(ctx); first != nil {
		if err := s.run(ctx, first...); err != nil {
			return otp.Begun{}, err
		}
		if replay, err := e.met(ctx); replay != nil || err != nil {
			return otp.Begun{Replay: replay}, err
		}
	}
	c := &change{name: "renew", ref: ref, now: r.Now, rule: func(v *otp.Verification) (bool, error) {
		return true, v.Renew(r)
	}}
	seen, ok := s.recall(ref)
	if !ok || !c.prepare(seen) {
		if s.refresh(ctx, []*change{c}); c.refused != nil {
			return otp.Begun{}, errors.Join(c.refused, e.takeBack(ctx))
		}
	}
	e.main = s.step(ctx, c.name, s.scripts.renew, ref, e.own.keys(), append(c.args(), e.own.args()...)...)
	e.undo = func(ctx context.Context) error { return s.unrenew(ctx, c) }
	var with []*command
	if r.Once != nil { // what was answered before the key was taken is no answer to this request
		with = append(with, newNative(ctx, "", "del", s.keys.answer(ref, r.Once.Key)))
	}
	begun, err := e.run(ctx, with, func(told reply) (otp.Verification, error) {
		switch told.word {
		case "ok", "full":
			return *c.is, nil
		case "moved", "missing":
			return otp.Verification{}, errMoved
		default:
			return otp.Verification{}, errReply
		}
	})
	if err == nil {
		s.remember(c.next)
	}
	return begun, err
}

// unrenew takes a resend back that was refused elsewhere.
func (s *Store) unrenew(ctx context.Context, c *change) error {
	err := s.change(ctx, &change{name: "unrenew", ref: c.ref, now: c.now, rule: func(v *otp.Verification) (bool, error) {
		v.Resends, v.ResendAt = max(0, v.Resends-1), c.was.ResendAt
		return true, nil
	}})
	if isNotFound(err) {
		return nil
	}
	return err
}
