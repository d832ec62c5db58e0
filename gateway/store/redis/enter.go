package redis

import (
	"context"
	"errors"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

var errReply = errors.New("a script of the store answered what nobody expects")

// entry is what Begin and Renew have in common: a step on a verification that counts claims and may have an idempotency
// key. What stands in other slots than the verification is counted in the same round trip; when one part refuses, what
// the others did is taken back in a second one. A gateway that dies between the two has counted once too often, and
// leaves a verification without a code behind.
type entry struct {
	s      *Store
	ref    otp.Reference
	claims []otp.Claim
	once   *otp.Once
	now    time.Time

	own     *group
	others  []*group
	main    *command
	charges []*command                  // of others
	hold    *hold                       // nil: no key
	undo    func(context.Context) error // of main
}

func (s *Store) enter(ref otp.Reference, claims []otp.Claim, once *otp.Once, now time.Time) *entry {
	e := &entry{s: s, ref: ref, claims: claims, once: once, now: now}
	e.own, e.others = s.groups(claims, ref.Shard(), now)
	return e
}

// holdKey is the part that takes the idempotency key.
func (e *entry) holdKey(ctx context.Context) []*command {
	if e.once == nil || e.hold != nil {
		return nil
	}
	e.hold = e.s.newHold(*e.once, e.ref, e.now)
	return []*command{e.hold.take(ctx)}
}

// met answers from an earlier request with the same key, or refuses.
func (e *entry) met(ctx context.Context) (*otp.Answer, error) {
	if e.hold == nil {
		return nil, nil
	}
	return e.hold.met(ctx)
}

// run makes the step and all that belongs to it. step tells what became of the verification itself.
func (e *entry) run(
	ctx context.Context, with []*command, step func(reply) (otp.Verification, error),
) (otp.Begun, error) {
	calls := append([]*command{e.main}, with...)
	for _, g := range e.others {
		c := g.charge(ctx, e.s)
		e.charges = append(e.charges, c)
		calls = append(calls, c)
	}
	if err := e.s.run(ctx, append(calls, e.holdKey(ctx)...)...); err != nil {
		return otp.Begun{}, err
	}
	begun, err := e.judge(ctx, step)
	if err != nil || begun.Replay != nil {
		return begun, errors.Join(err, e.takeBack(ctx))
	}
	return begun, nil
}

// judge looks at the parts in the order in which a single step would have: the key, the verification, the limits.
func (e *entry) judge(ctx context.Context, step func(reply) (otp.Verification, error)) (otp.Begun, error) {
	if replay, err := e.met(ctx); replay != nil || err != nil {
		return otp.Begun{Replay: replay}, err
	}
	r := e.main.reply()
	v, err := step(r)
	if err != nil {
		return otp.Begun{}, err
	}
	told := newLevels(e.claims)
	if err := told.take(e.own, r.list(0), r.word == "full"); err != nil {
		return otp.Begun{}, err
	}
	for i, g := range e.others {
		r := e.charges[i].reply()
		if err := told.take(g, r.list(0), r.word == "full"); err != nil {
			return otp.Begun{}, err
		}
	}
	levels, err := told.charge(e.now)
	if err != nil {
		return otp.Begun{}, err
	}
	return otp.Begun{Verification: v, Levels: levels}, nil
}

// takeBack undoes the parts that were granted. Nobody else waits for it, so a caller who leaves does not stop it.
func (e *entry) takeBack(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil // Redis does not answer: what was granted counts once too often, as when a gateway dies here
	}
	ctx, cancel := e.s.bound(context.WithoutCancel(ctx))
	defer cancel()
	var calls []*command
	var err error
	if e.main != nil && e.main.reply().word == "ok" {
		err = e.undo(ctx)
		if e.own.key != "" {
			calls = append(calls, e.own.uncharge(ctx, e.s))
		}
	}
	for i, c := range e.charges {
		if c.reply().word == "ok" {
			calls = append(calls, e.others[i].uncharge(ctx, e.s))
		}
	}
	if e.hold != nil && e.hold.held {
		calls = append(calls, e.hold.giveBack(ctx))
	}
	if len(calls) == 0 {
		return err
	}
	return errors.Join(err, e.s.run(ctx, calls...))
}
