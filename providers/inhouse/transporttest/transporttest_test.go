package transporttest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/inhouse/transporttest"
)

// flaw names a mistake that a transport may have; the suite must find it.
type flaw string

// flawVariable tells the test binary which flawed transport to put through the suite.
const flawVariable = "TRANSPORTTEST_FLAW"

func flaws() []flaw {
	return []flaw{
		"cuts texts", "changes letters", "mixes people up", "delivers nothing", "ignores the caller", "quotes the address",
		"quotes the text in a cause", "quotes the code as the upstream's", "knows one class only", "returns plain errors",
		"forgets to mark", "marks too early", "never recovers",
	}
}

// memory is a transport to nowhere, with a flaw or without.
type memory struct {
	flaw flaw

	held   atomic.Bool
	mu     sync.Mutex
	got    []transporttest.Arrival
	broken transporttest.Fault
}

func (m *memory) start(*testing.T) transporttest.Stand {
	stand := &memory{flaw: m.flaw}
	return transporttest.Stand{Transport: stand, Arrivals: stand.all, Break: stand.breakDown, Held: stand.held.Load}
}

func (m *memory) all() []transporttest.Arrival {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.got
}

func (m *memory) breakDown(f transporttest.Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.flaw == "never recovers" && m.broken == transporttest.Barred {
		return
	}
	m.broken = f
}

func (m *memory) Deliver(ctx context.Context, msg transport.Message) (transport.Receipt, error) {
	if err := ctx.Err(); err != nil && m.flaw != "ignores the caller" {
		return transport.Receipt{}, m.fail(msg, providers.Transient, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.flaw == "marks too early" {
		providers.MarkWritten(ctx)
	}
	if m.broken != "" {
		return transport.Receipt{}, m.fault(ctx, msg)
	}
	to, text := msg.To.Address(), msg.Text.Reveal()
	switch m.flaw {
	case "cuts texts":
		text = text[:min(len(text), 160)]
	case "changes letters":
		text = strings.ReplaceAll(text, "à", "a")
	case "mixes people up":
		if n := len(m.got); n > 0 {
			to = m.got[n-1].To
		}
	case "delivers nothing":
		return transport.Receipt{}, nil
	}
	m.got = append(m.got, transporttest.Arrival{To: to, Text: text})
	return transport.Receipt{ID: "1"}, nil
}

func (m *memory) fault(ctx context.Context, msg transport.Message) error {
	switch m.broken {
	case transporttest.Throttling:
		return m.fail(msg, providers.Throttled, errors.New("slow down"))
	case transporttest.Locked:
		return m.fail(msg, providers.Credentials, errors.New("wrong key"))
	case transporttest.Barred:
		return m.fail(msg, providers.Rejected, errors.New("nobody there"))
	case transporttest.Silent:
		m.held.Store(true)
		<-ctx.Done()
		return m.fail(msg, providers.Transient, ctx.Err())
	case transporttest.Swallowing:
		if m.flaw != "forgets to mark" {
			providers.MarkWritten(ctx)
		}
		m.held.Store(true)
		<-ctx.Done()
		return m.fail(msg, providers.Ambiguous, ctx.Err())
	default:
		return m.fail(msg, providers.Transient, errors.New("connection refused"))
	}
}

func (m *memory) fail(msg transport.Message, class providers.Class, cause error) error {
	e := &providers.Error{Class: class, Err: cause}
	switch m.flaw {
	case "quotes the address":
		e.Err = fmt.Errorf("to %s: %w", msg.To.Address(), cause)
	case "quotes the text in a cause":
		e.Err = fmt.Errorf("%s: %w", msg.Text.Reveal(), cause)
	case "quotes the code as the upstream's":
		e.Code = msg.Code.Reveal()
	case "knows one class only":
		e.Class = providers.Transient
	case "returns plain errors":
		return cause
	}
	return e
}

func suiteFor(f flaw) transporttest.Suite {
	return transporttest.Suite{
		Channel: providers.Email,
		To:      func(n int) providers.Recipient { return providers.NewEmail(fmt.Sprintf("p%d@people.test", n)) },
		Start:   (&memory{flaw: f}).start,
	}
}

func TestGoodTransportPasses(t *testing.T) {
	t.Parallel()
	suiteFor("").Run(t)
}

// TestFlawed is what [TestFlawsAreFound] runs in a process of its own, where it must fail.
func TestFlawed(t *testing.T) {
	t.Parallel()
	f := os.Getenv(flawVariable)
	if f == "" {
		t.Skip("runs only as a part of TestFlawsAreFound")
	}
	suiteFor(flaw(f)).Run(t)
}

func TestFlawsAreFound(t *testing.T) {
	t.Parallel()
	for _, f := range flaws() {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFlawed$", "-test.timeout=30s")
			cmd.Env = append(os.Environ(), flawVariable+"="+string(f))
			out, err := cmd.CombinedOutput()
			if _, failed := errors.AsType[*exec.ExitError](err); !failed || !strings.Contains(string(out), "--- FAIL") {
				t.Errorf("the suite does not see that it %s: %v\n%s", f, err, out)
			}
		})
	}
}

func TestFaultCanBeSkippedWithAReason(t *testing.T) {
	t.Parallel()
	s := suiteFor("returns plain errors")
	s.Skip = map[transporttest.Fault]string{}
	for _, f := range []transporttest.Fault{
		transporttest.Down, transporttest.Throttling, transporttest.Locked, transporttest.Barred, transporttest.Silent,
		transporttest.Swallowing,
	} {
		s.Skip[f] = "to show that it can be"
	}
	s.Start = (&memory{}).start
	s.Run(t)
}
