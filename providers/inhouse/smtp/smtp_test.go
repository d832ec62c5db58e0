package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smtp"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/inhouse/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func person(n int) providers.Recipient {
	return providers.NewEmail(fmt.Sprintf("ama.mensah%d@people.test", n))
}

// build makes a transport to m, with the plainest settings unless change alters them.
func build(t *testing.T, m *mailServer, change func(*smtp.Options)) transport.Transport {
	t.Helper()
	host, port, err := net.SplitHostPort(m.address)
	if err != nil {
		t.Fatal(err)
	}
	o, ok := smtp.Kind().Options().(*smtp.Options)
	if !ok {
		t.Fatal("unexpected options")
	}
	o.Host, o.TLS, o.From, o.Timeout = host, "none", "Shop <otp@shop.test>", patience
	o.IdleTimeout = time.Hour
	o.Port, _ = strconv.Atoi(port)
	if change != nil {
		change(o)
	}
	tr, err := o.Build(providers.Environment{Name: "inhouse"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c, ok := tr.(io.Closer); !ok || c.Close() != nil {
			t.Error("the transport cannot be closed")
		}
	})
	return tr
}

func suite() transporttest.Suite {
	return transporttest.Suite{Channel: providers.Email, To: person, Start: func(t *testing.T) transporttest.Stand {
		t.Helper()
		m := startServer(t, &mailServer{mechanisms: []string{"PLAIN"}})
		down := false
		return transporttest.Stand{
			Transport: build(t, m, func(o *smtp.Options) {
				o.Username, o.Password = testUser, providers.NewSecret(testPassword)
			}),
			Arrivals: func() []transporttest.Arrival {
				var all []transporttest.Arrival
				for _, l := range m.letters() {
					all = append(all, transporttest.Arrival{To: l.to, Text: l.text(t)})
				}
				return all
			},
			Break: func(f transporttest.Fault) {
				if down {
					m.start(t)
				}
				if down = f == transporttest.Down; down {
					m.stop()
				}
				m.script(map[transporttest.Fault]hook{
					transporttest.Throttling: refuseAt("rcpt", 452, [3]int{4, 5, 3}),
					transporttest.Locked:     refuseAt("auth", 535, [3]int{5, 7, 8}),
					transporttest.Barred:     refuseAt("rcpt", 550, [3]int{5, 1, 1}),
					transporttest.Silent:     m.hang("mail"),
					transporttest.Swallowing: m.hang("data"),
				}[f])
			},
			Held: m.hangs,
		}
	}}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	suite().Run(t)
}

func deliver(t *testing.T, tr transport.Transport, n int) error {
	t.Helper()
	_, err := tr.Deliver(t.Context(), suite().Message(n, "Your code is {code}."))
	return err
}

// refusal returns class and code of err, and fails when it tells what it must not.
func refusal(t *testing.T, err error) (providers.Class, string) {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		t.Fatalf("got %T %v, want a *providers.Error", err, err)
	}
	for _, secret := range []string{"ama.mensah", "739101", testPassword, testUser} {
		if strings.Contains(fmt.Sprintf("%+v %#v", e, e), secret) {
			t.Errorf("the error tells %q: %v", secret, e)
		}
	}
	return e.Class, e.Code
}

