package gateway

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// callbackParsers are the providers whose upstreams may call, by name.
func callbackParsers(built []routing.ProviderSettings) map[string]providers.CallbackParser {
	parsers := map[string]providers.CallbackParser{}
	for _, p := range built {
		if parser, ok := p.Provider.(providers.CallbackParser); ok {
			parsers[p.Provider.Info().Name] = parser
		}
	}
	return parsers
}

// maxHeard is how many reports wait for the store at most, and heardBatch how many of them it gets at once.
const maxHeard, heardBatch = 10_000, 50

// mailbox takes the reports that providers hear by themselves. It never makes them wait: what it has no room for is
// counted and lost.
type mailbox struct {
	queue chan heard
	lost  atomic.Int64
	count func(reports int) // is told of those that were lost
	log   *slog.Logger
}

type heard struct {
	provider string
	report   providers.Report
}

func newMailbox(log *slog.Logger) *mailbox {
	return &mailbox{queue: make(chan heard, maxHeard), log: log, count: func(int) {}}
}

// attach has everything that the providers hear put into the mailbox.
func (m *mailbox) attach(built []routing.ProviderSettings) {
	for _, p := range built {
		name := p.Provider.Info().Name
		if r, ok := p.Provider.(providers.Reporter); ok {
			r.OnReport(func(one providers.Report) { m.put(heard{name, one}) })
		}
	}
}

func (m *mailbox) put(h heard) {
	select {
	case m.queue <- h:
	default:
		m.lost.Add(1)
	}
}

// handTime bounds how long a batch waits for the store, and all that is left when the gateway ends.
const handTime = 2 * time.Second

// empty hands the reports on as they come, until ctx ends, and then what is left.
func (m *mailbox) empty(ctx context.Context, report reporting) {
	kept := context.WithoutCancel(ctx) // what was taken out of the queue is handed on
	for ctx.Err() == nil {
		select {
		case first := <-m.queue:
			m.hand(kept, m.gather(first), report)
		case <-ctx.Done():
		}
	}
	closing, cancel := context.WithTimeout(kept, handTime)
	defer cancel()
	for len(m.queue) > 0 && closing.Err() == nil {
		m.hand(closing, m.gather(<-m.queue), report)
	}
}

// reporting is [otp.Service.Report].
type reporting func(ctx context.Context, provider string, reports []providers.Report) error

// gather adds to the first what waits at this moment.
func (m *mailbox) gather(first heard) map[string][]providers.Report {
	batch := map[string][]providers.Report{first.provider: {first.report}}
	for range min(len(m.queue), heardBatch-1) {
		next := <-m.queue
		batch[next.provider] = append(batch[next.provider], next.report)
	}
	return batch
}

func (m *mailbox) hand(ctx context.Context, batch map[string][]providers.Report, report reporting) {
	ctx, cancel := context.WithTimeout(ctx, handTime)
	defer cancel()
	for provider, reports := range batch {
		if err := report(ctx, provider, reports); err != nil {
			m.count(len(reports))
			m.log.Error("reports of deliveries were lost", "provider", provider, "reports", len(reports), "error", err)
		}
	}
	if n := m.lost.Swap(0); n > 0 {
		m.count(int(n))
		m.log.Error("reports of deliveries were lost: they came faster than the store takes them", "reports", n)
	}
}

// listen takes in what providers hear by themselves.
func (g *Gateway) listen(ctx context.Context) {
	g.ground.mailbox.empty(ctx, func(ctx context.Context, provider string, reports []providers.Report) error {
		return g.current.Load().service.Report(ctx, provider, reports)
	})
}
