package gateway_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/otpgate/otpgate/providers/inhouse/gsm"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
	"github.com/otpgate/otpgate/providers/twin"
)

// overheard keeps the id in the last answer of Arkesel's twin.
type overheard struct {
	next http.Handler

	mu sync.Mutex
	id string
}

func (o *overheard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tape := httptest.NewRecorder()
	o.next.ServeHTTP(tape, r)
	var out struct{ Data []struct{ ID string } }
	_ = json.Unmarshal(tape.Body.Bytes(), &out)
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(out.Data) == 1 {
		o.id = out.Data[0].ID
	}
	w.WriteHeader(tape.Code)
	_, _ = w.Write(tape.Body.Bytes())
}

func (o *overheard) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.id
}

// exchange is a vendor who calls people up and reads a text out.
type exchange struct {
	mu   sync.Mutex
	said map[string]string // to whom, what
}

func (e *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		To  string `json:"to"`
		Say string `json:"say"`
	}
	if r.Header.Get("X-Api-Key") != voiceKey || twin.Read(r, &in) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.said = map[string]string{in.To: in.Say}
	twin.JSON(w, http.StatusOK, map[string]any{"queued": true})
}

// heard is what a person writes down who listens: the digits between the pauses.
func (e *exchange) heard(to string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	once, _, _ := strings.Cut(e.said[to], ". ")
	return strings.ReplaceAll(once, ", ", "")
}

// postOffice is a real SMTP server.
type postOffice struct {
	port int

	mu      sync.Mutex
	letters map[string]string // by recipient
}

func startPostOffice(t *testing.T) *postOffice {
	t.Helper()
	p := &postOffice{letters: map[string]string{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.port = l.Addr().(*net.TCPAddr).Port
	server := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) {
		return &counter{office: p}, nil
	}))
	server.Domain = "mail.test"
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-served; err != nil && !errors.Is(err, gosmtp.ErrServerClosed) {
			t.Errorf("the mail server stopped with %v", err)
		}
	})
	return p
}

// counter is one session of a post office.
type counter struct {
	office *postOffice
	to     string
}

func (*counter) Mail(string, *gosmtp.MailOptions) error        { return nil }
func (c *counter) Rcpt(to string, _ *gosmtp.RcptOptions) error { c.to = to; return nil }
func (*counter) Reset()                                        {}
func (*counter) Logout() error                                 { return nil }
func (c *counter) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.letters[c.to] = string(raw)
	return err
}

// letter is the plain text of the letter to a person, which stands before the page.
func (p *postOffice) letter(t *testing.T, to string) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	m, err := mail.ReadMessage(strings.NewReader(p.letters[to]))
	if err != nil {
		t.Fatal(err)
	}
	_, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	part, err := multipart.NewReader(m.Body, parameters["boundary"]).NextRawPart()
	if err != nil || !strings.HasPrefix(part.Header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%v: the first part is %s", err, part.Header.Get("Content-Type"))
	}
	text, err := io.ReadAll(quotedprintable.NewReader(part))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// smsc is an SMSC that takes the messages of one bind and answers as SMPP 3.4 has it.
type smsc struct {
	port int

	mu       sync.Mutex
	bind     net.Conn // that came last
	messages []*pdu.Message
}

func startSMSC(t *testing.T) *smsc {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &smsc{port: l.Addr().(*net.TCPAddr).Port}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() }) // the gateway, which ends before, takes leave of it
	return s
}

func (s *smsc) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	for {
		request, err := pdu.Read(in)
		if err != nil {
			return
		}
		if answer, ok := s.answer(conn, request); ok {
			s.say(conn, answer)
		}
	}
}

// answer takes a request down, and tells what to say to it.
func (s *smsc) answer(conn net.Conn, request pdu.PDU) (answer pdu.PDU, ok bool) {
	answer = pdu.PDU{Command: request.Command.Response(), Sequence: request.Sequence}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch body := request.Body.(type) {
	case *pdu.Bind:
		if s.bind = conn; body.Password.Reveal() != smppSecret {
			answer.Status = pdu.InvalidPassword
		}
		answer.Body = &pdu.BindResp{SystemID: "smsc"}
	case *pdu.Message:
		s.messages = append(s.messages, body)
		answer.Body = &pdu.MessageResp{ID: fmt.Sprintf("%08X", len(s.messages))}
	}
	return answer, !request.Command.IsResponse()
}

func (s *smsc) say(conn net.Conn, p pdu.PDU) {
	octets, err := p.Append(nil)
	if err != nil {
		panic(err) // a mistake of the test
	}
	_, _ = conn.Write(octets)
}

// text is the last message as a phone shows it.
func (s *smsc) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	content, _ := s.messages[len(s.messages)-1].Content()
	return gsm.Decode(content)
}

// arrived sends a receipt for the last message.
func (s *smsc) arrived(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	conn, id, wanted := s.bind, len(s.messages), s.messages[len(s.messages)-1].Registered
	s.mu.Unlock()
	if wanted != pdu.RegisteredFinal {
		t.Errorf("a receipt was asked for with %d", wanted)
	}
	s.say(conn, pdu.PDU{Command: pdu.DeliverSM, Sequence: 1, Body: &pdu.Message{
		ESMClass: pdu.ClassReceipt,
		Text:     fmt.Appendf(nil, "id:%08X sub:001 dlvrd:001 stat:DELIVRD err:000 text:", id),
	}})
}
