package redis

import (
	"context"
	"errors"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

const (
	// sweepBatch bounds what one step of the sweep does.
	sweepBatch = 200
	// grace is how long a verification that ran out is left as it is: an answer that is on its way finds it unchanged.
	grace = time.Minute
)

// sweeper ends what ran out. Nothing else has to be swept: Redis forgets by itself. Every gateway sweeps, and each
// verification is ended by one of them.
type sweeper struct {
	store  *Store
	cancel context.CancelFunc
	over   chan struct{} // closed when the goroutine is
}

func newSweeper(s *Store) *sweeper {
	ctx, cancel := context.WithCancel(context.Background())
	w := &sweeper{store: s, cancel: cancel, over: make(chan struct{})}
	go w.run(ctx, s.options.SweepEvery)
	return w
}

func (w *sweeper) close() {
	w.cancel()
	<-w.over
}

func (w *sweeper) run(ctx context.Context, every time.Duration) {
	defer close(w.over)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := w.sweep(ctx, w.store.options.Now()); err != nil && !errors.Is(err, context.Canceled) {
				w.store.options.Log.Warn("the store could not be swept; the next sweep takes up what is left", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// sweep ends all that ran out at now, and tells of it once that is written down.
func (w *sweeper) sweep(ctx context.Context, now time.Time) error {
	before := now.Add(-grace)
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = w.expire(ctx, before); err != nil {
			return err
		}
	}
	return nil
}

// expire ends some of what ran out, and tells whether it is worth while to go on at once.
func (w *sweeper) expire(ctx context.Context, before time.Time) (more bool, err error) {
	s := w.store
	ctx, cancel := s.bound(ctx)
	defer cancel()
	due, err := s.ripe(ctx, s.keys.end, before, sweepBatch)
	if err != nil || len(due) == 0 {
		return false, err
	}
	changes := make([]*change, len(due))
	for i, one := range due {
		changes[i] = &change{name: "expire", ref: one.ref, now: before, rule: func(v *otp.Verification) (bool, error) {
			pending := v.Status == otp.StatusPending
			*v = v.At(before)
			return pending && v.Status == otp.StatusExpired, nil
		}}
	}
	err = s.make(ctx, changes)
	ended := w.ended(ctx, changes)
	if len(ended) > 0 && s.options.Expired != nil {
		s.options.Expired(ended)
	}
	return len(due) == sweepBatch && len(ended) > 0, err
}

// ended are the verifications that were ended by this gateway. One that cannot be read must not keep the others from
// their turn, nor a node of a Cluster that is away.
func (w *sweeper) ended(ctx context.Context, changes []*change) []otp.Verification {
	var all []otp.Verification
	var gone []*command
	for _, c := range changes {
		switch {
		case c.wrote:
			all = append(all, *c.is)
		case isNotFound(c.refused):
			gone = append(gone, w.store.forget(ctx, c.ref)...)
		case errors.Is(c.refused, errDamaged):
			w.store.options.Log.Error("a verification cannot be read and is passed over",
				"step", c.name, "reference", c.ref, "error", c.refused)
		}
	}
	if len(gone) > 0 {
		_ = w.store.run(ctx, gone...) // the next sweep finds what is left
	}
	return all
}

// forget are the calls that forget when a verification ends and when its next step is due.
func (s *Store) forget(ctx context.Context, ref otp.Reference) []*command {
	shard := ref.Shard()
	return []*command{
		newNative(ctx, "", "zrem", s.keys.end(shard), string(ref)), newNative(ctx, "forget", "zrem", s.keys.due(shard), string(ref)),
	}
}
