package smtp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// hook is called when a session reaches a point: "hello", "auth", "mail", "rcpt", "data", once the message was read, or
// "reset". Its error is the server's answer.
type hook func(at string, c *gosmtp.Conn) error

// received is a message as the server got it.
type received struct {
	from, to string
	utf8     bool // MAIL FROM had SMTPUTF8
	raw      string
}

// mailServer is a real SMTP server with a script.
type mailServer struct {
	address    string
	tls        *tls.Config // nil: no STARTTLS
	implicit   bool
	utf8       bool
	mechanisms []string // nil: no AUTH
	gone       chan struct{}

	mu       sync.Mutex
	server   *gosmtp.Server
	listener net.Listener
	hook     hook
	got      []received
	accepted int // connections so far
	open     int // connections now
	held     int // sessions that hang
}

const (
	testUser     = "relay-user"
	testPassword = "canary-Passw0rd"
)

// startServer starts m on a port of its own, until the test ends.
func startServer(t *testing.T, m *mailServer) *mailServer {
	t.Helper()
	m.gone = make(chan struct{})
	m.start(t)
	t.Cleanup(func() {
		close(m.gone)
		m.stop()
	})
	return m
}

// start listens: at first on any port, later on the same again.
func (m *mailServer) start(t *testing.T) {
	t.Helper()
	address := m.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	m.address = l.Addr().String()
	s := gosmtp.NewServer(gosmtp.BackendFunc(m.session))
	s.Domain = "mail.test"
	s.AllowInsecureAuth = true
	s.EnableSMTPUTF8 = m.utf8
	s.TLSConfig = m.tls
	s.ErrorLog = quiet{}
	m.mu.Lock()
	m.server, m.listener = s, l
	m.mu.Unlock()
	l = counted{Listener: l, m: m}
	if m.implicit {
		s.TLSConfig = nil
		l = tls.NewListener(l, m.tls)
	}
	go func() { _ = s.Serve(l) }()
}

func (m *mailServer) stop() {
	m.mu.Lock()
	s, l := m.server, m.listener
	m.mu.Unlock()
	_ = l.Close() // the server may not know it yet
	_ = s.Close()
}

func (m *mailServer) script(h hook) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hook = h
}

func (m *mailServer) letters() []received {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]received(nil), m.got...)
}

func (m *mailServer) connections() (accepted, open int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.accepted, m.open
}

func (m *mailServer) session(c *gosmtp.Conn) (gosmtp.Session, error) {
	s := &session{m: m, c: c}
	if err := s.at("hello"); err != nil {
		return nil, err
	}
	if m.mechanisms == nil {
		return s, nil
	}
	return &authSession{session: s}, nil
}

// session implements the server's side of one connection.
type session struct {
	m       *mailServer
	c       *gosmtp.Conn
	current received
}

func (s *session) at(point string) error {
	s.m.mu.Lock()
	h := s.m.hook
	s.m.mu.Unlock()
	if h == nil {
		return nil
	}
	return h(point, s.c)
}

func (s *session) Reset() {
	s.current = received{}
	_ = s.at("reset")
}

func (*session) Logout() error { return nil }

func (s *session) Mail(from string, o *gosmtp.MailOptions) error {
	s.current = received{from: from, utf8: o.UTF8}
	return s.at("mail")
}

func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	s.current.to = to
	return s.at("rcpt")
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.at("data"); err != nil {
		return err
	}
	s.current.raw = string(raw)
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.got = append(s.m.got, s.current)
	return nil
}

// authSession is a session with AUTH.
type authSession struct{ *session }

func (a *authSession) AuthMechanisms() []string { return a.m.mechanisms }

func (a *authSession) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if err := a.at("auth"); err != nil {
			return err
		}
		if user != testUser || password != testPassword {
			return gosmtp.ErrAuthFailed
		}
		return nil
	}
	if mechanism == "LOGIN" {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// loginServer is the server's side of AUTH LOGIN, which go-sasl has for clients only.
type loginServer struct {
	check func(user, password string) error
	user  string
	asked int
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.check(l.user, string(response))
	}
}

// hang makes a session silent from a point on.
func (m *mailServer) hang(point string) hook {
	return func(at string, _ *gosmtp.Conn) error {
		if at == point {
			m.mu.Lock()
			m.held++
			m.mu.Unlock()
			<-m.gone
		}
		return nil
	}
}

func (m *mailServer) hangs() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.held > 0
}

// dropAt closes the connection at a point.
func dropAt(point string) hook {
	return func(at string, c *gosmtp.Conn) error {
		if at != point {
			return nil
		}
		_ = c.Conn().Close()
		return errors.New("dropped")
	}
}

// refuseAt answers with a code at a point, and repeats the recipient as servers do.
func refuseAt(point string, code int, enhanced [3]int) hook {
	return func(at string, _ *gosmtp.Conn) error {
		if at != point {
			return nil
		}
		e := gosmtp.EnhancedCode(enhanced)
		if enhanced == [3]int{} {
			e = gosmtp.NoEnhancedCode
		}
		return &gosmtp.SMTPError{Code: code, EnhancedCode: e, Message: "<" + person(1).Address() + "> is refused"}
	}
}

// text is the plain text of a letter.
func (r received) text(t *testing.T) string {
	t.Helper()
	return r.parts(t)["text/plain"]
}

// parts reads the body of a letter: its forms by media type.
func (r received) parts(t *testing.T) map[string]string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(r.raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if kind == "text/plain" {
		return map[string]string{kind: body(t, m.Body, m.Header.Get("Content-Transfer-Encoding"))}
	}
	if kind != "multipart/alternative" {
		t.Fatalf("the letter is %s", kind)
	}
	parts := map[string]string{}
	for reader := multipart.NewReader(m.Body, parameters["boundary"]); ; {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || len(parts) == 0 && kind != "text/plain" {
			t.Fatalf("a part is %s (%v); plain text comes first", kind, err)
		}
		parts[kind] = body(t, part, part.Header.Get("Content-Transfer-Encoding"))
	}
}

func body(t *testing.T, r io.Reader, encoding string) string {
	t.Helper()
	if encoding == "quoted-printable" {
		r = quotedprintable.NewReader(r)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n")
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// counted counts connections.
type counted struct {
	net.Listener
	m *mailServer
}

func (l counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.accepted++
	l.m.open++
	return &countedConn{Conn: c, m: l.m}, nil
}

type countedConn struct {
	net.Conn
	m    *mailServer
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() {
		c.m.mu.Lock()
		defer c.m.mu.Unlock()
		c.m.open--
	})
	return c.Conn.Close()
}

// authority makes a certificate authority and a certificate of it for host. ca is its PEM.
func authority(t *testing.T, host string) (config *tls.Config, ca string) {
	t.Helper()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host},
		NotBefore: root.NotBefore, NotAfter: root.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if ip := net.ParseIP(host); ip != nil {
		leaf.IPAddresses = []net.IP{ip}
	} else {
		leaf.DNSNames = []string{host}
	}
	rootKey, leafKey := newKey(t), newKey(t)
	rootDER := sign(t, root, root, rootKey, rootKey)
	leafDER := sign(t, leaf, root, leafKey, rootKey)
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{leafDER}, PrivateKey: leafKey}},
	}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}))
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, c, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
