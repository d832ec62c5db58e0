package sqlite

import (
	"context"
	"database/sql/driver"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// selectOpen looks at what one person got lately. The newest come first: references sort by time.
const selectOpen = `SELECT record FROM verifications
	WHERE recipient = ? AND reference >= ? AND ended_at IS NULL AND expires_at > ? ORDER BY reference DESC`

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
	var row [1]driver.Value
	var open []otp.Verification
	var damaged error
	oldest := lowest(now.Add(-otp.MaxExpiry))
	err := c.rows(row[:], selectOpen, []driver.Value{address, oldest, now.UnixMilli()}, func() bool {
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
