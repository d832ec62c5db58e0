package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/trace"
)

// logs sends lines to a collector. A nil logs sends none.
type logs struct {
	provider *sdk.LoggerProvider
	client   *http.Client
}

func newLogs(o Options, g *gate) (*logs, error) {
	if o.Logs.Endpoint == "" {
		return nil, nil
	}
	client := newClient()
	exporter, err := otlploghttp.New(context.Background(),
		otlploghttp.WithEndpointURL(o.Logs.url("logs")), otlploghttp.WithHeaders(o.Logs.headers()),
		otlploghttp.WithHTTPClient(client))
	if err != nil {
		return nil, fmt.Errorf("telemetry.logs: %w", err)
	}
	queue := sdk.NewBatchProcessor(logExporter{exporter, g}, sdk.WithMaxQueueSize(maxWaiting),
		sdk.WithExportMaxBatchSize(batchSize), sdk.WithExportInterval(batchEvery), sdk.WithExportTimeout(exportTime))
	provider := sdk.NewLoggerProvider(sdk.WithResource(o.resource()), sdk.WithProcessor(gatedLogs{queue, g}))
	return &logs{provider, client}, nil
}

func (l *logs) end(ctx context.Context) {
	if l == nil {
		return
	}
	_ = l.provider.Shutdown(ctx) // the gate has seen what failed
	l.client.CloseIdleConnections()
}

// Log is base with the trace of each line, and with a copy of each line for the collector where there is one.
func (t *Telemetry) Log(base slog.Handler) slog.Handler {
	h := handler{Handler: base}
	if t.logs != nil {
		h.collector = otelslog.NewHandler(scope, otelslog.WithLoggerProvider(t.logs.provider))
	}
	return h
}

// handler names the trace in each line that belongs to one.
type handler struct {
	slog.Handler              // decides which lines are written
	collector    slog.Handler // nil: none
}

// Handle implements [slog.Handler]. A collector takes the trace from the context by itself.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if h.collector != nil {
		_ = h.collector.Handle(ctx, r) // it queues, and never fails
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.Handler = h.Handler.WithAttrs(attrs)
	if h.collector != nil {
		h.collector = h.collector.WithAttrs(attrs)
	}
	return h
}

// WithGroup implements [slog.Handler].
func (h handler) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	if h.collector != nil {
		h.collector = h.collector.WithGroup(name)
	}
	return h
}

// gatedLogs keeps the queue of lines within its bound.
type gatedLogs struct {
	sdk.Processor
	gate *gate
}

// OnEmit queues a line, or drops it.
func (g gatedLogs) OnEmit(ctx context.Context, r *sdk.Record) error {
	if !g.gate.enter() {
		return nil
	}
	return g.Processor.OnEmit(ctx, r)
}

// logExporter keeps account of what was exported.
type logExporter struct {
	sdk.Exporter
	gate *gate
}

// Export exports a batch.
func (e logExporter) Export(ctx context.Context, records []sdk.Record) error {
	err := e.Exporter.Export(ctx, records)
	e.gate.left(len(records), err)
	return err
}
