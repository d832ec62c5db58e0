package telemetry

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
	"github.com/otpgate/otpgate/routing"
)

// calls makes spans and metrics of calls to providers.
type calls struct {
	tracer  *tracer
	metrics *metrics
	known   *atomic.Pointer[known]
}

// TryBegan implements [routing.Observer].
func (o *calls) TryBegan(ctx context.Context, call routing.Call) context.Context {
	if o.tracer == nil {
		return ctx
	}
	ctx, span := o.tracer.Start(ctx, "provider."+call.Op, trace.WithSpanKind(trace.SpanKindClient))
	describe(span, call)
	if span.SpanContext().IsValid() && o.known.Load().propagate[call.Provider] {
		ctx = upstream.WithTrace(ctx, o.tracer.header(ctx))
	}
	return ctx
}

func describe(span trace.Span, call routing.Call) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(
		attribute.String("otpgate.provider", call.Provider), attribute.String("otpgate.channel", string(call.Channel)))
	if call.Place > 0 {
		span.SetAttributes(attribute.String("otpgate.rule", call.Rule), attribute.Int("otpgate.place", call.Place))
	}
}

// TryEnded implements [routing.Observer].
func (o *calls) TryEnded(ctx context.Context, call routing.Call, took time.Duration, err *providers.Error) {
	o.metrics.called(call, took, err)
	if o.tracer == nil {
		return
	}
	end(trace.SpanFromContext(ctx), err)
}

// end ends a span with what came of its call.
func end(span trace.Span, err *providers.Error, options ...trace.SpanEndOption) {
	if err != nil && span.IsRecording() {
		class := err.Class.String()
		span.SetStatus(codes.Error, class)
		span.SetAttributes(
			attribute.String("error.type", class), attribute.String("otpgate.class", class),
			attribute.String("otpgate.upstream_code", err.Code))
		if err.RetryAfter > 0 {
			span.SetAttributes(attribute.Float64("otpgate.retry_after", err.RetryAfter.Seconds()))
		}
	}
	span.End(options...)
}

// Late implements [routing.Observer]. The span of the try has ended when it was given up, so the answer gets its own.
func (o *calls) Late(ctx context.Context, call routing.Call, took time.Duration, err *providers.Error) {
	o.metrics.calledLate(call, err)
	if o.tracer == nil {
		return
	}
	_, span := o.tracer.Start(ctx, "provider.late", trace.WithTimestamp(time.Now().Add(-took)))
	describe(span, call)
	end(span, err)
}

// BreakerChanged implements [routing.Observer].
func (o *calls) BreakerChanged(spot routing.Spot, _, to routing.State) {
	o.metrics.breakerChanged(spot, to)
}

// Loud implements [routing.Observer].
func (o *calls) Loud(_ context.Context, call routing.Call, err *providers.Error) {
	o.metrics.loud(call, err)
}
