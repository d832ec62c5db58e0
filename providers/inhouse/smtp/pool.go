package smtp

import (
	"context"
	"slices"
	"sync"
	"time"
)

// checkTime is how long an idle connection has to answer before it is taken for dead. A middlebox may have forgotten it
// without a word.
const checkTime = time.Second

// pool keeps connections for the next delivery and bounds how many there are.
type pool struct {
	open  func(context.Context) (*connection, error)
	slots chan struct{} // one for each connection in use
	keep  time.Duration // how long an idle one is kept

	mu     sync.Mutex
	idle   []*idler // the one used last at the end
	closed bool
}

// idler is a connection that waits for its next use, or for the timer to close it.
type idler struct {
	c     *connection
	timer *time.Timer
}

func newPool(open func(context.Context) (*connection, error), size int, keep time.Duration) *pool {
	return &pool{open: open, slots: make(chan struct{}, size), keep: keep}
}

// take returns a connection that was just heard of, for the caller alone, until it is given back.
func (p *pool) take(ctx context.Context) (*connection, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, failure(ctx, atQueue, ctx.Err())
	}
	if c := p.reuse(ctx); c != nil {
		return c, nil
	}
	c, err := p.open(ctx)
	if err != nil {
		<-p.slots
		return nil, err
	}
	return c, nil
}

// reuse returns an idle connection that still answers. When one does not, the others are of the same age and company:
// all are given up at once, and nobody waits for them in turn.
func (p *pool) reuse(ctx context.Context) *connection {
	c := p.pop()
	if c == nil {
		return nil
	}
	short, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	if c.alive(short) {
		return c
	}
	c.broken = true
	c.bye()
	if ctx.Err() == nil { // else it was the caller who gave up
		p.drop()
	}
	return nil
}

func (p *pool) pop() *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		last := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if last.timer.Stop() {
			return last.c
		}
		// The timer has fired and is about to close this one.
	}
	return nil
}

// give takes a connection back.
func (p *pool) give(c *connection) {
	if c.broken || !p.store(c) {
		c.bye()
	}
	<-p.slots
}

func (p *pool) store(c *connection) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	i := &idler{c: c}
	i.timer = time.AfterFunc(p.keep, func() { p.expire(i) })
	p.idle = append(p.idle, i)
	return true
}

// expire closes a connection that was not used for long.
func (p *pool) expire(i *idler) {
	p.mu.Lock()
	p.idle = slices.DeleteFunc(p.idle, func(other *idler) bool { return other == i })
	p.mu.Unlock()
	i.c.bye()
}

// drop closes all idle connections.
func (p *pool) drop() {
	for c := p.pop(); c != nil; c = p.pop() {
		c.bye()
	}
}

// close closes all idle connections, and from now on those in use as they come back. Later deliveries work on
// connections of their own.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.drop()
}
