package redis

import (
	"context"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
)

// Reserve implements [otp.Store]. Of many who guess at once each must be counted, and none may wait for another: so a guess
// that ends nothing is counted by a script that knows that one rule itself, whatever the verification has become. What is
// remembered is judged here beforehand: then one round trip counts and settles, if nobody has changed it meanwhile.
func (s *Store) Reserve(ctx context.Context, g otp.Guess) (otp.Verification, error) {
	if ctx.Err() != nil {
		return otp.Verification{}, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	line, err := otp.EncodeCheck(g.Check())
	if err != nil {
		return otp.Verification{}, err
	}
	t := &trial{Guess: g, line: append(line, '\n')}
	if seen, ok := s.recall(g.Match.Reference); ok {
		_ = t.prepare(seen) // what is remembered refuses nobody
	}
	for {
		c := s.guess(ctx, t)
		if err := s.run(ctx, c); err != nil {
			return otp.Verification{}, err
		}
		switch r := c.reply(); r.word {
		case "ok":
			return s.tried(t.after), nil
		case "counted":
			return s.counted(t, r)
		case "moved":
			now, err := decode(r.record())
			if err != nil {
				return otp.Verification{}, err
			}
			if err := t.prepare(now); err != nil {
				return otp.Verification{}, err
			}
		case "missing":
			return otp.Verification{}, store.NotFound()
		case "refused":
			return otp.Verification{}, t.refusal(r)
		default:
			return otp.Verification{}, errReply
		}
	}
}

// trial is a guess that is being counted.
type trial struct {
	otp.Guess
	line  []byte // the guess as it stands behind a record
	from  *state // that the guess was judged by; nil: by none yet
	after *state // that it leads to
	text  []byte // that is written when more than the count changes
}

// prepare runs the rule on a state; the limit of wrong guesses is left to the script. After a refusal, or when what the
// rule made cannot be written, the trial is as it was.
func (t *trial) prepare(from *state) error {
	g, settles := t.Guess, false
	if t.Judge != nil {
		g.Judge = func(v *otp.Verification) *otp.Settlement {
			said := t.Judge(v)
			settles = said != nil
			return said
		}
	}
	is := from.verification.Clone()
	if err := is.Reserve(g, new(otp.Window)); err != nil {
		return err
	}
	if !settles {
		t.after = &state{verification: is, at: t.Now, stamp: from.stamp, size: from.size + len(t.line)}
		t.from, t.text = from, nil
		return nil
	}
	after := &state{verification: is}
	text, err := after.encode(t.Now)
	if err == nil {
		t.from, t.text, t.after = from, text, after
	}
	return err
}

// guess is the call that counts it.
func (s *Store) guess(ctx context.Context, t *trial) *command {
	version, person, put := "", []string(nil), []any{"", "", ""}
	events := 1
	if t.from != nil {
		version = t.from.version()
		if t.Failures != nil {
			person = []string{s.keys.person(t.Match.Reference.Shard(), personOf(&t.from.verification))}
		}
	}
	if t.text != nil {
		c := change{was: &t.from.verification, is: &t.after.verification, text: t.text}
		put = c.args()[1:]
		if t.after.verification.Status == otp.StatusVerified {
			events = 0 // it is none of the wrong ones
		}
	}
	args := []any{version, millis(t.Now), t.Match.App, t.Match.To, t.Match.Purpose, t.line}
	if t.Failures == nil {
		args = append(append(args, ""), put...)
	} else {
		args = append(append(args, s.keys.person(t.Match.Reference.Shard(), "")), put...)
		args = appendClaim(args, failureName(*t.Failures), *t.Failures, t.Now, events)
	}
	return s.step(ctx, "reserve", s.scripts.guess, t.Match.Reference, person, args...)
}

// counted reads the verification that a guess was counted at, which was unknown before.
func (s *Store) counted(t *trial, r reply) (otp.Verification, error) {
	seen, err := decode(r.record())
	if err != nil {
		return otp.Verification{}, err
	}
	seen.guessed(t.Check())
	seen.size += len(t.line)
	if t.Judge != nil {
		t.Judge(&seen.verification) // what it may have said before was about another state
	}
	return s.tried(seen), nil
}

// tried remembers the verification for the next guess, if there may be one.
func (s *Store) tried(after *state) otp.Verification {
	if after.verification.Status == otp.StatusPending {
		s.remember(after)
	}
	return after.verification
}

// refusal is what the rule says to a guess that the script refused.
func (t *trial) refusal(r reply) error {
	seen, err := decode(r.record())
	if err != nil {
		return err
	}
	w, err := windowOf(number(r.at(1)), number(r.at(2)))
	if err != nil {
		return err
	}
	unjudged := t.Guess
	unjudged.Judge = nil
	if err := seen.verification.Reserve(unjudged, w); err != nil {
		return err
	}
	return disagreement("guess")
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
	return *c.is, nil
}
