package whatsapp_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transporttest"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp/whatsapptwin"
	"github.com/otpgate/otpgate/providers/twin"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	transporttest.Suite{
		OneShot:  true,
		CodeOnly: true,
		Channel:  providers.WhatsApp,
		To:       person,
		Start:    bench,
		Skip: map[transporttest.Fault]string{
			transporttest.Silent: "a request is written at once: see TestAConnectionThatIsNeverReadyIsTransient",
		},
	}.Run(t)
}

// bench is a stand as the suite wants it.
func bench(t *testing.T) transporttest.Stand {
	t.Helper()
	var trait atomic.Value
	trait.Store(twin.Ordinary)
	s := start(t, whatsapptwin.Options{Trait: func(string) twin.Trait { return trait.Load().(twin.Trait) }})
	before, down := 0, false
	return transporttest.Stand{
		Transport: s.carrier,
		Arrivals:  func() []transporttest.Arrival { return arrivals(s.Inbox) },
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
	server, err := twin.Start(s.Twin.Twin, strings.TrimPrefix(s.server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	s.server = server
}

// arrivals are the codes of an inbox, oldest first: the text around them is WhatsApp's.
func arrivals(inbox *twin.Inbox) []transporttest.Arrival {
	var all []transporttest.Arrival
	for _, m := range slices.Backward(inbox.Messages("", "")) {
		code, _, _ := strings.Cut(m.Text, " ")
		all = append(all, transporttest.Arrival{To: m.To, Text: code})
	}
	return all
}
