package sqlite

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

const (
	// sweepBatch bounds what one step of the sweep does, and so how long it keeps others from writing.
	sweepBatch = 50
	// A sweep looks at so many rows of people, so many at a time; the next one goes on where it stopped.
	stride, strides = 500, 200
	// grace is how long a verification that ran out is left as it is: an answer that is on its way finds it unchanged.
	grace = time.Minute
)

const (
	selectOverdue = `SELECT reference, record FROM verifications WHERE ended_at IS NULL AND expires_at < ? LIMIT ?`
	selectOld     = `SELECT reference, record FROM verifications WHERE ended_at < ? LIMIT ?`
	endDamaged    = `UPDATE verifications SET status = 'expired', ended_at = expires_at WHERE reference = ?`

	// Keys stand in the order of their requests, and each is kept for the same time.
	deleteKeys    = `DELETE FROM keys WHERE id IN (SELECT id FROM keys ORDER BY id LIMIT ?) AND keep_until <= ?`
	deleteAnswers = `DELETE FROM answers WHERE id IN (SELECT id FROM answers
		WHERE id < ifnull((SELECT min(id) FROM keys), 0x7fffffffffffffff) ORDER BY id LIMIT ?)`

	// Windows are written with every step, so an index of their ends would cost more than looking at them all.
	selectStride = `SELECT who, reference, expires_at FROM people
		WHERE (who, reference) > (?, ?) ORDER BY who, reference LIMIT ?`
	deleteMemory = `DELETE FROM people WHERE who = ? AND reference = ''`
)

// sweeper gives every row its end, in small steps between those of the callers.
type sweeper struct {
	writer    *writer
	log       *slog.Logger
	now       func() time.Time
	retention time.Duration
	events    time.Duration
	expired   func([]otp.Verification) // is told what ran out; may be nil
	walked    [2]string                // key of the last row of people looked at; for the writer's goroutine only
	counted   string                   // the last app whose sums were looked at; so too
	cancel    context.CancelFunc
	ended     chan struct{} // closed when the goroutine is
}

func newSweeper(w *writer, o Options) *sweeper {
	ctx, cancel := context.WithCancel(context.Background())
	s := &sweeper{
		writer: w, log: o.Log, now: o.Now, retention: o.Retention, events: o.Events, expired: o.Expired,
		cancel: cancel, ended: make(chan struct{}),
	}
	go s.run(ctx, o.SweepEvery)
	return s
}

func (s *sweeper) close() {
	s.cancel()
	<-s.ended
}

func (s *sweeper) run(ctx context.Context, every time.Duration) {
	defer close(s.ended)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := s.sweep(ctx); err != nil && !errors.Is(err, context.Canceled) {
				s.log.Warn("the store could not be swept; the next sweep takes up what is left", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// sweep ends and deletes what is due.
func (s *sweeper) sweep(ctx context.Context) error {
	now := s.now()
	if err := s.expireAll(ctx, now.Add(-grace)); err != nil {
		return err
	}
	steps := []func(tx) (more bool, err error){
		func(t tx) (bool, error) { return forget(t, now.Add(-s.retention)) },
		func(t tx) (bool, error) { return purgeKeys(t, now) },
		func(t tx) (bool, error) { return purgeParked(t, now) },
		func(t tx) (bool, error) { return forgetEvents(t, now.Add(-s.events)) },
		forgetBlocks,
		forgetSlices,
		func(t tx) (bool, error) { return s.forgetSums(t, now.Add(-s.events)) },
	}
	for _, step := range steps {
		for more := true; more; {
			var err error
			if more, err = write(ctx, s.writer, step); err != nil {
				return err
			}
		}
	}
	for n, more := 0, true; n < strides && more; n++ {
		var err error
		more, err = write(ctx, s.writer, func(t tx) (bool, error) { return s.purgeWindows(t, now) })
		if err != nil {
			return err
		}
	}
	return nil
}

// expireAll ends what ran out, and tells of it once that is written down.
func (s *sweeper) expireAll(ctx context.Context, before time.Time) error {
	for more := true; more; {
		ended, err := write(ctx, s.writer, func(t tx) ([]otp.Verification, error) { return s.expire(t, before) })
		if err != nil {
			return err
		}
		if s.expired != nil && len(ended) > 0 {
			s.expired(ended)
		}
		more = len(ended) == sweepBatch
	}
	return nil
}

// expire writes down that verifications ran out, which everybody who looked has been told since they did.
func (s *sweeper) expire(t tx, before time.Time) ([]otp.Verification, error) {
	var ended []otp.Verification
	due, err := t.batch(selectOverdue, before)
	for _, v := range due {
		if v.damaged != nil {
			s.log.Error("a verification cannot be read and is given up", "reference", v.Reference, "error", v.damaged)
			_, err = t.exec(endDamaged, string(v.Reference))
		} else {
			*v.Verification = v.At(before)
			err = t.save(v, before)
		}
		if err != nil {
			return nil, err
		}
		ended = append(ended, *v.Verification)
		t.records.Remove(v.Reference) // nobody will ask soon
	}
	return ended, err
}

// forget deletes verifications that ended before the time given.
func forget(t tx, before time.Time) (bool, error) {
	due, err := t.batch(selectOld, before)
	for _, v := range due {
		if err := t.delete(v); err != nil {
			return false, err
		}
	}
	return len(due) == sweepBatch, err
}

func purgeKeys(t tx, now time.Time) (bool, error) {
	keys, err := t.exec(deleteKeys, int64(sweepBatch), now.UnixMilli())
	if err != nil {
		return false, err
	}
	answers, err := t.exec(deleteAnswers, int64(sweepBatch))
	return keys == sweepBatch || answers == sweepBatch, err
}

// purgeWindows deletes memories with nothing left, among the next rows of people.
func (s *sweeper) purgeWindows(t tx, now time.Time) (bool, error) {
	var row [3]any
	var over []string
	n := 0
	args := []any{s.walked[0], s.walked[1], int64(stride)}
	err := t.rows(row[:], selectStride, args, func() bool {
		n++
		s.walked[0], _ = row[0].(string)
		s.walked[1], _ = row[1].(string)
		if end, ok := row[2].(int64); ok && end <= now.UnixMilli() {
			over = append(over, s.walked[0])
		}
		return true
	})
	for i := 0; i < len(over) && err == nil; i++ {
		_, err = t.exec(deleteMemory, over[i])
	}
	if n < stride {
		s.walked = [2]string{}
	}
	return n == stride, err
}

// batch reads some of the verifications that are due. One that is damaged must not keep the others from their end.
func (t tx) batch(sql string, at time.Time) ([]*stored, error) {
	var row [2]any
	var due []*stored
	err := t.rows(row[:], sql, []any{at.UnixMilli(), int64(sweepBatch)}, func() bool {
		ref, _ := row[0].(string)
		record, _ := row[1].([]byte)
		v, err := otp.DecodeRecord(record)
		v.Reference = otp.Reference(ref)
		one := newStored(&v)
		one.damaged = err
		due = append(due, one)
		return true
	})
	return due, err
}