func TestRefusalsMeanWhatTheyMean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at       string
		code     int
		enhanced [3]int
		want     providers.Class
	}{
		{"hello", 421, [3]int{4, 3, 2}, providers.Transient},
		{"hello", 421, [3]int{4, 7, 28}, providers.Throttled},
		{"hello", 554, [3]int{5, 7, 1}, providers.Transient},
		{"auth", 454, [3]int{4, 7, 0}, providers.Transient},
		{"auth", 535, [3]int{5, 7, 8}, providers.Credentials},
		{"auth", 534, [3]int{5, 7, 9}, providers.Credentials},
		{"auth", 504, [3]int{}, providers.Credentials},
		{"mail", 421, [3]int{4, 3, 0}, providers.Transient},
		{"mail", 421, [3]int{4, 7, 28}, providers.Throttled},
		{"mail", 451, [3]int{}, providers.Transient},
		{"mail", 451, [3]int{4, 1, 8}, providers.Unsupported},
		{"mail", 451, [3]int{4, 1, 0}, providers.Transient},
		{"mail", 452, [3]int{4, 3, 1}, providers.Transient},
		{"mail", 452, [3]int{4, 4, 5}, providers.Throttled},
		{"mail", 530, [3]int{}, providers.Credentials},
		{"mail", 502, [3]int{5, 7, 0}, providers.Credentials},
		{"mail", 538, [3]int{5, 7, 11}, providers.Credentials},
		{"mail", 550, [3]int{}, providers.Unsupported},
		{"mail", 550, [3]int{5, 1, 0}, providers.Unsupported},
		{"mail", 550, [3]int{5, 4, 5}, providers.Exhausted},
		{"mail", 553, [3]int{5, 1, 8}, providers.Unsupported},
		{"mail", 500, [3]int{}, providers.Unknown},
		{"mail", 554, [3]int{}, providers.Transient},
		{"rcpt", 421, [3]int{}, providers.Transient},
		{"rcpt", 450, [3]int{}, providers.Busy},
		{"rcpt", 450, [3]int{4, 2, 1}, providers.Busy},
		{"rcpt", 451, [3]int{}, providers.Transient},
		{"rcpt", 451, [3]int{4, 4, 4}, providers.Busy},
		{"rcpt", 451, [3]int{4, 7, 1}, providers.Busy},
		{"rcpt", 452, [3]int{}, providers.Transient},
		{"rcpt", 452, [3]int{4, 2, 2}, providers.Busy},
		{"rcpt", 452, [3]int{4, 5, 3}, providers.Throttled},
		{"rcpt", 550, [3]int{}, providers.Rejected},
		{"rcpt", 550, [3]int{5, 1, 1}, providers.Rejected},
		{"rcpt", 550, [3]int{5, 2, 1}, providers.Rejected},
		{"rcpt", 550, [3]int{5, 4, 1}, providers.Rejected},
		{"rcpt", 550, [3]int{5, 7, 1}, providers.Unsupported},
		{"rcpt", 551, [3]int{}, providers.Rejected},
		{"rcpt", 552, [3]int{5, 2, 2}, providers.Rejected},
		{"rcpt", 553, [3]int{}, providers.Rejected},
		{"rcpt", 554, [3]int{}, providers.Transient},
		{"rcpt", 556, [3]int{}, providers.Rejected},
		{"rcpt", 503, [3]int{5, 5, 1}, providers.Unknown},
		{"data", 421, [3]int{}, providers.Transient},
		{"data", 450, [3]int{}, providers.Transient},
		{"data", 451, [3]int{4, 3, 0}, providers.Transient},
		{"data", 452, [3]int{4, 3, 1}, providers.Transient},
		{"data", 550, [3]int{5, 1, 1}, providers.Rejected},
		{"data", 550, [3]int{5, 7, 1}, providers.Unsupported},
		{"data", 550, [3]int{5, 7, 28}, providers.Throttled},
		{"data", 552, [3]int{5, 3, 4}, providers.Unsupported},
		{"data", 554, [3]int{}, providers.Unsupported},
		{"data", 554, [3]int{5, 6, 0}, providers.Unsupported},
	} {
		name := fmt.Sprintf("%s %d %v is %v", c.at, c.code, c.enhanced, c.want)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := startServer(t, &mailServer{mechanisms: []string{"PLAIN"}})
			m.script(refuseAt(c.at, c.code, c.enhanced))
			tr := build(t, m, func(o *smtp.Options) {
				o.Username, o.Password = testUser, providers.NewSecret(testPassword)
			})
			ctx, progress := providers.WithProgress(t.Context())
			_, err := tr.Deliver(ctx, suite().Message(1, "{code}"))
			class, code := refusal(t, err)
			wantCode := strconv.Itoa(c.code)
			if c.enhanced != [3]int{} {
				wantCode += fmt.Sprintf(" %d.%d.%d", c.enhanced[0], c.enhanced[1], c.enhanced[2])
			}
			if class != c.want || code != wantCode {
				t.Errorf("got %v %q, want %v %q", class, code, c.want, wantCode)
			}
			if progress.Written() != (c.at == "data") {
				t.Errorf("written is %v", progress.Written())
			}
			m.script(nil)
			if err := deliver(t, tr, 1); err != nil {
				t.Errorf("does not recover: %v", err)
			}
			want := 1 // a refusal does not cost the connection, unless it says so or comes before the first message
			if c.at == "hello" || c.at == "auth" || c.code == 421 {
				want = 2
			}
			if accepted, _ := m.connections(); accepted != want {
				t.Errorf("%d connections were made, want %d", accepted, want)
			}
		})
	}
}

