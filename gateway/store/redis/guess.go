package redis

import (
	"context"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
)

// Reserve implements [otp.Store]. It is the one step whose rule runs in Redis: of many who guess at once each must be
// counted, and none may wait for another. What the script refused is put into words by the rule itself.
func (s *Store) Reserve(ctx context.Context, g otp.Guess) (otp.Verification, error) {
	if ctx.Err() != nil {
		return otp.Verification{}, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	check := g.Check()
	line, err := otp.EncodeCheck(check)
	if err != nil {
		return otp.Verification{}, err
	}
	line = append(line, '\n')
	args := []any{millis(g.Now), g.Match.App, g.Match.To, g.Match.Purpose, line}
	c := s.step(ctx, "reserve", s.scripts.reserve, g.Match.Reference, nil, append(args, s.failureArgs(g)...)...)
	if err := s.run(ctx, c); err != nil {
		return otp.Verification{}, err
	}
	r := c.reply()
	switch r.word {
	case "ok", "refused":
	case "missing":
		return otp.Verification{}, store.NotFound()
	default:
		return otp.Verification{}, errReply
	}
	seen, err := decode(text(r.at(0)))
	if err != nil {
		return otp.Verification{}, err
	}
	if r.word == "refused" {
		return otp.Verification{}, refusal(&seen.verification, g, r)
	}
	seen.guessed(check)
	seen.size += len(line)
	s.remember(seen)
	return seen.verification, nil
}

// refusal is what the rule says to a guess that the script refused.
func refusal(v *otp.Verification, g otp.Guess, r reply) error {
	w, err := windowOf(number(r.at(1)), number(r.at(2)))
	if err != nil {
		return err
	}
	if err := v.Reserve(g, w); err != nil {
		return err
	}
	return disagreement("reserve")
}

// Release implements [otp.Store].
func (s *Store) Release(ctx context.Context, r otp.Release) (otp.Verification, error) {
	c := &change{name: "release", ref: r.Reference, now: r.Now, failures: r.Failures}
	c.rule = func(v *otp.Verification) (bool, error) {
		v.Release(r, new(otp.Window))
		return true, nil
	}
	return s.judge(ctx, c)
}

// Settle implements [otp.Store].
func (s *Store) Settle(ctx context.Context, e otp.Settlement) (otp.Verification, error) {
	c := &change{name: "settle", ref: e.Match.Reference, now: e.Now, failures: e.Failures}
	c.rule = func(v *otp.Verification) (bool, error) {
		again := v.Status == otp.StatusCanceled // what is canceled twice was canceled once
		return !again, v.Settle(e, new(otp.Window))
	}
	return s.judge(ctx, c)
}

func (s *Store) judge(ctx context.Context, c *change) (otp.Verification, error) {
	if ctx.Err() != nil {
		return otp.Verification{}, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.change(ctx, c); err != nil {
		return otp.Verification{}, err
	}
	return c.is, nil
}
