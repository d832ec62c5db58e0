package twin

import (
	"sync/atomic"
	"time"
)

// Clock is the time of a twin: the machine's, put forward by as much as somebody asked for. Expiries and cooldowns of a
// twin are measured by it. The zero Clock goes right.
type Clock struct{ ahead atomic.Int64 }

// Now is the twin's time.
func (c *Clock) Now() time.Time { return time.Now().Add(c.Ahead()) }

// Ahead tells how far the clock was put forward.
func (c *Clock) Ahead() time.Duration { return time.Duration(c.ahead.Load()) }

// Advance puts the clock forward.
func (c *Clock) Advance(d time.Duration) { c.ahead.Add(int64(d)) }

// Reset sets the clock right.
func (c *Clock) Reset() { c.ahead.Store(0) }