func TestLostConnections(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at   string
		want providers.Class
	}{
		{"hello", providers.Transient}, {"auth", providers.Transient}, {"mail", providers.Transient},
		{"rcpt", providers.Transient}, {"data", providers.Ambiguous},
	} {
		for how, fault := range map[string]func(*mailServer) hook{
			"dropped": func(*mailServer) hook { return dropAt(c.at) },
			"silent":  func(m *mailServer) hook { return m.hang(c.at) },
		} {
			t.Run(how+" at "+c.at+" is "+c.want.String(), func(t *testing.T) {
				t.Parallel()
				m := startServer(t, &mailServer{mechanisms: []string{"PLAIN"}})
				m.script(fault(m))
				tr := build(t, m, func(o *smtp.Options) {
					o.Username, o.Password = testUser, providers.NewSecret(testPassword)
				})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() {
					if m.await(m.hangs) {
						cancel()
					}
				}()
				ctx, progress := providers.WithProgress(ctx)
				_, err := tr.Deliver(ctx, suite().Message(1, "{code}"))
				if class, _ := refusal(t, err); class != c.want {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if progress.Written() != (c.want == providers.Ambiguous) {
					t.Errorf("written is %v", progress.Written())
				}
				if told := errors.Is(err, context.Canceled); told != (how == "silent") {
					t.Errorf("tells of the caller: %v (%v)", told, err)
				}
				m.script(nil)
				if err := deliver(t, tr, 1); err != nil {
					t.Errorf("does not recover: %v", err)
				}
			})
		}
	}
}

func TestTimeoutOfTheOptions(t *testing.T) {
	t.Parallel()
	m := startServer(t, new(mailServer))
	m.script(m.hang("mail"))
	tr := build(t, m, func(o *smtp.Options) { o.Timeout = 50 * time.Millisecond })
	err := deliver(t, tr, 1)
	if class, _ := refusal(t, err); class != providers.Transient || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestServersThatAreNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		serve func(net.Conn)
		says  string
	}{
		"closes at once":  {func(net.Conn) {}, "EOF"},
		"speaks http":     {say("HTTP/1.1 400 ama.mensah1@people.test\r\n\r\n"), "cannot be read"},
		"never stops":     {chatter("220-welcome, and let me tell you\r\n"), "too much"},
		"says nothing":    {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, "deadline"},
		"refuses service": {say("554 5.3.2 no service\r\n"), "554 5.3.2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			go func() {
				if conn, err := l.Accept(); err == nil {
					_ = conn.SetDeadline(time.Now().Add(patience))
					c.serve(conn)
					_ = conn.Close()
				}
			}()
			tr := build(t, &mailServer{address: l.Addr().String()}, func(o *smtp.Options) {
				if name == "says nothing" {
					o.Timeout = 50 * time.Millisecond
				}
			})
			err = deliver(t, tr, 1)
			if class, _ := refusal(t, err); class != providers.Transient || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a transient error about %q", err, c.says)
			}
		})
	}
}

func say(text string) func(net.Conn) {
	return func(c net.Conn) { _, _ = io.WriteString(c, text) }
}

// chatter says a line again and again.
func chatter(line string) func(net.Conn) {
	return func(c net.Conn) {
		for {
			if _, err := io.WriteString(c, line); err != nil {
				return
			}
		}
	}
}

