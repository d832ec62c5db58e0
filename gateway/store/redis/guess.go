package redis

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
)

// Reserve implements [otp.Store].
func (s *Store) Reserve(ctx context.Context, g otp.Guess) (otp.Verification, error) {
	check := otp.Check{ID: g.ID, At: g.Now, Outcome: otp.OutcomeWrong, Counted: true, IP: g.IP}
	p, err := partsOf(otp.Verification{Checks: []otp.Check{check}})
	if err != nil {
		return otp.Verification{}, err
	}
	args := append([]any{g.Match.App, g.Match.To, g.Match.Purpose, string(p.Checks)},
		s.failureArgs(g.Match.Reference, g.Failures, g.Now)...)
	return s.judge(ctx, s.scripts.reserve, g.Match.Reference, g.Now, args,
		func(v *otp.Verification, w *otp.Window) error { return v.Reserve(g, w) })
}

// Release implements [otp.Store].
func (s *Store) Release(ctx context.Context, r otp.Release) (otp.Verification, error) {
	dead, err := ids(r.Dead)
	if err != nil {
		return otp.Verification{}, err
	}
	args := append([]any{r.Check, string(r.Outcome), dead}, s.takeBackArgs(r.Reference, r.Failures)...)
	return s.judge(ctx, s.scripts.release, r.Reference, r.Now, args,
		func(*otp.Verification, *otp.Window) error { return nil })
}

// Settle implements [otp.Store].
func (s *Store) Settle(ctx context.Context, e otp.Settlement) (otp.Verification, error) {
	dead, err := ids(e.Dead)
	if err != nil {
		return otp.Verification{}, err
	}
	args := append([]any{
		e.Match.App, e.Match.To, e.Match.Purpose, string(e.Status), e.Check, e.Provider, dead,
	}, s.takeBackArgs(e.Match.Reference, e.Failures)...)
	return s.judge(ctx, s.scripts.settle, e.Match.Reference, e.Now, args,
		func(v *otp.Verification, w *otp.Window) error { return v.Settle(e, w) })
}

// judge runs a step that bears on one verification and on its person's wrong guesses. What the script refused, rule
// puts into words: it is given what the script saw.
func (s *Store) judge(
	ctx context.Context, what script, ref otp.Reference, now time.Time, args []any,
	rule func(*otp.Verification, *otp.Window) error,
) (otp.Verification, error) {
	if ctx.Err() != nil {
		return otp.Verification{}, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	c := s.step(ctx, what, ref, now, nil, args...)
	if err := s.run(ctx, c); err != nil {
		return otp.Verification{}, err
	}
	r := c.reply()
	switch r.word {
	case "ok":
		return join(text(r.at(0)))
	case "missing":
		return otp.Verification{}, store.NotFound()
	case "refused":
		v, err := join(text(r.at(0)))
		if err != nil {
			return otp.Verification{}, err
		}
		w, err := windowOf(number(r.at(1)), number(r.at(2)))
		if err != nil {
			return otp.Verification{}, err
		}
		if err := rule(&v, w); err != nil {
			return otp.Verification{}, err
		}
		return otp.Verification{}, disagreement(what.name)
	default:
		return otp.Verification{}, errReply
	}
}
