package smtp

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// server implements [transport.Transport] and [io.Closer].
type server struct {
	pool    *pool
	writer  writer
	timeout time.Duration
}

// Deliver submits m to the mail server. The receipt is the Message-ID, which mail servers log.
func (s *server) Deliver(ctx context.Context, m transport.Message) (transport.Receipt, error) {
	letter, err := s.writer.write(m)
	if err != nil {
		return transport.Receipt{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	c, err := s.pool.take(ctx)
	if err != nil {
		return transport.Receipt{}, err
	}
	err = c.submit(ctx, letter)
	s.pool.give(c)
	return transport.Receipt{ID: letter.id}, err
}

// Close closes the connections that are not in use. Deliveries under way end as usual.
func (s *server) Close() error {
	s.pool.close()
	return nil
}