func TestEncryption(t *testing.T) {
	t.Parallel()
	good, ca := authority(t, "127.0.0.1")
	other, _ := authority(t, "127.0.0.1")
	misnamed, misnamedCA := authority(t, "elsewhere.test")
	for name, c := range map[string]struct {
		server *mailServer
		mode   string
		ca     string
		fails  string // part of the error; empty: it works
	}{
		"starttls":                  {&mailServer{tls: good}, "starttls", ca, ""},
		"implicit":                  {&mailServer{tls: good, implicit: true}, "tls", ca, ""},
		"starttls not offered":      {&mailServer{}, "starttls", ca, "does not offer STARTTLS"},
		"starttls, unknown issuer":  {&mailServer{tls: other}, "starttls", ca, "unknown authority"},
		"implicit, unknown issuer":  {&mailServer{tls: other, implicit: true}, "tls", ca, "unknown authority"},
		"implicit, other name":      {&mailServer{tls: misnamed, implicit: true}, "tls", misnamedCA, "IP SANs"},
		"implicit to a plain port":  {&mailServer{}, "tls", ca, "does not look like a TLS handshake"},
		"authorities of the system": {&mailServer{tls: good}, "starttls", "", "unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.server.mechanisms = []string{"PLAIN"}
			m := startServer(t, c.server)
			var clear atomic.Bool
			m.script(func(at string, conn *gosmtp.Conn) error {
				if _, on := conn.TLSConnectionState(); at != "hello" && !on {
					clear.Store(true)
				}
				return nil
			})
			tr := build(t, m, func(o *smtp.Options) {
				o.TLS, o.CA, o.Username, o.Password = c.mode, c.ca, testUser, providers.NewSecret(testPassword)
			})
			err := deliver(t, tr, 1)
			if c.fails == "" {
				if err != nil || len(m.letters()) != 1 || !c.server.implicit && clear.Load() {
					t.Fatalf("got %v and %d letters, in the clear: %v", err, len(m.letters()), clear.Load())
				}
				return
			}
			if class, _ := refusal(t, err); class != providers.Transient || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("got %v, want a transient error about %q", err, c.fails)
			}
			if len(m.letters()) != 0 || clear.Load() {
				t.Error("something was said in the clear")
			}
			m.awaitOpen(t, 0)
		})
	}
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		offered  []string
		password string
		want     providers.Class
		works    bool
	}{
		"plain":           {offered: []string{"PLAIN", "LOGIN"}, password: testPassword, works: true},
		"login":           {offered: []string{"LOGIN"}, password: testPassword, works: true},
		"plain, wrong":    {offered: []string{"PLAIN"}, password: "canary-wrong", want: providers.Credentials},
		"login, wrong":    {offered: []string{"LOGIN"}, password: "canary-wrong", want: providers.Credentials},
		"unknown ones":    {offered: []string{"GSSAPI"}, password: testPassword, want: providers.Credentials},
		"none is offered": {password: testPassword, want: providers.Credentials},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := startServer(t, &mailServer{mechanisms: c.offered})
			err := deliver(t, build(t, m, func(o *smtp.Options) {
				o.Username, o.Password = testUser, providers.NewSecret(c.password)
			}), 1)
			if c.works {
				if err != nil || len(m.letters()) != 1 {
					t.Errorf("got %v", err)
				}
				return
			}
			if class, _ := refusal(t, err); class != c.want || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if len(m.letters()) != 0 {
				t.Error("delivered without authentication")
			}
		})
	}
}

func TestLetter(t *testing.T) {
	t.Parallel()
	const evil = "Eve\r\nBcc: eve@evil.test\r\n\r\nhello\u2028\x00"
	for name, c := range map[string]struct {
		options func(*smtp.Options)
		message func(*transport.Message)
		from    string
		subject string
	}{
		"sender of the options": {
			message: func(m *transport.Message) { m.Sender = "" },
			from:    `"Shop" <otp@shop.test>`, subject: "Your code",
		},
		"sender of the app": {
			message: func(m *transport.Message) { m.Sender = "Caisse d'épargne" },
			from:    `=?utf-8?q?Caisse_d'=C3=A9pargne?= <otp@shop.test>`, subject: "Your code",
		},
		"an address is no name": {
			message: func(m *transport.Message) { m.Sender = "ceo@bank.test" },
			from:    `"Shop" <otp@shop.test>`, subject: "Your code",
		},
		"subject of the options": {
			options: func(o *smtp.Options) { o.Subject = "{app}: sign in" },
			from:    `"Shop" <otp@shop.test>`, subject: "Shop: sign in",
		},
		"subject with the app's id": {
			options: func(o *smtp.Options) { o.Subject = "{app}: sign in" },
			message: func(m *transport.Message) { m.Sender = "" },
			from:    `"Shop" <otp@shop.test>`, subject: "shop: sign in",
		},
		"subject beyond ascii": {
			message: func(m *transport.Message) { m.Subject = "Votre code de vérification" },
			from:    `"Shop" <otp@shop.test>`, subject: "Votre code de vérification",
		},
		"sender with a header": {
			options: func(o *smtp.Options) { o.Subject = "{app}" },
			message: func(m *transport.Message) { m.Sender = strings.ReplaceAll(evil, "@", " at ") },
			from:    `"EveBcc: eve at evil.testhello" <otp@shop.test>`, subject: "EveBcc: eve at evil.testhello",
		},
		"subject with a header": {
			message: func(m *transport.Message) { m.Subject = evil },
			from:    `"Shop" <otp@shop.test>`, subject: "EveBcc: eve@evil.testhello",
		},
		"text with a header": {
			message: func(m *transport.Message) { m.Text = providers.NewSecret(evil + "\r\n.\r\nMAIL FROM:<a@b>") },
			from:    `"Shop" <otp@shop.test>`, subject: "Your code",
		},
		"very long names": {
			message: func(m *transport.Message) { m.Sender, m.Subject = strings.Repeat("é", 300), strings.Repeat("x", 900) },
			from:    "", subject: strings.Repeat("x", 900),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := startServer(t, new(mailServer))
			message := suite().Message(1, "Your code is {code}.")
			if c.message != nil {
				c.message(&message)
			}
			receipt, err := build(t, m, c.options).Deliver(t.Context(), message)
			if err != nil {
				t.Fatal(err)
			}
			got := m.letters()
			if len(got) != 1 || got[0].from != "otp@shop.test" || got[0].to != person(1).Address() || got[0].utf8 {
				t.Fatalf("envelope: %+v", got)
			}
			checkHeader(t, got[0].raw, c.from, c.subject, receipt.ID)
		})
	}
}

