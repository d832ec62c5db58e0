package smpp_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/otpgate/otpgate/providers/inhouse/gsm"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
	"github.com/otpgate/otpgate/providers/inhouse/transporttest"
)

const (
	testSystem   = "otpgate"
	testPassword = "canary-pw"
)

// script is what an SMSC does with a request in place of what is usual. It returns false for the usual.
type script func(p *peer, request pdu.PDU) bool

// smsc is an SMSC in the process of the test.
type smsc struct {
	address string
	tls     *tls.Config // nil: in the clear

	mu       sync.Mutex
	listener net.Listener
	script   script
	peers    map[*peer]bool
	binds    []*pdu.Bind
	messages []*pdu.Message
	others   []pdu.PDU // whatever else it was told
	acks     []pdu.PDU // responses to what it delivered
	accepted int       // connections
	held     []func()  // answers that were not given
	refused  error     // of what could not be read
	serving  sync.WaitGroup
}

// peer is one connection of a client. What is said to it waits in a queue, as in the buffers of a network.
type peer struct {
	smsc *smsc
	conn net.Conn
	out  chan []byte   // nil: hang up
	gone chan struct{} // closed when nobody reads any more
}

// startSMSC starts an SMSC on a port of its own, until the test ends.
func startSMSC(t *testing.T, change func(*smsc)) *smsc {
	t.Helper()
	s := newSMSC(t)
	if change != nil {
		change(s)
	}
	s.start(t)
	return s
}

// newSMSC makes one that does not listen: clients come by [smsc.dial].
func newSMSC(t *testing.T) *smsc {
	s := &smsc{peers: map[*peer]bool{}}
	t.Cleanup(func() {
		s.stop()
		s.serving.Wait()
	})
	return s
}

// start listens: at first on any port, later on the same again.
func (s *smsc) start(t *testing.T) {
	t.Helper()
	address := s.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if s.address = l.Addr().String(); s.tls != nil {
		l = tls.NewListener(l, s.tls)
	}
	s.mu.Lock()
	s.listener = l
	s.mu.Unlock()
	s.serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.welcome(conn)
		}
	})
}

// stop closes the port and every connection.
func (s *smsc) stop() {
	s.mu.Lock()
	if s.listener != nil {
		_ = s.listener.Close()
	}
	s.mu.Unlock()
	s.hangUp()
}

// hangUp closes every connection.
func (s *smsc) hangUp() {
	for _, p := range s.all() {
		_ = p.conn.Close()
	}
}

// dial is a connection without a network, for tests that govern time.
func (s *smsc) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	s.welcome(server)
	return client, nil
}

func (s *smsc) welcome(conn net.Conn) {
	p := &peer{smsc: s, conn: conn, out: make(chan []byte, 1000), gone: make(chan struct{})}
	s.mu.Lock()
	s.peers[p] = true
	s.accepted++
	s.mu.Unlock()
	s.serving.Go(p.speak)
	s.serving.Go(func() {
		p.serve()
		close(p.gone)
		_ = conn.Close()
		s.mu.Lock()
		delete(s.peers, p)
		s.mu.Unlock()
	})
}

// all are the connections that are open.
func (s *smsc) all() []*peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*peer
	for p := range s.peers {
		all = append(all, p)
	}
	return all
}

func (s *smsc) follow(f script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = f
}

func (p *peer) serve() {
	in := bufio.NewReader(p.conn)
	for {
		request, err := pdu.Read(in)
		if err != nil {
			if errors.Is(err, pdu.ErrBody) || errors.Is(err, pdu.ErrSize) {
				p.smsc.mu.Lock()
				p.smsc.refused = err
				p.smsc.mu.Unlock()
			}
			return
		}
		p.smsc.mu.Lock()
		f := p.smsc.script
		p.smsc.mu.Unlock()
		if f == nil || !f(p, request) {
			p.usual(request)
		}
	}
}

// usual takes and answers a request as every SMSC does.
func (p *peer) usual(request pdu.PDU) {
	switch request.Command {
	case pdu.BindTransceiver:
		p.smsc.note(request)
		p.answer(request, pdu.OK, &pdu.BindResp{SystemID: "smsc"})
	case pdu.SubmitSM:
		p.answer(request, pdu.OK, &pdu.MessageResp{ID: p.smsc.note(request)})
	case pdu.EnquireLink, pdu.Unbind:
		p.smsc.note(request)
		p.answer(request, pdu.OK, nil)
	default:
		p.smsc.note(request)
	}
}

