package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/otpgate/otpgate/gateway/store"
)

// maxGroup bounds how many operations share a transaction, and so how long the first of them waits for the last.
const maxGroup = 512

var errClosed = errors.New("the store is closed")

// writer is the one goroutine that writes. It takes whatever waits, runs it in one transaction, and answers when that
// is committed: under load many operations share the cost of a commit.
type writer struct {
	connect func() (tx, error)
	log     *slog.Logger
	ended   chan struct{} // closed when the goroutine is

	mu     sync.RWMutex // guards closed, and the queue against being closed while somebody sends
	closed bool
	queue  chan *op

	pauses chan func()   // is run between two groups
	grown  chan struct{} // holds one word that the log has grown by a lap
	logged int           // pages that were written since

	tx      tx   // without a connection: to be opened again
	failing bool // the last group failed
}

// op is one operation that waits or runs.
type op struct {
	ctx  context.Context
	do   func(tx) error
	err  error
	done chan error // holds one answer, so that nobody waits for a caller who has left
}

// newWriter starts a writer on first; connect opens a connection in its place when it has failed.
func newWriter(first tx, connect func() (tx, error), queue int, log *slog.Logger) *writer {
	w := &writer{
		connect: connect, log: log, ended: make(chan struct{}), queue: make(chan *op, queue), tx: first,
		pauses: make(chan func()), grown: make(chan struct{}, 1),
	}
	go w.run()
	return w
}

// write runs do in a transaction and returns what it made once that is committed. A refusal of do changes nothing.
func write[T any](ctx context.Context, w *writer, do func(tx) (T, error)) (T, error) {
	var made, none T
	err := w.do(ctx, func(t tx) (err error) {
		made, err = do(t)
		return err
	})
	if err != nil {
		return none, err // and made is not looked at: the operation may still be running
	}
	return made, nil
}

// do queues an operation and waits for its answer. A caller whose context ends does not learn what became of it.
func (w *writer) do(ctx context.Context, do func(tx) error) error {
	o := &op{ctx: ctx, do: do, done: make(chan error, 1)}
	if err := w.enqueue(o); err != nil {
		return err
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) enqueue(o *op) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed
	}
	select {
	case w.queue <- o:
		return nil
	default:
		return store.Overloaded()
	}
}

// close lets what waits be written, and nothing more.
func (w *writer) close() error {
	w.mu.Lock()
	w.closed = true
	close(w.queue)
	w.mu.Unlock()
	<-w.ended
	if w.tx.conn == nil {
		return nil
	}
	_, err := w.tx.exec("PRAGMA wal_checkpoint(TRUNCATE)")
	return errors.Join(err, w.tx.close())
}

// run lets those who were answered last come again before it closes the next group, where only few wait: a commit costs
// about the same for one as for many.
func (w *writer) run() {
	defer close(w.ended)
	group := make([]*op, 0, maxGroup)
	for {
		select {
		case first, open := <-w.queue:
			if !open {
				return
			}
			if len(w.queue) < len(group)/2 {
				runtime.Gosched()
			}
			group = w.gather(append(group[:0], first))
			w.serve(group)
			clear(group) // and not its length, which the next one is measured by
		case pause := <-w.pauses:
			pause()
		}
	}
}

// between runs do while the writer writes nothing, and waits for its end. A writer that has ended, or a caller who has
// left before, runs nothing.
func (w *writer) between(ctx context.Context, do func()) {
	done := make(chan struct{})
	select {
	case w.pauses <- func() { do(); close(done) }:
		<-done
	case <-ctx.Done():
	case <-w.ended:
	}
}

// serve commits a group and answers.
func (w *writer) serve(group []*op) {
	err := w.commit(group)
	w.note(err)
	for _, o := range group {
		o.done <- cmp.Or(err, o.err)
	}
	if err == nil {
		w.measure()
	}
}

// measure tells when the log has grown by a lap. The word is not told twice before somebody has heard it.
func (w *writer) measure() {
	if w.logged += w.tx.written(); w.logged < lap {
		return
	}
	w.logged = 0
	select {
	case w.grown <- struct{}{}:
	default:
	}
}

// gather adds to the group what waits at this moment.
func (w *writer) gather(group []*op) []*op {
	for len(group) < maxGroup {
		select {
		case o, open := <-w.queue:
			if !open {
				return group
			}
			group = append(group, o)
		default:
			return group
		}
	}
	return group
}

// commit runs a group. The error is everybody's; what concerns one operation alone is left in it. A connection on which
// anything failed is not used again: closing it takes back what the group did.
func (w *writer) commit(group []*op) error {
	if w.tx.conn == nil {
		t, err := w.connect()
		if err != nil {
			return fmt.Errorf("the store could not be opened again: %w", err)
		}
		w.tx = t
	}
	t := w.tx
	if t.begin() == nil {
		for i := 0; i < len(group) && t.err == nil; i++ {
			group[i].err = w.apply(group[i], t)
		}
	}
	if t.err == nil && t.flush() == nil && t.commit() == nil {
		return nil
	}
	w.tx = tx{}
	if err := t.close(); err != nil {
		w.log.Warn("a failed connection to the store could not be closed cleanly", "error", err)
	}
	return fmt.Errorf("the store could not write: %w", t.err)
}

// apply runs one operation. One that fails after it has written, or panics, takes the group with it.
func (w *writer) apply(o *op, t tx) (err error) {
	if o.ctx.Err() != nil {
		return o.ctx.Err()
	}
	before := t.changed
	defer func() {
		if p := recover(); p != nil {
			w.log.Error("an operation of the store panicked", "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			err = t.fail(fmt.Errorf("an operation panicked with a %T", p))
		}
		if err != nil && t.changed != before {
			err = t.fail(errors.New("an operation failed half-way: " + err.Error()))
		}
	}()
	return o.do(t)
}

// note logs when the store begins to fail and when it is well again, and not each failure in between.
func (w *writer) note(err error) {
	switch {
	case err != nil && !w.failing:
		w.log.Error("the store cannot write", "error", err)
	case err == nil && w.failing:
		w.log.Info("the store writes again")
	}
	w.failing = err != nil
}
