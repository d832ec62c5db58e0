package redis

import (
	"context"
	"errors"
	"time"
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
	ended  chan struct{} // closed when the goroutine is
}

func newSweeper(s *Store) *sweeper {
	ctx, cancel := context.WithCancel(context.Background())
	w := &sweeper{store: s, cancel: cancel, ended: make(chan struct{})}
	go w.run(ctx, s.options.SweepEvery)
	return w
}

func (w *sweeper) close() {
	w.cancel()
	<-w.ended
}

func (w *sweeper) run(ctx context.Context, every time.Duration) {
	defer close(w.ended)
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
		n, err := w.expire(ctx, before)
		if err != nil {
			return err
		}
		more = n == sweepBatch
	}
	return nil
}

// expire ends some of what ran out, and tells how much it looked at.
func (w *sweeper) expire(ctx context.Context, before time.Time) (int, error) {
	s := w.store
	ctx, cancel := s.bound(ctx)
	defer cancel()
	due, err := s.ripe(ctx, s.keys.end, before, sweepBatch)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	calls := make([]*command, len(due))
	for i, one := range due {
		calls[i] = s.step(ctx, s.scripts.expire, one.ref, before, nil, string(one.ref))
	}
	ended, err := s.granted(ctx, calls)
	if len(ended) > 0 && s.options.Expired != nil {
		s.options.Expired(ended)
	}
	return len(due), err
}
