package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/otpgate/otpgate/gateway/otp"
)

// readers is how many reads run at once, beside the writer and without waiting for it.
const readers = 4

// Get implements [otp.Store].
func (s *Store) Get(ctx context.Context, ref otp.Reference) (otp.Verification, error) {
	return s.read(ctx, selectRecord, string(ref))
}

// Find implements [otp.Store].
func (s *Store) Find(ctx context.Context, provider, upstreamID string) (otp.Verification, error) {
	return s.read(ctx, selectByUpstream, provider, upstreamID)
}

func (s *Store) read(ctx context.Context, sql string, args ...any) (v otp.Verification, err error) {
	err = s.pool.use(ctx, func(c *conn) error {
		v, err = read(c, sql, args...)
		return err
	})
	return v, err
}

// pool holds the connections for reading. Each read is a transaction of its own, which sees every commit before it.
type pool struct {
	connect func() (*conn, error)
	idle    chan *conn // a nil stands for one to be opened
}

func newPool(size int, connect func() (*conn, error)) *pool {
	p := &pool{connect: connect, idle: make(chan *conn, size)}
	for range size {
		p.idle <- nil
	}
	return p
}

// use lends a connection to do. One that failed is closed.
func (p *pool) use(ctx context.Context, do func(*conn) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case c, open := <-p.idle:
		if !open {
			return errClosed
		}
		c, err := p.lend(c, do)
		p.idle <- c
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pool) lend(c *conn, do func(*conn) error) (*conn, error) {
	if c == nil {
		opened, err := p.connect()
		if err != nil {
			return nil, fmt.Errorf("the store could not read: %w", err)
		}
		c = opened
	}
	err := do(c)
	if c.err == nil {
		return c, err
	}
	return nil, errors.Join(fmt.Errorf("the store could not read: %w", c.err), c.close())
}

// close waits for the reads that run.
func (p *pool) close() error {
	var errs []error
	for range cap(p.idle) {
		if c := <-p.idle; c != nil {
			errs = append(errs, c.close())
		}
	}
	close(p.idle)
	return errors.Join(errs...)
}