// checkHeader fails unless the letter has exactly the header fields that it should have, with these values.
func checkHeader(t *testing.T, raw, from, subject, id string) {
	t.Helper()
	parsed, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for name := range parsed.Header {
		switch name {
		case "From", "To", "Subject", "Date", "Message-Id", "Auto-Submitted", "Mime-Version", "Content-Type",
			"Content-Transfer-Encoding":
		default:
			t.Errorf("unexpected header field %s", name)
		}
	}
	if got := parsed.Header.Get("From"); from != "" && !sameAddress(t, got, from) {
		t.Errorf("from %s, want %s", got, from)
	}
	decoded, err := decodeHeader(parsed.Header.Get("Subject"))
	if err != nil || strings.ReplaceAll(decoded, " ", "") != strings.ReplaceAll(subject, " ", "") {
		t.Errorf("subject %q (%v), want %q", decoded, err, subject)
	}
	if got := parsed.Header.Get("Message-Id"); got != "<"+id+">" || !strings.HasSuffix(id, "@shop.test") {
		t.Errorf("message id %s, receipt %s", got, id)
	}
	for _, line := range strings.Split(raw, "\r\n") {
		if len(line) > 998 {
			t.Errorf("a line of %d characters; RFC 5322 allows 998", len(line))
		}
	}
}

func TestAddressesBeyondASCII(t *testing.T) {
	t.Parallel()
	for _, able := range []bool{true, false} {
		t.Run(fmt.Sprintf("server knows SMTPUTF8: %v", able), func(t *testing.T) {
			t.Parallel()
			m := startServer(t, &mailServer{utf8: able})
			tr := build(t, m, nil)
			message := suite().Message(1, "{code}")
			message.To = providers.NewEmail("amá@people.test")
			_, err := tr.Deliver(t.Context(), message)
			if got := m.letters(); able && (err != nil || len(got) != 1 || !got[0].utf8) {
				t.Errorf("got %v, %+v", err, got)
			}
			if !able {
				if class, _ := refusal(t, err); class != providers.Unsupported {
					t.Errorf("got %v", err)
				}
			}
			if err := deliver(t, tr, 1); err != nil {
				t.Fatalf("does not recover: %v", err)
			}
			if got := m.letters(); got[len(got)-1].utf8 {
				t.Error("a plain address asks for SMTPUTF8")
			}
		})
	}
}

func TestAddressesThatCannotBe(t *testing.T) {
	t.Parallel()
	m := startServer(t, new(mailServer))
	tr := build(t, m, nil)
	for _, address := range []string{
		"", "+233201234567", "a@b.test\r\nRCPT TO:<c@d.test>", "a@b.test> NOTIFY=NEVER", "Ama <a@b.test>", "a b@c.test", "@",
	} {
		message := suite().Message(1, "{code}")
		message.To = providers.NewEmail(address)
		_, err := tr.Deliver(t.Context(), message)
		if e, ok := errors.AsType[*providers.Error](err); !ok || e.Class != providers.Rejected {
			t.Errorf("%q: got %v", address, err)
		}
	}
	if accepted, _ := m.connections(); accepted != 0 {
		t.Error("the server was asked about an address that cannot be")
	}
}
