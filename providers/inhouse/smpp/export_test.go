package smpp

import (
	"context"
	"net"
	"time"

	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// DialWith has t, which must be new, connect by dial.
func DialWith(t transport.Transport, dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	if c, ok := t.(*carrier); ok {
		c.dialer.dial = dial
	}
}

// PauseAfter returns the pauses of a new bind, after sessions that held for so long.
func PauseAfter() func(held time.Duration) time.Duration { return new(pause).after }
