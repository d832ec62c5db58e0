package sqlite

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// Begin implements [otp.Store].
func (s *Store) Begin(ctx context.Context, b otp.Begin) (otp.Begun, error) {
	record, err := otp.EncodeRecord(b.Verification) // here, and not while everybody waits for the writer
	if err != nil {
		return otp.Begun{}, err
	}
	return write(ctx, s.writer, func(t tx) (otp.Begun, error) { return begin(t, b, record) })
}

func begin(t tx, b otp.Begin, record []byte) (otp.Begun, error) {
	if replay, err := t.meet(b.Once, b.Now); replay != nil || err != nil {
		return otp.Begun{Replay: replay}, err
	}
	windows, err := t.windows(b.Claims)
	if err != nil {
		return otp.Begun{}, err
	}
	levels, err := otp.Charge(b.Claims, windows, b.Now)
	if err != nil {
		return otp.Begun{}, err
	}
	if err := t.insert(b.Verification, record, b.Now); err != nil {
		return otp.Begun{}, err
	}
	if err := t.saveWindows(b.Claims, windows, b.Now); err != nil {
		return otp.Begun{}, err
	}
	return otp.Begun{Verification: b.Verification, Levels: levels}, t.hold(b.Once, b.Verification.Reference, b.Now)
}

// Renew implements [otp.Store].
func (s *Store) Renew(ctx context.Context, r otp.Renewal) (otp.Begun, error) {
	begun, err := write(ctx, s.writer, func(t tx) (otp.Begun, error) { return renew(t, r) })
	begun.Verification = begun.Verification.Clone()
	return begun, err
}

func renew(t tx, r otp.Renewal) (otp.Begun, error) {
	if replay, err := t.meet(r.Once, r.Now); replay != nil || err != nil {
		return otp.Begun{Replay: replay}, err
	}
	v, err := t.load(r.Match.Reference)
	if err != nil {
		return otp.Begun{}, err
	}
	windows, err := t.windows(r.Claims)
	if err != nil {
		return otp.Begun{}, err
	}
	if err := v.Renew(r); err != nil {
		return otp.Begun{}, err
	}
	levels, err := otp.Charge(r.Claims, windows, r.Now)
	if err != nil {
		return otp.Begun{}, err
	}
	if err := t.save(v, r.Now); err != nil {
		return otp.Begun{}, err
	}
	if err := t.saveWindows(r.Claims, windows, r.Now); err != nil {
		return otp.Begun{}, err
	}
	return otp.Begun{Verification: *v.Verification, Levels: levels}, t.hold(r.Once, v.Reference, r.Now)
}

// Deliver implements [otp.Store].
func (s *Store) Deliver(ctx context.Context, d otp.Dispatch) (otp.Verification, error) {
	return s.step(ctx, func(t tx) (*stored, error) {
		v, err := t.load(d.Reference)
		if err != nil {
			return nil, err
		}
		reports, err := t.waiting(d.Deliveries, d.Now)
		if err != nil {
			return nil, err
		}
		v.Deliver(d)
		for _, r := range reports {
			v.Report(r.provider, r.Report, d.Now)
		}
		if err := t.save(v, d.Now); err != nil {
			return nil, err
		}
		if err := t.unpark(reports); err != nil {
			return nil, err
		}
		return v, t.finish(d.Done, d.Reference)
	})
}

// step runs one that bears on one verification. What the writer made it remembers, so the caller gets a copy, and makes
// it here, where the writer need not wait for it.
func (s *Store) step(ctx context.Context, do func(tx) (*stored, error)) (otp.Verification, error) {
	v, err := write(ctx, s.writer, do)
	if err != nil {
		return otp.Verification{}, err
	}
	return v.Clone(), nil
}

// Reserve implements [otp.Store].
func (s *Store) Reserve(ctx context.Context, g otp.Guess) (otp.Verification, error) {
	return s.judge(ctx, g.Match.Reference, g.Failures, g.Now, func(v *otp.Verification, failures *otp.Window) error {
		return v.Reserve(g, failures)
	})
}

// Release implements [otp.Store].
func (s *Store) Release(ctx context.Context, r otp.Release) (otp.Verification, error) {
	return s.judge(ctx, r.Reference, r.Failures, r.Now, func(v *otp.Verification, failures *otp.Window) error {
		v.Release(r, failures)
		return nil
	})
}

// Settle implements [otp.Store].
func (s *Store) Settle(ctx context.Context, e otp.Settlement) (otp.Verification, error) {
	return s.judge(ctx, e.Match.Reference, e.Failures, e.Now, func(v *otp.Verification, failures *otp.Window) error {
		return v.Settle(e, failures)
	})
}

// judge runs a step that bears on one verification and on the memory of one person's wrong guesses.
func (s *Store) judge(
	ctx context.Context, ref otp.Reference, limit *otp.Limit, now time.Time,
	rule func(*otp.Verification, *otp.Window) error,
) (otp.Verification, error) {
	return s.step(ctx, func(t tx) (*stored, error) {
		v, err := t.load(ref)
		if err != nil {
			return nil, err
		}
		claims := failureClaims(v.To, limit)
		windows, err := t.windows(claims)
		if err != nil {
			return nil, err
		}
		var failures *otp.Window
		if limit != nil {
			failures = windows[0]
		}
		if err := rule(v.Verification, failures); err != nil {
			return nil, err
		}
		if err := t.save(v, now); err != nil {
			return nil, err
		}
		return v, t.saveWindows(claims, windows, now)
	})
}

// failureClaims is the one claim of the wrong guesses of a person; none when they are not limited.
func failureClaims(to providers.Recipient, l *otp.Limit) []otp.Claim {
	if l == nil {
		return nil
	}
	return []otp.Claim{otp.FailureClaim(to, *l)}
}
