package telemetry

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/otpgate/otpgate/routing"
)

// Backlog is what waits in the store.
type Backlog struct {
	Writes  int // operations that wait for the writer
	Timers  int // steps of fallbacks that are due
	Reports int // reports that wait for a delivery which is not known yet
	History int // changed verifications that the history has not taken in yet
	Pool    *Pool
}

// Pool is how the connections to a store are used; nil: it has none.
type Pool struct {
	Total, Idle            int    // connections
	Hits, Misses, Timeouts uint64 // waits for one: none was needed, a new one was made, none became free in time
}

// sources are what a scrape reads.
type sources struct {
	readings func() []routing.Reading
	backlog  func(context.Context) (Backlog, error) // nil: there is none
}

// scrapeTime bounds how long a scrape waits for the store.
const scrapeTime = time.Second

// scrape reads what is a state and no event, at the moment when somebody wants to know. Without sources it reads
// nothing.
type scrape struct {
	sources atomic.Pointer[sources]

	breaker, cooling, inFlight, inFlightLimit, rateTokens, rateLimit *prometheus.Desc
	writes, timers, reports, history, connections, waits             *prometheus.Desc
}

func newScrape(note func(name, help string, labels []string)) *scrape {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		note(name, help, labels)
		return prometheus.NewDesc("otpgate_"+name, help, labels, nil)
	}
	return &scrape{
		breaker: desc("breaker_state", "State of the breaker: 0 closed, 1 on trial, 2 open.", "provider",
			"channel"),
		cooling: desc("provider_cooling_down",
			"1 while the provider is left alone because it asked for that.", "provider", "channel"),
		inFlight:      desc("provider_in_flight", "Calls under way.", "provider"),
		inFlightLimit: desc("provider_in_flight_limit", "Calls that may be under way; 0: not bounded.", "provider"),
		rateTokens: desc("provider_rate_tokens",
			"Calls that may begin at once; negative: owed by calls that wait.", "provider"),
		rateLimit: desc("provider_rate_limit", "Calls that may begin in a second; 0: not bounded.", "provider"),
		writes:    desc("store_queue_length", "Operations that wait for the writer of the store."),
		timers:    desc("timers_due", "Steps of fallbacks that are due and not made yet."),
		reports:   desc("reports_parked", "Reports of deliveries that nobody knows yet."),
		history: desc("history_behind",
			"Steps on verifications that lists, logs and reports do not tell of yet; on Redis."),
		connections: desc("redis_connections", "Connections to Redis, by state: idle or busy.", "state"),
		waits: desc("redis_connection_waits_total",
			"Times that a connection was needed, by outcome: hit (one was idle), miss (one was made) or timeout.", "outcome"),
	}
}

// Describe implements [prometheus.Collector].
func (s *scrape) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		s.breaker, s.cooling, s.inFlight, s.inFlightLimit, s.rateTokens, s.rateLimit, s.writes, s.timers, s.reports,
		s.history, s.connections, s.waits,
	} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (s *scrape) Collect(to chan<- prometheus.Metric) {
	from := s.sources.Load()
	if from == nil {
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	s.collectProviders(from.readings(), gauge)
	if from.backlog != nil {
		s.collectStore(from.backlog, gauge, func(d *prometheus.Desc, value float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
		})
	}
}

type gauging func(d *prometheus.Desc, value float64, labels ...string)

func (s *scrape) collectProviders(readings []routing.Reading, gauge gauging) {
	told := map[string]bool{}
	for _, r := range readings {
		gauge(s.breaker, level(r.State), r.Provider, string(r.Channel))
		cooling := 0.0
		if !r.CoolingUntil.IsZero() {
			cooling = 1
		}
		gauge(s.cooling, cooling, r.Provider, string(r.Channel))
		if told[r.Provider] {
			continue // its limits are shared by its channels
		}
		told[r.Provider] = true
		gauge(s.inFlight, float64(r.InFlight), r.Provider)
		gauge(s.inFlightLimit, float64(r.MaxInFlight), r.Provider)
		gauge(s.rateTokens, r.Tokens, r.Provider)
		gauge(s.rateLimit, r.PerSecond, r.Provider)
	}
}

// collectStore tells nothing when the store does not answer: its own errors say so.
func (s *scrape) collectStore(backlog func(context.Context) (Backlog, error), gauge, count gauging) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	b, err := backlog(ctx)
	if err != nil {
		return
	}
	gauge(s.writes, float64(b.Writes))
	gauge(s.timers, float64(b.Timers))
	gauge(s.reports, float64(b.Reports))
	gauge(s.history, float64(b.History))
	if b.Pool == nil {
		return
	}
	gauge(s.connections, float64(b.Pool.Idle), "idle")
	gauge(s.connections, float64(b.Pool.Total-b.Pool.Idle), "busy")
	for outcome, n := range map[string]uint64{"hit": b.Pool.Hits, "miss": b.Pool.Misses, "timeout": b.Pool.Timeouts} {
		count(s.waits, float64(n), outcome)
	}
}

func level(s routing.State) float64 {
	switch s {
	case routing.Open:
		return 2
	case routing.HalfOpen:
		return 1
	default:
		return 0
	}
}
