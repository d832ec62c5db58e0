package gateway

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/telemetry"
	"github.com/otpgate/otpgate/routing"
)

// newTelemetry makes what the configuration asks for.
func newTelemetry(t config.Telemetry, o Options) (*telemetry.Telemetry, error) {
	to := func(c config.Collector) telemetry.Export {
		return telemetry.Export{Endpoint: c.Endpoint, Headers: c.Headers}
	}
	return telemetry.New(telemetry.Options{
		Service: t.Service, Version: cmp.Or(o.Version, "unknown"), Traces: to(t.Traces.Collector), Sample: t.Traces.Sample,
		Metrics: to(t.Metrics.Collector), Every: t.Metrics.Every, Logs: to(t.Logs.Collector), Log: o.Log,
	})
}

// labels are the names of a configuration that metrics may use.
func labels(cfg *config.Config) telemetry.Names {
	names := telemetry.Names{
		Apps: slices.Collect(maps.Keys(cfg.Apps)), Providers: slices.Collect(maps.Keys(cfg.Providers)),
	}
	for name, p := range cfg.Providers {
		if p.PropagateTrace {
			names.Propagate = append(names.Propagate, name)
		}
	}
	return names
}

// Metrics writes the metrics as Prometheus reads them. It asks for no key: it belongs on the operators' listener.
func (g *Gateway) Metrics() http.Handler { return g.telemetry.Handler() }

// watch has telemetry read the state of providers and store.
func (g *Gateway) watch() {
	readings := func() []routing.Reading { return g.current.Load().engine.Snapshot() }
	g.telemetry.Watch(readings, func(ctx context.Context) (telemetry.Backlog, error) {
		return g.store.Backlog(ctx, now())
	})
}

// flushTime bounds how long a stop waits for collectors, last of all and when everything else has ended.
const flushTime = 3 * time.Second

func (g *Gateway) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	g.telemetry.Shutdown(ctx)
}

// requests tells telemetry of the requests of the API.
type requests struct{ *telemetry.Requests }

// Ended implements [httpapi.Observer].
func (r requests) Ended(ctx context.Context, e httpapi.Exchange) {
	r.Requests.Ended(ctx, telemetry.Request(e))
}
