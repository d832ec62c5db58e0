package sqlite

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

const (
	selectDue   = `SELECT reference FROM timers WHERE due_at <= ? ORDER BY due_at LIMIT ?`
	saveTimer   = `INSERT INTO timers (reference, due_at) VALUES (?, ?) ON CONFLICT (reference) DO UPDATE SET due_at = excluded.due_at`
	deleteTimer = `DELETE FROM timers WHERE reference = ?`
)

var _ otp.Timers = (*Store)(nil)

// Due implements [otp.Timers]. As long as nothing is due, the writer is not asked.
func (s *Store) Due(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]otp.Verification, error) {
	waiting := false
	err := s.pool.use(ctx, func(c *conn) error {
		refs, err := dueAt(c, now, 1)
		waiting = len(refs) > 0
		return err
	})
	if err != nil || !waiting {
		return nil, err
	}
	return write(ctx, s.writer, func(t tx) ([]otp.Verification, error) { return t.claim(now, lease, limit) })
}

func dueAt(c *conn, now time.Time, limit int) ([]otp.Reference, error) {
	var row [1]any
	var refs []otp.Reference
	err := c.rows(row[:], selectDue, []any{now.UnixMilli(), int64(limit)}, func() bool {
		ref, _ := row[0].(string)
		refs = append(refs, otp.Reference(ref))
		return true
	})
	return refs, err
}

// claim puts off what is due, so that nobody else gets it while the caller works on it. What has ended is forgotten.
func (t tx) claim(now time.Time, lease time.Duration, limit int) ([]otp.Verification, error) {
	refs, err := dueAt(t.conn, now, limit)
	if err != nil {
		return nil, err
	}
	var claimed []otp.Verification
	for _, ref := range refs {
		v, err := t.load(ref)
		if t.err != nil {
			return nil, err
		}
		if err != nil || v.At(now).Status != otp.StatusPending || len(v.Next.Steps) == 0 {
			_, err = t.exec(deleteTimer, string(ref))
		} else {
			claimed = append(claimed, *v.Verification)
			_, err = t.exec(saveTimer, string(ref), now.Add(lease).UnixMilli())
		}
		if err != nil {
			return nil, err
		}
	}
	return claimed, nil
}

// saveTimer writes when the next step of v is due, where that has changed.
func (t tx) saveTimer(before time.Time, v *otp.Verification) error {
	next := v.Next.At
	switch {
	case next.Equal(before):
		return nil
	case next.IsZero():
		_, err := t.exec(deleteTimer, string(v.Reference))
		return err
	default:
		_, err := t.exec(saveTimer, string(v.Reference), next.UnixMilli())
		return err
	}
}
