package sqlite

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

const (
	selectQuality = `SELECT provider, channel, country, verified, total, at FROM quality`
	saveQuality   = `INSERT OR REPLACE INTO quality (provider, channel, country, verified, total, at) VALUES (?, ?, ?, ?, ?, ?)`
)

// SaveQuality keeps the verified shares of providers.
func (s *Store) SaveQuality(ctx context.Context, rows []routing.Quality) error {
	_, err := write(ctx, s.writer, func(t tx) (struct{}, error) {
		for _, q := range rows {
			_, err := t.exec(saveQuality, q.Provider, string(q.Channel), q.Country, q.Verified, q.Total, q.At.UnixMilli())
			if err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

// Quality returns what SaveQuality kept.
func (s *Store) Quality(ctx context.Context) (rows []routing.Quality, err error) {
	err = s.pool.use(ctx, func(c *conn) error {
		var row [6]any
		return c.rows(row[:], selectQuality, nil, func() bool {
			var q routing.Quality
			q.Provider, _ = row[0].(string)
			channel, _ := row[1].(string)
			q.Channel = providers.Channel(channel)
			q.Country, _ = row[2].(string)
			q.Verified, _ = row[3].(float64)
			q.Total, _ = row[4].(float64)
			at, _ := row[5].(int64)
			q.At = time.UnixMilli(at).UTC()
			rows = append(rows, q)
			return true
		})
	})
	return rows, err
}
