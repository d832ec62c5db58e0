package telemetry

import (
	"context"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Requests makes spans and metrics of the requests of the API.
type Requests struct {
	tracer  *tracer
	metrics *metrics
}

// Request is what is told of a request. It holds nothing that the client wrote.
type Request struct {
	Method string
	Route  string // as configured, with names in place of values; empty: none fits
	Peer   string // address that it came from
	App    string // id; empty: not known
	Status int
	Code   string // of the refusal; empty: granted
	Took   time.Duration
}

// Began begins the span of a request: method and route make its name. header is the traceparent that came with it.
func (o *Requests) Began(ctx context.Context, method, route, header string) context.Context {
	if o.tracer == nil {
		return ctx
	}
	ctx, span := o.tracer.Start(o.tracer.receive(ctx, header), method+" "+route, trace.WithSpanKind(trace.SpanKindServer))
	if span.IsRecording() {
		span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route))
	}
	return ctx
}

// Ended ends the span, if one began, and counts the request. The attributes are those of the OpenTelemetry semantic
// conventions, "HTTP server"; address, path and query are left out on purpose.
func (o *Requests) Ended(ctx context.Context, r Request) {
	o.metrics.requested(r)
	if o.tracer == nil {
		return
	}
	span := trace.SpanFromContext(ctx)
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(
		attribute.Int("http.response.status_code", r.Status), attribute.String("client.address", r.Peer))
	if r.App != "" {
		span.SetAttributes(attribute.String("otpgate.app", r.App))
	}
	if r.Code != "" {
		span.SetAttributes(attribute.String("otpgate.code", r.Code))
	}
	if r.Status >= 500 {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(attribute.String("error.type", strconv.Itoa(r.Status)))
	}
}
