package redis

import (
	"context"
	"fmt"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
)

// Begin implements [otp.Store].
func (s *Store) Begin(ctx context.Context, b otp.Begin) (otp.Begun, error) {
	if ctx.Err() != nil {
		return otp.Begun{}, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	lines, err := split(b.Verification)
	if err != nil {
		return otp.Begun{}, err
	}
	ref := b.Verification.Reference
	e := s.enter(ref, b.Claims, b.Once, b.Now)
	e.main = s.step(ctx, s.scripts.begin, ref, b.Now, e.own.keys, append([]any{lines}, e.own.args...)...)
	e.undo = func(ctx context.Context) *command { return s.step(ctx, s.scripts.unbegin, ref, b.Now, nil) }
	e.links = s.links(ctx, ref, b.Verification.Deliveries)
	return e.run(ctx, func(r reply) (otp.Verification, error) {
		switch r.word {
		case "ok", "full":
			return b.Verification, nil
		case "taken":
			return otp.Verification{}, fmt.Errorf("there is a verification %s already", ref)
		default:
			return otp.Verification{}, errReply
		}
	})
}

// Renew implements [otp.Store]. A key is taken before anything else is done: two requests with one key that both
// counted a resend would refuse each other.
func (s *Store) Renew(ctx context.Context, r otp.Renewal) (otp.Begun, error) {
	if ctx.Err() != nil {
		return otp.Begun{}, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	ref := r.Match.Reference
	e := s.enter(ref, r.Claims, r.Once, r.Now)
	if first := e.holdKey(ctx); first != nil {
		if err := s.run(ctx, first...); err != nil {
			return otp.Begun{}, err
		}
		if replay, err := e.met(); replay != nil || err != nil {
			return otp.Begun{Replay: replay}, err
		}
	}
	args := append([]any{r.Match.App, r.Match.To, r.Match.Purpose}, e.own.args...)
	e.main = s.step(ctx, s.scripts.renew, ref, r.Now, e.own.keys, args...)
	e.undo = func(ctx context.Context) *command {
		return s.step(ctx, s.scripts.unrenew, ref, r.Now, nil, text(e.main.reply().at(2)))
	}
	return e.run(ctx, func(told reply) (otp.Verification, error) { return renewed(told, r) })
}

func renewed(told reply, r otp.Renewal) (otp.Verification, error) {
	switch told.word {
	case "ok":
		return join(text(told.at(1)))
	case "full":
		return otp.Verification{}, nil
	case "missing":
		return otp.Verification{}, store.NotFound()
	case "refused":
		v, err := join(text(told.at(0)))
		if err != nil {
			return v, err
		}
		if err := v.Renew(r); err != nil {
			return otp.Verification{}, err
		}
		return otp.Verification{}, disagreement("renew")
	default:
		return otp.Verification{}, errReply
	}
}