// note takes a request down, and returns the id of a message.
func (s *smsc) note(request pdu.PDU) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch body := request.Body.(type) {
	case *pdu.Bind:
		s.binds = append(s.binds, body)
	case *pdu.Message:
		s.messages = append(s.messages, body)
		return fmt.Sprintf("%010X", len(s.messages))
	case *pdu.MessageResp:
		s.acks = append(s.acks, request)
	default:
		s.others = append(s.others, request)
	}
	return ""
}

func (p *peer) answer(request pdu.PDU, status pdu.Status, body pdu.Body) {
	p.send(pdu.PDU{Command: request.Command.Response(), Status: status, Sequence: request.Sequence, Body: body})
}

// send writes a PDU. A client that has gone does not matter.
func (p *peer) send(all ...pdu.PDU) {
	for _, one := range all {
		octets, err := one.Append(nil)
		if err != nil {
			panic(err) // a mistake of the test
		}
		p.sendOctets(octets)
	}
}

func (p *peer) sendOctets(octets []byte) { p.out <- octets }

// hangUp closes the connection once everything before was said.
func (p *peer) hangUp() { p.out <- nil }

// speak says what waits.
func (p *peer) speak() {
	for {
		select {
		case octets := <-p.out:
			if octets == nil {
				_ = p.conn.Close()
				return
			}
			_, _ = p.conn.Write(octets)
		case <-p.gone:
			return
		}
	}
}

// takeBind answers the bind of a client that is not served otherwise.
func takeBind(conn net.Conn) {
	request, err := pdu.Read(conn)
	if err != nil {
		return
	}
	answer := pdu.PDU{Command: request.Command.Response(), Sequence: request.Sequence, Body: &pdu.BindResp{}}
	if octets, err := answer.Append(nil); err == nil {
		_, _ = conn.Write(octets)
	}
}

// told are the PDUs with command that the SMSC was told besides binds and messages.
func (s *smsc) told(command pdu.Command) []pdu.PDU {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.others), func(p pdu.PDU) bool { return p.Command != command })
}

func (s *smsc) submitted() []*pdu.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

func (s *smsc) bound() []*pdu.Bind {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.binds)
}

func (s *smsc) connections() (accepted, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted, len(s.peers)
}

// unreadable is what was wrong with the last PDU that could not be read.
func (s *smsc) unreadable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// arrivals puts the segments together and reads the texts as phones would.
func (s *smsc) arrivals() []transporttest.Arrival {
	type key struct {
		to  string
		ref uint16
	}
	parts := map[key]map[uint8][]byte{}
	var all []transporttest.Arrival
	for _, m := range s.submitted() {
		read := gsm.Decode
		if m.Coding == pdu.CodingUCS2 {
			read = gsm.DecodeUCS2
		}
		content, part := m.Content()
		to := "+" + m.Dest.Text
		if part.Total == 0 {
			all = append(all, transporttest.Arrival{To: to, Text: read(content)})
			continue
		}
		k := key{to, part.Ref}
		if parts[k] == nil {
			parts[k] = map[uint8][]byte{}
		}
		if parts[k][part.Number] = content; len(parts[k]) < int(part.Total) {
			continue
		}
		var whole []byte
		for n := range part.Total {
			whole = append(whole, parts[k][n+1]...)
		}
		all = append(all, transporttest.Arrival{To: to, Text: read(whole)})
	}
	return all
}

// refuse answers requests of one command with a status.
func refuse(command pdu.Command, status pdu.Status) script {
	return func(p *peer, request pdu.PDU) bool {
		if request.Command != command {
			return false
		}
		p.answer(request, status, nil)
		return true
	}
}

// hold leaves requests of one command without an answer until they are released.
func (s *smsc) hold(command pdu.Command) script {
	return func(p *peer, request pdu.PDU) bool {
		if request.Command != command {
			return false
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held = append(s.held, func() { p.usual(request) })
		return true
	}
}

func (s *smsc) holds() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held) > 0
}

// release gives the answers that were not given.
func (s *smsc) release() {
	s.mu.Lock()
	held := s.held
	s.held = nil
	s.mu.Unlock()
	for _, answer := range held {
		answer()
	}
}
