package sqlite

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// Levels implements [otp.Store]. It reads beside the writer, and so what was committed.
func (s *Store) Levels(ctx context.Context, claims []otp.Claim, now time.Time) ([]otp.Level, error) {
	levels := make([]otp.Level, len(claims))
	err := s.pool.use(ctx, func(c *conn) error {
		for i, claim := range claims {
			who, limit := split(claim.Key)
			m, err := readMemory(c, who)
			if err != nil {
				return err
			}
			w := new(otp.Window)
			if err := w.UnmarshalBinary(m.counts(limit)); err != nil {
				return err
			}
			levels[i] = w.Level(claim.Name, claim.Limit, now)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return levels, nil
}
