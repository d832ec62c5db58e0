package console_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/console"
	"github.com/otpgate/otpgate/providers/inhouse/transporttest"
)

type phone struct {
	mu       sync.Mutex
	arrivals []transporttest.Arrival
	from     []string
}

func (p *phone) Receive(_ providers.Channel, to providers.Recipient, from, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.arrivals = append(p.arrivals, transporttest.Arrival{To: to.Address(), Text: text})
	p.from = append(p.from, from)
}

func (p *phone) all() []transporttest.Arrival {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.arrivals
}

func suite() transporttest.Suite {
	const reason = "the console has no upstream that could fail"
	return transporttest.Suite{
		Channel: providers.SMS,
		To: func(n int) providers.Recipient {
			return providers.NewPhone(fmt.Sprintf("+23320123%04d", n), "GH", fmt.Sprintf("020123%04d", n))
		},
		Start: func(t *testing.T) transporttest.Stand {
			t.Helper()
			p := new(phone)
			c, err := console.Kind().Options().Build(providers.Environment{Phone: p})
			if err != nil {
				t.Fatal(err)
			}
			return transporttest.Stand{Transport: c, Arrivals: p.all}
		},
		Skip: map[transporttest.Fault]string{
			transporttest.Down: reason, transporttest.Throttling: reason, transporttest.Locked: reason,
			transporttest.Barred: reason, transporttest.Silent: reason, transporttest.Swallowing: reason,
		},
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	suite().Run(t)
}

func TestLogShowsTextAndMasksRecipient(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	p := new(phone)
	env := providers.Environment{Phone: p, Log: slog.New(slog.NewJSONHandler(&log, nil))}
	options := console.Kind().Options()
	options.Check(nil)
	c, err := options.Build(env)
	if err != nil {
		t.Fatal(err)
	}
	m := suite().Message(4567, "{code} is your code")
	if _, err := c.Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), m.Text.Reveal()) || strings.Contains(log.String(), m.To.Address()) {
		t.Errorf("the log must show the text and not the number: %s", log.String())
	}
	if p.from[0] != "Shop" {
		t.Errorf("sender is %q, want Shop", p.from[0])
	}
}

func TestRefusedOutsideASandbox(t *testing.T) {
	t.Parallel()
	_, err := console.Kind().Options().Build(providers.Environment{Name: "inhouse"})
	if err == nil || !strings.Contains(err.Error(), "smtp") {
		t.Errorf("got %v, want an error that says what to use instead", err)
	}
}
