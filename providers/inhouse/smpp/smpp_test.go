package smpp_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/inhouse/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every delivery of a test that should not come near it.
const patience = 20 * time.Second

func person(n int) providers.Recipient {
	national := fmt.Sprintf("20123%04d", n)
	return providers.NewPhone("+233"+national, "GH", "0"+national)
}

// options are the plainest settings for an SMSC at address.
func options(t *testing.T, address string, change func(*smpp.Options)) *smpp.Options {
	t.Helper()
	o, ok := smpp.Kind().Options().(*smpp.Options)
	if !ok {
		t.Fatal("unexpected options")
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	o.Host, o.TLS, o.SystemID, o.Password = host, false, testSystem, providers.NewSecret(testPassword)
	o.Timeout, o.EnquireEvery = patience, time.Hour
	o.Port, _ = strconv.Atoi(port)
	if change != nil {
		change(o)
	}
	return o
}

// build makes a transport to s, which is closed at the end of the test.
func build(t *testing.T, s *smsc, change func(*smpp.Options)) transport.Transport {
	t.Helper()
	address := s.address
	if address == "" {
		address = "127.0.0.1:2775" // not dialled
	}
	tr, err := options(t, address, change).Build(providers.Environment{Name: "inhouse"})
	if err != nil {
		t.Fatal(err)
	}
	if s.address == "" {
		smpp.DialWith(tr, s.dial)
	}
	t.Cleanup(func() { shut(t, tr) })
	return tr
}

func shut(t *testing.T, tr transport.Transport) {
	t.Helper()
	if c, ok := tr.(io.Closer); !ok || c.Close() != nil {
		t.Error("the transport cannot be closed")
	}
}

// suite is that of an SMSC, which has the whole message before it can refuse it, and of our settings.
func suite(change func(*smpp.Options)) transporttest.Suite {
	return transporttest.Suite{Channel: providers.SMS, To: person, Start: func(t *testing.T) transporttest.Stand {
		t.Helper()
		s := startSMSC(t, nil)
		down := false
		return transporttest.Stand{
			Transport: build(t, s, change),
			Arrivals:  s.arrivals,
			Break: func(f transporttest.Fault) {
				if down {
					s.start(t)
				}
				if down = f == transporttest.Down; down {
					s.stop()
				}
				s.follow(map[transporttest.Fault]script{
					transporttest.Throttling: refuse(pdu.SubmitSM, pdu.Throttled),
					transporttest.Locked:     refuse(pdu.BindTransceiver, pdu.InvalidPassword),
					transporttest.Barred:     refuse(pdu.SubmitSM, pdu.InvalidDest),
					transporttest.Silent:     s.hold(pdu.BindTransceiver),
					transporttest.Swallowing: s.hold(pdu.SubmitSM),
				}[f])
				s.release()
			},
			Held: s.holds,
		}
	}}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	s := suite(nil)
	s.OneShot = true
	s.Skip = map[transporttest.Fault]string{
		transporttest.Locked: "the account is refused before the message is written, unlike the rest; " +
			"TestSuiteWithPayloads shows it",
	}
	s.Run(t)
}

func TestSuiteWithPayloads(t *testing.T) {
	t.Parallel()
	s := suite(func(o *smpp.Options) { o.LongMessages, o.Binds, o.Window = "payload", 3, 2 })
	s.Skip = map[transporttest.Fault]string{
		transporttest.Throttling: "the message is refused after it was written; TestSuite shows it",
		transporttest.Barred:     "the message is refused after it was written; TestSuite shows it",
	}
	s.Run(t)
}

func message(n int, text string) transport.Message { return suite(nil).Message(n, text) }

func deliver(t *testing.T, tr transport.Transport, n int) error {
	t.Helper()
	_, err := tr.Deliver(t.Context(), message(n, "Your code is {code}."))
	return err
}

// refusal returns class and code of err, and fails when it tells what it must not.
func refusal(t *testing.T, err error) (providers.Class, string) {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		t.Fatalf("got %T %v, want a *providers.Error", err, err)
	}
	for _, secret := range []string{person(1).Digits(), "739101", testPassword, testSystem} {
		if strings.Contains(fmt.Sprintf("%+v %#v", e, e), secret) {
			t.Errorf("the error tells %q: %v", secret, e)
		}
	}
	return e.Class, e.Code
}
