package sqlite

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// selectOpen looks at what one person got lately. The newest come first: references sort by time.
const selectOpen = `SELECT v.record FROM people p CROSS JOIN verifications v USING (reference)
	WHERE p.who = ? AND p.reference >= ? AND v.ended_at IS NULL AND v.expires_at > ? ORDER BY p.reference DESC`

// Open implements [otp.Store].
func (s *Store) Open(ctx context.Context, address string, now time.Time) (open []otp.Verification, err error) {
	err = s.pool.use(ctx, func(c *conn) error {
		open, err = pending(c, address, now)
		return err
	})
	return open, err
}

// pending passes over those whose guesses are used up: they have ended for everybody who looks, and not in their row.
func pending(c *conn, address string, now time.Time) ([]otp.Verification, error) {
	var row [1]any
	var open []otp.Verification
	var damaged error
	oldest := lowest(now.Add(-otp.MaxExpiry))
	err := c.rows(row[:], selectOpen, []any{address, oldest, now.UnixMilli()}, func() bool {
		record, _ := row[0].([]byte)
		var v otp.Verification
		if v, damaged = otp.DecodeRecord(record); damaged != nil {
			return false
		}
		if v.At(now).Status == otp.StatusPending {
			open = append(open, v)
		}
		return len(open) < otp.MaxOpen
	})
	if err != nil {
		return nil, err
	}
	return open, damaged
}
