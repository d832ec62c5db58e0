package smpp

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// carrier implements [transport.Transport], [transport.Reporter] and [io.Closer]. Its binds are opened with the first
// delivery and kept until Close.
type carrier struct {
	dialer  *dialer
	pool    *pool
	ledger  *ledger
	writer  *writer
	enquire time.Duration
	timeout time.Duration
	log     *slog.Logger

	mu       sync.Mutex
	closed   bool
	stop     context.CancelFunc // of the binds; nil: not begun
	binds    sync.WaitGroup
	underWay sync.WaitGroup // deliveries
}

// Deliver submits m to the SMSC. The receipt is the name that the ledger makes of the id that the SMSC gave, of that of
// the first part where there are several: those go one after the other, and the first that is refused ends the delivery.
func (c *carrier) Deliver(ctx context.Context, m transport.Message) (transport.Receipt, error) {
	parts, unfit := c.writer.write(m, c.ledger.listens())
	if unfit != nil {
		return transport.Receipt{}, unfit
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return transport.Receipt{}, failure(ctx, atQueue, err)
	}
	if !c.begin() {
		return transport.Receipt{}, failure(ctx, atQueue, errClosed)
	}
	defer c.underWay.Done()
	place, none := c.pool.take(ctx)
	if none != nil {
		return transport.Receipt{}, none
	}
	defer c.pool.give(place)
	ids, failed := place.session.submitAll(ctx, parts)
	if failed != nil {
		return transport.Receipt{}, failed
	}
	c.ledger.sent(m.Reference, ids)
	return transport.Receipt{ID: c.ledger.name(ids[0])}, nil
}

// submitAll submits parts in order and returns their ids.
func (s *session) submitAll(ctx context.Context, parts []*pdu.Message) ([]string, *providers.Error) {
	ids := make([]string, len(parts))
	for i, part := range parts {
		id, failed := s.submit(ctx, part, i == len(parts)-1)
		if failed != nil {
			return nil, failed
		}
		ids[i] = id
	}
	return ids, nil
}

// submit submits one part. Nobody reads a text before its last part, so only that one marks the message as written.
func (s *session) submit(ctx context.Context, part *pdu.Message, last bool) (string, *providers.Error) {
	q, err := s.ask(ctx, pdu.SubmitSM, part)
	if err != nil {
		return "", failure(ctx, atSubmit, err)
	}
	at := atPart
	if last {
		providers.MarkWritten(ctx)
		at = atAnswer
	}
	answer, err := q.wait(ctx)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			s.suspect()
		}
		return "", failure(ctx, at, err)
	}
	if refused := refusal(atSubmit, answer); refused != nil {
		if answer.Status == pdu.WrongBindStatus {
			s.end(errUnbound) // to the SMSC, this is no session of ours
		}
		return "", refused
	}
	if resp, ok := answer.Body.(*pdu.MessageResp); ok {
		return pdu.Identifier(resp.ID), nil
	}
	return "", nil
}

// OnReport implements [transport.Reporter]. Receipts are asked for only if somebody listens.
func (c *carrier) OnReport(f func(transport.Report)) { c.ledger.listen(f) }

// begin counts a delivery, and opens the binds with the first. It returns false once the carrier is closed.
func (c *carrier) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.underWay.Add(1)
	if c.stop == nil {
		ctx, stop := context.WithCancel(context.Background())
		c.stop = stop
		for i, l := range c.pool.lines {
			b := &binder{line: l, pool: c.pool, dialer: c.dialer, enquire: c.enquire, log: c.log.With("bind", i+1)}
			c.binds.Go(func() { b.run(ctx) })
		}
	}
	return true
}

// Close waits for the deliveries under way, none of which takes longer than the timeout, then takes leave of the SMSC.
func (c *carrier) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.underWay.Wait()
	if c.stop != nil {
		c.stop()
	}
	c.binds.Wait()
	return nil
}
