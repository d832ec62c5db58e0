package httpsms_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/otpgate/otpgate/providers/inhouse/transporttest"
	"github.com/otpgate/otpgate/providers/twin"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	for name, m := range models() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suite := transporttest.Suite{
				OneShot: true,
				Channel: m.message(1).Channel,
				To:      person,
				Start:   func(t *testing.T) transporttest.Stand { return m.bench(t) },
				Skip: map[transporttest.Fault]string{
					transporttest.Silent: "a request is written at once: see TestAConnectionThatIsNeverReadyIsTransient",
				},
			}
			suite.CodeOnly = m.calls
			if m.skip != "" {
				suite.Skip[transporttest.Barred] = m.skip
			}
			suite.Run(t)
		})
	}
}

// bench is a stand as the suite wants it.
func (m model) bench(t *testing.T) transporttest.Stand {
	t.Helper()
	var trait atomic.Value
	trait.Store(twin.Ordinary)
	s := m.start(t, func(string) twin.Trait { return trait.Load().(twin.Trait) })
	before, down := 0, false
	return transporttest.Stand{
		Transport: s.carrier,
		Arrivals:  s.arrivals,
		Break: func(f transporttest.Fault) {
			before = len(s.Requests("send"))
			if down {
				s.restart(t)
			}
			if down = f == transporttest.Down; down {
				_ = s.server.Close()
			}
			trait.Store(map[transporttest.Fault]twin.Trait{
				transporttest.Throttling: twin.TooMany, transporttest.Barred: twin.Invalid,
			}[f])
			s.Faults.Clear("")
			switch f {
			case transporttest.Locked:
				_ = s.Faults.Set(twin.Fault{Kind: twin.Status, Status: http.StatusUnauthorized})
			case transporttest.Swallowing:
				_ = s.Faults.Set(twin.Fault{Kind: twin.Hang})
			}
		},
		Held: func() bool { return len(s.Requests("send")) > before },
	}
}

// restart serves the twin again where it was.
func (s *stand) restart(t *testing.T) {
	t.Helper()
	server, err := twin.Start(s.Twin, strings.TrimPrefix(s.server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	s.server = server
}

// arrivals are those of the twin; of a text of the vendor's own, the code.
func (s *stand) arrivals() []transporttest.Arrival {
	s.calls.Wait()
	all := arrivals(s.Inbox)
	for i := range all {
		if s.model.calls {
			all[i].Text = strings.TrimSuffix(strings.TrimPrefix(all[i].Text, "Your code is "), ".")
		}
	}
	return all
}

// arrivals are the messages of an inbox, oldest first, with numbers as the transport was given them.
func arrivals(inbox *twin.Inbox) []transporttest.Arrival {
	var all []transporttest.Arrival
	for _, m := range slices.Backward(inbox.Messages("", "")) {
		all = append(all, transporttest.Arrival{To: "+" + strings.TrimPrefix(m.To, "+"), Text: m.Text})
	}
	return all
}
