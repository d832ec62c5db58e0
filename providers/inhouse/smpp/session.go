package smpp

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
)

const (
	writeTime = 2 * time.Second // that the network has to take a PDU; the window keeps what is on its way small
	leaveTime = time.Second     // that the SMSC has to answer an unbind
)

// session is one connection to the SMSC, shared by all who use its bind. Requests find their responses by number, in
// whatever order these come.
type session struct {
	conn     net.Conn
	patience time.Duration      // how long an answer may take
	heard    func(*pdu.Message) // takes what the SMSC delivers

	over    chan struct{} // closed when the session has ended
	silent  chan struct{} // closed when nobody reads any more
	doubt   chan struct{} // asks for an enquiry at once
	writing chan struct{} // held by the one who writes

	mu   sync.Mutex
	last uint32 // number of the latest request
	open map[uint32]*question
	why  error // of the end
}

// question is a request without a response so far.
type question struct {
	session *session
	number  uint32
	command pdu.Command
	answer  chan pdu.PDU
}

// newSession begins to read. The reader stops when the session ends.
func newSession(conn net.Conn, patience time.Duration, heard func(*pdu.Message)) *session {
	s := &session{
		conn: conn, patience: patience, heard: heard,
		over: make(chan struct{}), silent: make(chan struct{}),
		doubt: make(chan struct{}, 1), writing: make(chan struct{}, 1),
		open: make(map[uint32]*question),
	}
	go s.listen()
	return s
}

// ask writes a request. An error says that it was not written whole.
func (s *session) ask(ctx context.Context, command pdu.Command, body pdu.Body) (*question, error) {
	q := s.register(command)
	err := s.write(ctx, pdu.PDU{Command: command, Sequence: q.number, Body: body})
	if err != nil {
		s.forget(q.number)
		return nil, err
	}
	return q, nil
}

// wait returns the response.
func (q *question) wait(ctx context.Context) (pdu.PDU, error) {
	defer q.session.forget(q.number)
	select {
	case p := <-q.answer:
		return p, nil
	case <-q.session.over:
	case <-ctx.Done():
	}
	select {
	case p := <-q.answer: // it came in the same moment
		return p, nil
	default:
	}
	if err := ctx.Err(); err != nil {
		return pdu.PDU{}, err
	}
	return pdu.PDU{}, q.session.reason()
}

// register gives a request its number: from 1 to 0x7fffffff, and round again (SMPP 3.4 §5.1.4).
func (s *session) register(command pdu.Command) *question {
	const highest = 0x7fffffff
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = s.last%highest + 1
	q := &question{session: s, number: s.last, command: command, answer: make(chan pdu.PDU, 1)}
	s.open[q.number] = q
	return q
}

func (s *session) forget(number uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, number)
}

// write writes p, whole or in vain: what cannot be written whole ends the session.
func (s *session) write(ctx context.Context, p pdu.PDU) error {
	octets, err := p.Append(nil)
	if err != nil {
		return err
	}
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return ctx.Err()
	case <-s.over:
		return s.reason()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// The deadline is not that of ctx: one impatient caller would cut the line for all.
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeTime))
	if _, err := s.conn.Write(octets); err != nil {
		s.end(err)
		return s.reason() // what ended it, if that was not this
	}
	return nil
}

// listen reads until the session ends.
func (s *session) listen() {
	defer close(s.silent)
	in := bufio.NewReader(s.conn)
	for {
		p, err := pdu.Read(in)
		switch {
		case errors.Is(err, pdu.ErrBody):
			s.refuse(p)
		case err != nil:
			s.end(err)
			return
		default:
			s.take(p)
		}
	}
}

// take does what p asks for.
func (s *session) take(p pdu.PDU) {
	switch {
	case p.Command.IsResponse():
		s.answered(p)
	case p.Command == pdu.DeliverSM:
		if m, ok := p.Body.(*pdu.Message); ok {
			s.heard(m)
		}
		s.reply(p, p.Command.Response(), pdu.OK, &pdu.MessageResp{})
	case p.Command == pdu.EnquireLink:
		s.reply(p, p.Command.Response(), pdu.OK, nil)
	case p.Command == pdu.Unbind:
		s.reply(p, p.Command.Response(), pdu.OK, nil)
		s.end(errUnbound)
	case p.Command == pdu.Outbind || p.Command == pdu.AlertNotification:
		// These have no response.
	default:
		s.reply(p, pdu.GenericNack, pdu.InvalidCommand, nil)
	}
}

// refuse answers a request whose body cannot be read, in such a way that it is not repeated for ever.
func (s *session) refuse(p pdu.PDU) {
	if p.Command == pdu.DeliverSM {
		s.reply(p, p.Command.Response(), pdu.ReceiverRejects, &pdu.MessageResp{})
		return
	}
	s.reply(p, pdu.GenericNack, pdu.InvalidCommandLen, nil)
}

// answered hands a response to the one who waits for it. Late and foreign ones are dropped.
func (s *session) answered(p pdu.PDU) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.open[p.Sequence]
	if ok && (p.Command == q.command.Response() || p.Command == pdu.GenericNack) {
		delete(s.open, p.Sequence)
		q.answer <- p
	}
}

func (s *session) reply(to pdu.PDU, command pdu.Command, status pdu.Status, body pdu.Body) {
	_ = s.write(context.Background(), pdu.PDU{Command: command, Status: status, Sequence: to.Sequence, Body: body})
}

// keep asks the SMSC from time to time whether it is still there, and at once when somebody doubts it. It returns when
// the session is over or ctx ends.
func (s *session) keep(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.over:
			return
		case <-tick.C:
		case <-s.doubt:
		}
		if err := s.enquire(ctx); err != nil && ctx.Err() == nil {
			s.end(errSilent)
			return
		}
	}
}

func (s *session) enquire(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	q, err := s.ask(ctx, pdu.EnquireLink, nil)
	if err != nil {
		return err
	}
	_, err = q.wait(ctx)
	return err
}

// suspect has somebody look whether the SMSC is still there.
func (s *session) suspect() {
	select {
	case s.doubt <- struct{}{}:
	default: // somebody is about to
	}
}

// bye takes leave in good order, if the SMSC cares to answer.
func (s *session) bye() {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	if q, err := s.ask(ctx, pdu.Unbind, nil); err == nil {
		_, _ = q.wait(ctx)
	}
	s.end(errUnbound)
	<-s.silent
}

// end gives the connection up. Only the first reason counts.
func (s *session) end(why error) {
	s.mu.Lock()
	first := s.why == nil
	if first {
		s.why = why
		close(s.over)
	}
	s.mu.Unlock()
	if first {
		_ = s.conn.Close() // may take a moment: TLS says goodbye
	}
}

// ended tells whether the session is over.
func (s *session) ended() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

func (s *session) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}
