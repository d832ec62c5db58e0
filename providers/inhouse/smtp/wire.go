package smtp

import (
	"context"
	"errors"
	"net"
	"time"
)

// maxAnswers is how much a server may say in one delivery, in bytes: certificates and a few lines. More is refused,
// whatever it is.
const maxAnswers = 256 << 10

var errTooMuch = errors.New("the server says too much")

// wire is the connection beneath everything. It obeys a context and bounds what the server says.
type wire struct {
	net.Conn

	left int // bytes that may still be read
}

// bind makes the wire obey ctx until release is called, which tells whether ctx left it alone. A wire whose context
// ended is of no more use.
func (w *wire) bind(ctx context.Context) (release func() bool) {
	w.left = maxAnswers
	return context.AfterFunc(ctx, func() { _ = w.SetDeadline(time.Unix(1, 0)) })
}

// Read reads within the bound.
func (w *wire) Read(p []byte) (int, error) {
	if w.left <= 0 {
		return 0, errTooMuch
	}
	n, err := w.Conn.Read(p[:min(len(p), w.left)])
	w.left -= n
	return n, err
}
