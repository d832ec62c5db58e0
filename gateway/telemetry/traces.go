package telemetry

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// scope is what the gateway's spans and log lines are filed under.
const scope = "github.com/otpgate/otpgate"

// How batches are made and sent. An export that fails is tried again within its time, and then given up.
const (
	batchSize   = 512
	batchEvery  = time.Second
	exportTime  = 10 * time.Second
	connections = 2
)

// traceparent is the header of W3C Trace Context. Its companion tracestate is neither read nor passed on: it is text that
// others wrote.
const traceparent = "traceparent"

// tracer makes spans. A nil tracer makes none.
type tracer struct {
	trace.Tracer
	provider *sdk.TracerProvider
	client   *http.Client
	context  propagation.TraceContext
}

func newTracer(o Options, g *gate) (*tracer, error) {
	if o.Traces.Endpoint == "" {
		return nil, nil
	}
	client := newClient()
	exporter, err := otlptracehttp.New(context.Background(),
		otlptracehttp.WithEndpointURL(o.Traces.url("traces")), otlptracehttp.WithHeaders(o.Traces.headers()),
		otlptracehttp.WithHTTPClient(client))
	if err != nil {
		return nil, fmt.Errorf("telemetry.traces: %w", err)
	}
	queue := sdk.NewBatchSpanProcessor(spanExporter{exporter, g}, sdk.WithMaxQueueSize(maxWaiting),
		sdk.WithMaxExportBatchSize(batchSize), sdk.WithBatchTimeout(batchEvery), sdk.WithExportTimeout(exportTime))
	provider := sdk.NewTracerProvider(
		sdk.WithResource(o.resource()), sdk.WithSampler(share(o.Sample)), sdk.WithSpanProcessor(gatedSpans{queue, g}))
	return &tracer{Tracer: provider.Tracer(scope), provider: provider, client: client}, nil
}

// resource is what every signal says about its origin (OpenTelemetry semantic conventions, "service").
func (o Options) resource() *resource.Resource {
	return resource.NewSchemaless(
		attribute.String("service.name", o.Service), attribute.String("service.version", o.Version))
}

// newClient makes what reaches a collector. It follows no redirect, for its headers may hold credentials, and reads no
// proxy from the environment.
func newClient() *http.Client {
	return &http.Client{
		Timeout:       exportTime,
		Transport:     &http.Transport{Proxy: nil, MaxIdleConnsPerHost: connections, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// url is where a signal is posted to: /v1/traces and so on below the base, as OTLP says.
func (e Export) url(signal string) string {
	base := strings.TrimRight(e.Endpoint, "/")
	if path := "/v1/" + signal; !strings.HasSuffix(base, path) {
		base += path
	}
	return base
}

func (e Export) headers() map[string]string {
	plain := make(map[string]string, len(e.Headers))
	for name, value := range e.Headers {
		plain[name] = value.Reveal()
	}
	return plain
}

func (t *tracer) end(ctx context.Context) {
	if t == nil {
		return
	}
	_ = t.provider.Shutdown(ctx) // the gate has seen what failed
	t.client.CloseIdleConnections()
}

// receive takes up the trace that a client named.
func (t *tracer) receive(ctx context.Context, header string) context.Context {
	if header == "" {
		return ctx
	}
	return t.context.Extract(ctx, propagation.MapCarrier{traceparent: header})
}

// name is the W3C traceparent of ctx; empty: its trace is not kept.
func (t *tracer) name(ctx context.Context) string {
	if t == nil || !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	return t.header(ctx)
}

// header is the W3C traceparent of ctx, whether or not its trace is kept.
func (t *tracer) header(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	t.context.Inject(ctx, carrier)
	return carrier[traceparent]
}

// origin is the span that a traceparent names.
func (t *tracer) origin(header string) trace.SpanContext {
	return trace.SpanContextFromContext(t.receive(context.Background(), header))
}

// share samples its share of the traces. What a client says about sampling is not heeded, nor does the id that it chose
// decide: else it could have everything traced. A span within the gateway goes with the one around it, and what a timer
// does goes with the trace that it is linked to.
type share float64

// ShouldSample implements [sdk.Sampler].
func (s share) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	around := trace.SpanContextFromContext(p.ParentContext)
	sampled := rand.Float64() < float64(s)
	if around.IsValid() && !around.IsRemote() {
		sampled = around.IsSampled()
	}
	for _, link := range p.Links {
		sampled = sampled || link.SpanContext.IsSampled()
	}
	if sampled {
		return sdk.SamplingResult{Decision: sdk.RecordAndSample}
	}
	return sdk.SamplingResult{Decision: sdk.Drop}
}

// Description implements [sdk.Sampler].
func (s share) Description() string { return fmt.Sprintf("share of %g", float64(s)) }

// gatedSpans keeps the queue of spans within its bound.
type gatedSpans struct {
	sdk.SpanProcessor
	gate *gate
}

// OnEnd queues a span, or drops it.
func (g gatedSpans) OnEnd(s sdk.ReadOnlySpan) {
	if s.SpanContext().IsSampled() && g.gate.enter() {
		g.SpanProcessor.OnEnd(s)
	}
}

// spanExporter keeps account of what was exported.
type spanExporter struct {
	sdk.SpanExporter
	gate *gate
}

// ExportSpans exports a batch.
func (e spanExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	e.gate.left(len(spans), err)
	return err
}
