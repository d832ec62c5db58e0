package telemetry

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/otpgate/otpgate/gateway/otp"
)

// uses makes spans and metrics of use cases.
type uses struct {
	tracer  *tracer
	metrics *metrics
}

// Began implements [otp.Observer]. What a timer does is a trace of its own, with a link to the one of the send.
func (o *uses) Began(ctx context.Context, use otp.Use) context.Context {
	if o.tracer == nil {
		return ctx
	}
	var options []trace.SpanStartOption
	if use.Origin != "" {
		origin := trace.Link{SpanContext: o.tracer.origin(use.Origin)}
		options = append(options, trace.WithNewRoot(), trace.WithLinks(origin))
	}
	ctx, span := o.tracer.Start(ctx, "otp."+use.Name, options...)
	if span.IsRecording() {
		span.SetAttributes(attribute.String("otpgate.app", use.App))
	}
	return ctx
}

// Ended implements [otp.Observer]. A refusal is an answer and no failure of the span; its code stands beside it.
func (o *uses) Ended(ctx context.Context, use otp.Use, v otp.Verification, err error) {
	outcome := outcomeOf(err)
	o.metrics.used(use, outcome)
	if o.tracer == nil {
		return
	}
	span := trace.SpanFromContext(ctx)
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("otpgate.outcome", outcome))
	if v.Reference != "" {
		span.SetAttributes(attribute.String("otpgate.reference", string(v.Reference)))
	}
	if faulty(outcome) {
		span.SetStatus(codes.Error, outcome)
		span.SetAttributes(attribute.String("error.type", outcome))
	}
	if use.Origin == "" && v.Trace != "" {
		o.tie(span, v.Trace)
	}
}

// tie links a later use case to the send that it belongs to.
func (o *uses) tie(span trace.Span, header string) {
	if origin := o.tracer.origin(header); origin.TraceID() != span.SpanContext().TraceID() {
		span.AddLink(trace.Link{SpanContext: origin})
	}
}

// Trace implements [otp.Observer].
func (o *uses) Trace(ctx context.Context) string { return o.tracer.name(ctx) }

// Delivered implements [otp.Observer].
func (o *uses) Delivered(v otp.Verification, d otp.Delivery) { o.metrics.delivered(v, d) }

// Settled implements [otp.Observer].
func (o *uses) Settled(v otp.Verification) { o.metrics.settled(v) }

// What an outcome is called besides the codes of refusals.
const (
	outcomeOK       = "ok"
	outcomeInternal = "internal" // a defect: no refusal of the contract
)

func outcomeOf(err error) string {
	if err == nil {
		return outcomeOK
	}
	if refusal, ok := errors.AsType[*otp.Error](err); ok {
		return string(refusal.Code)
	}
	return outcomeInternal
}

// faulty tells whether an outcome is somebody's fault on this side of the API.
func faulty(outcome string) bool {
	switch otp.Code(outcome) {
	case otp.ProviderUnavailable, otp.StoreUnavailable, otp.Overloaded, outcomeInternal:
		return true
	default:
		return false
	}
}
