package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"
)

// The log of writes, in pages of the file.
const (
	// lap is after how many pages that were written the log is carried into the file.
	lap = 8000
	// fold is how long the log has to be for the writer to be kept waiting for its end: after it the log begins anew.
	fold = 16000
	// crumb is how much the writer may be kept waiting for: as much as is written in some milliseconds.
	crumb = 1000
	// flood is where the writer waits for as much as there is: the disk does not keep up with what is written.
	flood = 4 * fold

	// carryEvery is how long a commit stays in the log alone. A power cut takes no more than what is younger.
	carryEvery = time.Second
)

// checkpointer carries the log of writes into the file, beside the writer. SQLite begins the log anew only when all of
// it is in the file and nobody reads it, which under load never happens by itself: so when little is left of a long
// log, the writer is held for that.
type checkpointer struct {
	writer  *writer
	connect func() (*conn, error)
	file    *os.File // the database, to be written through to the disk; SQLite reads and writes it by files of its own
	log     *slog.Logger
	cancel  context.CancelFunc
	ended   chan struct{} // closed when the goroutine is

	conn    *conn // nil: to be opened
	failing bool  // the last attempt failed
}

// progress is how long the log is and how much of it is in the file.
type progress struct{ pages, carried int64 }

func newCheckpointer(w *writer, file *os.File, connect func() (*conn, error), log *slog.Logger) *checkpointer {
	ctx, cancel := context.WithCancel(context.Background())
	c := &checkpointer{
		writer: w, connect: connect, file: file, log: log, cancel: cancel, ended: make(chan struct{}),
	}
	go c.run(ctx)
	return c
}

// close ends the goroutine and its connection. What is left in the log is the writer's to carry.
func (c *checkpointer) close() error {
	c.cancel()
	<-c.ended
	if c.conn == nil {
		return nil
	}
	return c.conn.close()
}

func (c *checkpointer) run(ctx context.Context) {
	defer close(c.ended)
	c.note(c.open()) // at once: what a store holds open must not grow later
	ticker := time.NewTicker(carryEvery)
	defer ticker.Stop()
	for {
		select {
		case <-c.writer.grown:
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		c.note(c.carry(ctx))
	}
}

// open makes a connection where there is none.
func (c *checkpointer) open() error {
	if c.conn != nil {
		return nil
	}
	opened, err := c.connect()
	if err != nil {
		return err
	}
	c.conn = opened
	return nil
}

// carry takes laps until what is left is little, or does not become less.
func (c *checkpointer) carry(ctx context.Context) error {
	if err := c.open(); err != nil {
		return err
	}
	for left := int64(flood); ctx.Err() == nil; {
		passed, now, err := c.pass()
		if err != nil {
			return c.giveUp(err)
		}
		rest := now.pages - now.carried
		switch {
		case now.pages < fold, rest == 0, passed.carried < passed.pages: // the last: somebody reads what was there before
			return nil
		case rest <= crumb, now.pages >= flood:
			return c.giveUp(c.finish(ctx))
		case rest >= left:
			return nil
		}
		left = rest
	}
	return nil
}

// pass carries what the log holds at its beginning, and tells of the log as it passed and as it is now. What was
// carried is written through, so that little of it is left for the one who has to wait.
func (c *checkpointer) pass() (passed, now progress, err error) {
	if passed, err = c.checkpoint("PASSIVE"); err != nil {
		return passed, now, err
	}
	now, err = c.checkpoint("NOOP")
	if err == nil && now.pages > passed.pages {
		err = c.file.Sync()
	}
	if err == nil {
		now, err = c.checkpoint("NOOP")
	}
	return passed, now, err
}

// finish holds the writer for what is left. It begins the log anew by itself when it writes next.
func (c *checkpointer) finish(ctx context.Context) (err error) {
	c.writer.between(ctx, func() { _, err = c.checkpoint("PASSIVE") })
	return err
}

func (c *checkpointer) checkpoint(mode string) (progress, error) {
	var row [3]any
	if _, err := c.conn.row(row[:], "PRAGMA wal_checkpoint("+mode+")"); err != nil {
		return progress{}, err
	}
	pages, _ := row[1].(int64)
	carried, _ := row[2].(int64)
	return progress{pages, carried}, nil
}

// giveUp closes a connection on which something failed.
func (c *checkpointer) giveUp(err error) error {
	if err == nil {
		return nil
	}
	failed := c.conn
	c.conn = nil
	return errors.Join(fmt.Errorf("the log could not be carried into the file: %w", err), failed.close())
}

// note logs the first failure of a row, and the end of it. Nothing is lost meanwhile: the log grows.
func (c *checkpointer) note(err error) {
	switch {
	case err != nil && !c.failing:
		c.log.Warn("the store's log of writes grows, as it cannot be carried into its file", "error", err)
	case err == nil && c.failing:
		c.log.Info("the store's log of writes is carried into its file again")
	}
	c.failing = err != nil
}
