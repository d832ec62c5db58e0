// Package telemetry makes traces, metrics and logs of what the rest of the gateway tells its observers. It alone knows
// the OpenTelemetry SDK and the Prometheus client. Nothing here makes a request wait: what a collector does not take in
// time is counted and dropped.
//
// No code, secret or recipient comes in here. Labels of metrics are words of a known list: names of the configuration,
// countries, channels, classes. A reference is an attribute of spans and never a label.
package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// Options say what is told, and to whom.
type Options struct {
	Service string // name under which collectors know the gateway
	Version string // of the program
	Traces  Export
	Sample  float64 // share of requests that are traced, from 0 to 1
	Metrics Export
	Every   time.Duration // between two exports of the metrics
	Logs    Export
	Log     *slog.Logger // is told when a collector begins to fail, and when it is well again; never sent to a collector
}

// Export is a collector that takes OTLP over HTTP with protobuf (OTLP 1.x, "OTLP/HTTP").
type Export struct {
	Endpoint string                      // base URL, without the path of the signal; empty: none
	Headers  map[string]providers.Secret // of every request, for credentials
}

// Names are what labels may hold, besides the fixed words. Everything else is told as "other".
type Names struct {
	Apps, Providers []string
	Propagate       []string // providers whose upstreams are told the trace
}

// Telemetry is what a gateway tells about itself. It outlives configurations.
type Telemetry struct {
	metrics *metrics
	tracer  *tracer // nil: off
	logs    *logs   // nil: off
	push    *pusher // nil: off
	known   *atomic.Pointer[known]
}

// known is [Names], for look-ups.
type known struct{ apps, providers, propagate map[string]bool }

// New makes the telemetry. It does no I/O; a collector that cannot be reached is logged when it matters.
func New(o Options) (*Telemetry, error) {
	t := &Telemetry{known: new(atomic.Pointer[known])}
	t.known.Store(&known{})
	t.metrics = newMetrics(o.Version, t.known)
	// The SDK tells its errors to one handler of the whole process, which would print them. What matters of them is
	// counted and logged where exports end.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
	gateFor := func(signal string) *gate { return newGate(signal, t.metrics.dropped, o.Log) }
	var errs [3]error
	t.tracer, errs[0] = newTracer(o, gateFor("traces"))
	t.push, errs[1] = newPusher(o, t.metrics.registry, gateFor("metrics"))
	t.logs, errs[2] = newLogs(o, gateFor("logs"))
	return t, errors.Join(errs[:]...)
}

// Know puts the names of a configuration in force.
func (t *Telemetry) Know(n Names) {
	t.known.Store(&known{apps: setOf(n.Apps), providers: setOf(n.Providers), propagate: setOf(n.Propagate)})
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// Handler writes the metrics as Prometheus reads them.
func (t *Telemetry) Handler() http.Handler { return t.metrics.handler() }

// Families are all families of metrics that [Telemetry.Handler] may write, besides those of Go and of the process.
func (t *Telemetry) Families() []Family { return slices.Clone(t.metrics.families) }

// Watch has the state of providers and store read whenever the metrics are. backlog may be nil.
func (t *Telemetry) Watch(readings func() []routing.Reading, backlog func(context.Context) (Backlog, error)) {
	t.metrics.scrape.sources.Store(&sources{readings, backlog})
}

// Calls observes routing.
func (t *Telemetry) Calls() routing.Observer {
	return &calls{tracer: t.tracer, metrics: t.metrics, known: t.known}
}

// Uses observes the use cases.
func (t *Telemetry) Uses() otp.Observer { return &uses{tracer: t.tracer, metrics: t.metrics} }

// Requests observes the API.
func (t *Telemetry) Requests() *Requests { return &Requests{tracer: t.tracer, metrics: t.metrics} }

// Store is s, with its verbs measured.
func (t *Telemetry) Store(s otp.Store) otp.Store { return newStore(s, t.metrics) }

// Script takes in how long a script of the store on Redis took, and whether it failed.
func (t *Telemetry) Script(name string, took time.Duration, err error) {
	t.metrics.scripts.of(name).Observe(took.Seconds())
	if err != nil {
		t.metrics.scriptFail.of(name).Inc()
	}
}

// Reloaded counts a new configuration: one that was put in force, or one that was refused.
func (t *Telemetry) Reloaded(ok bool) { t.metrics.reloaded(ok) }

// Lost counts reports of deliveries that had no room.
func (t *Telemetry) Lost(reports int) { t.metrics.lostReports.Add(float64(reports)) }

// Shutdown hands out what is left, until ctx ends: all signals at once, so that a collector that does not answer takes
// no time from another. Nothing may be told any more. What could not be handed out is counted and logged, and no error.
func (t *Telemetry) Shutdown(ctx context.Context) {
	var group sync.WaitGroup
	for _, end := range []func(context.Context){t.tracer.end, t.push.end, t.logs.end} {
		group.Go(func() { end(ctx) })
	}
	group.Wait()
}
