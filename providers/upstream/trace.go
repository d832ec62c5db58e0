package upstream

import "context"

type traceKey struct{}

// WithTrace has calls in ctx tell the upstream the trace that they belong to: header is a W3C traceparent.
func WithTrace(ctx context.Context, header string) context.Context {
	return context.WithValue(ctx, traceKey{}, header)
}

// traceOf is what WithTrace said; empty: the upstream is told nothing.
func traceOf(ctx context.Context) string {
	header, _ := ctx.Value(traceKey{}).(string)
	return header
}
