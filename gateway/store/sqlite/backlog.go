package sqlite

import (
	"context"
	"time"
)

// Backlog is what waits in the store, for metrics.
type Backlog struct {
	Writes  int // operations that wait for the writer
	Timers  int // steps of fallbacks that are due
	Reports int // reports that are kept for deliveries which are not known yet
}

const selectBacklog = `SELECT (SELECT count(*) FROM timers WHERE due_at <= ?), (SELECT count(*) FROM parked)`

// Backlog tells what waits at now. It does not ask the writer.
func (s *Store) Backlog(ctx context.Context, now time.Time) (Backlog, error) {
	b := Backlog{Writes: len(s.writer.queue)}
	err := s.pool.use(ctx, func(c *conn) error {
		var row [2]any
		_, err := c.row(row[:], selectBacklog, now.UnixMilli())
		timers, _ := row[0].(int64)
		reports, _ := row[1].(int64)
		b.Timers, b.Reports = int(timers), int(reports)
		return err
	})
	return b, err
}
