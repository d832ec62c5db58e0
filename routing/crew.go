package routing

import (
	"context"
	"errors"
	"sync"
	"time"
)

// crew counts what is under way in an engine, so that it can be closed when nothing is.
type crew struct {
	mu      sync.Mutex
	members int
	closing bool
	idle    chan struct{} // closed when the last member left; made by who waits
}

// enter begins a request, unless the engine is closing.
func (c *crew) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return false
	}
	c.members++
	return true
}

// join begins work for a request that has entered.
func (c *crew) join() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members++
}

func (c *crew) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members--
	if c.members == 0 && c.idle != nil {
		close(c.idle)
		c.idle = nil
	}
}

// close lets nobody enter any more and returns a channel that is closed when all have left.
func (c *crew) close() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	if c.members == 0 {
		done := make(chan struct{})
		close(done)
		return done
	}
	if c.idle == nil {
		c.idle = make(chan struct{})
	}
	return c.idle
}

// closeGrace is how long cancelled calls get to return when an engine closes.
const closeGrace = 2 * time.Second

var errStuck = errors.New("routing: a provider does not return although its call was cancelled")

// Close lets nobody in any more and waits until nothing is under way, late answers included. What is left when ctx ends
// is cancelled. The error says that a provider did not even heed that.
func (e *Engine) Close(ctx context.Context) error {
	defer e.cancel()
	idle := e.crew.close()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
	}
	e.cancel()
	timer := time.NewTimer(closeGrace)
	defer timer.Stop()
	select {
	case <-idle:
		return nil
	case <-timer.C:
		return errStuck
	}
}
