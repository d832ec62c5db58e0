// Package sqlite keeps verifications in a SQLite file beside the gateway. One goroutine writes, in groups of whatever
// waits; readers work beside it. What was answered survives the end of the process, however it ends.
package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// Options say where and how the store keeps what it is given. Zero fields mean what stands in brackets.
type Options struct {
	Path        string           // of the file; its folder is made where it is missing
	Synchronous Synchronous      // [Normal]
	Retention   time.Duration    // how long a verification is kept after its end [30 days]
	Events      time.Duration    // how long events and the sums of reports are kept [30 days]
	Queue       int              // how many operations may wait to be written [16384]
	SweepEvery  time.Duration    // how often what ran out is looked for [10 s]
	Now         func() time.Time // the clock of the sweep [time.Now]
	Log         *slog.Logger     // [none]
	// Expired is told of verifications that ran out, after that was written down [nobody].
	Expired func([]otp.Verification)
}

// Synchronous tells when a commit is safe.
type Synchronous string

// The ways to commit. Either survives the end of the process.
const (
	Normal Synchronous = "normal" // a power cut may take the last moments with it
	Full   Synchronous = "full"   // survives a power cut too: the disk is waited for
)

// Store is a [otp.Store] in a file.
type Store struct {
	options Options
	lock    *os.File
	file    *os.File // is closed after the last connection: closing it gives up the locks that SQLite has on it
	writer  *writer
	carrier *checkpointer
	pool    *pool
	past    *pool // for pages of the past
	reports *pool // for what takes longer
	sweeper *sweeper

	closing  sync.Once
	closeErr error
}

var _ otp.Store = (*Store)(nil)

// errLocked says that another process has the lock of the file.
var errLocked = errors.New("another otpgate process uses it; stop that one, or give this one a file of its own")

// Open opens the file, or makes it, and brings its schema up to date. The error is one sentence for the operator: what
// is wrong with the file and what to do.
func Open(ctx context.Context, o Options) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	s, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("the store %s cannot be opened: %w", o.Path, explain(err))
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	o.Synchronous = cmp.Or(o.Synchronous, Normal)
	o.Retention = cmp.Or(o.Retention, 30*24*time.Hour)
	o.Events = cmp.Or(o.Events, 30*24*time.Hour)
	o.Queue = cmp.Or(o.Queue, 16384)
	o.SweepEvery = cmp.Or(o.SweepEvery, 10*time.Second)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func open(o Options) (_ *Store, err error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, err
	}
	lock, file, err := take(path)
	if err != nil {
		return nil, err
	}
	first, err := prepare(path, o)
	if err != nil {
		return nil, errors.Join(err, file.Close(), unlockFile(lock))
	}
	s := &Store{options: o, lock: lock, file: file}
	s.writer = newWriter(first, func() (tx, error) { return reopen(path, o) }, o.Queue, o.Log)
	s.carrier = newCheckpointer(s.writer, file, func() (*conn, error) { return connect(path, o.carrying()) }, o.Log)
	read := func() (*conn, error) { return connect(path, reading()) }
	s.pool, s.past, s.reports = newPool(readers, read), newPool(pastReaders, read), newPool(pastReaders, read)
	s.sweeper = newSweeper(s.writer, o)
	return s, nil
}

// take makes the folder and the file where they are missing, for the eyes of the gateway's user only: the file holds
// people's numbers. It returns the lock that keeps other gateways out, and the file.
func take(path string) (lock, file *os.File, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, fmt.Errorf("its folder cannot be made: %w", err)
	}
	lock, err = lockFile(path + ".lock")
	if errors.Is(err, errLocked) {
		return nil, nil, err
	}
	if err != nil {
		return nil, nil, fmt.Errorf("its folder cannot be written: %w", err)
	}
	file, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, errors.Join(err, unlockFile(lock))
	}
	return lock, file, nil
}

// prepare opens the connection for writing and brings the schema up to date.
func prepare(path string, o Options) (tx, error) {
	t, err := reopen(path, o)
	if err != nil {
		return tx{}, err
	}
	from, to, err := migrate(t.conn)
	if err != nil {
		return tx{}, errors.Join(err, t.close())
	}
	if from == to {
		return t, nil
	}
	o.Log.Info("the store was brought to a new schema", "path", o.Path, "from", from, "to", to)
	if err := t.close(); err != nil { // it has the memory of a migration
		return tx{}, err
	}
	return reopen(path, o)
}

func reopen(path string, o Options) (tx, error) {
	c, err := connect(path, o.writing())
	if err != nil {
		return tx{}, err
	}
	return newTx(c)
}

// writing is how the connection for writing is set up. A lock that somebody else holds on the file is waited for, but
// not as long as callers wait. The cache is small because SQLite searches all of it after many a commit, and what the
// writer needs again soon it remembers itself. The log of writes is carried into the file by a connection of its own,
// so that who writes hardly waits for the disk.
func (o Options) writing() []string {
	return []string{
		"busy_timeout = 750", "journal_mode = WAL", "synchronous = " + string(o.Synchronous),
		"cache_size = -4096", "journal_size_limit = 67108864", "wal_autocheckpoint = 0",
	}
}

// carrying is how the connection that carries the log into the file is set up. It waits for nobody.
func (o Options) carrying() []string {
	return []string{"synchronous = " + string(o.Synchronous), "cache_size = -64", "wal_autocheckpoint = 0"}
}

func reading() []string { return []string{"busy_timeout = 750", "query_only = 1"} }

// Ping tells whether the store can write, by writing: a full or vanished disk is found out before somebody needs it.
func (s *Store) Ping(ctx context.Context) error {
	return s.writer.do(ctx, func(t tx) error {
		_, err := t.exec(fmt.Sprintf("PRAGMA application_id = %d", applicationID))
		return err
	})
}

// Close writes what still waits, refuses what comes after, and closes the file.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.sweeper.close()
		s.closeErr = errors.Join(s.carrier.close(), s.pool.close(), s.past.close(), s.reports.close(), s.writer.close(),
			s.file.Close(), unlockFile(s.lock))
	})
	return s.closeErr
}
