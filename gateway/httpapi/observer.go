package httpapi

import (
	"context"
	"time"
)

// Observer is told of requests: the place for spans and metrics. Its methods are called from many goroutines and must not
// block.
type Observer interface {
	// Began is told when the route of a request is known; probes are left out. The request runs in the context that is
	// returned. traceparent is the header of that name (W3C Trace Context) as it came, which may be anything; empty: none.
	Began(ctx context.Context, method, route, traceparent string) context.Context
	// Ended is told of every request when its answer is made; ctx is what Began returned, where it was called.
	Ended(ctx context.Context, e Exchange)
}

// Exchange is a request and its answer. It holds nothing that the client wrote.
type Exchange struct {
	Method string // one that the API knows, or OTHER
	Route  string // as documented, with names in place of values; empty: none fits
	Peer   string // address that it came from; empty: not known
	App    string // id; empty: not known
	Status int
	Code   string // of the refusal; empty: granted
	Took   time.Duration
}

// unobserved is the observer that does nothing.
type unobserved struct{}

// Began returns ctx.
func (unobserved) Began(ctx context.Context, _, _, _ string) context.Context { return ctx }

// Ended does nothing.
func (unobserved) Ended(context.Context, Exchange) {}

// traceparent is the header field of W3C Trace Context.
const traceparent = "Traceparent"

// follow has the request observed from here on.
func (r *call) follow() {
	var header string
	if values := r.header(traceparent); len(values) == 1 { // several name no trace
		header = values[0]
	}
	r.ctx = r.Observer.Began(r.ctx, r.method, r.route.path, header)
}

// observed tells what came of the request.
func (r *call) observed() {
	e := Exchange{
		Method: r.method, Route: r.route.path, Peer: r.peer(), Status: r.fiber.Response().StatusCode(),
		Code: string(r.code), Took: r.ended.Sub(r.began),
	}
	if r.caller.App != nil {
		e.App = r.caller.App.ID
	}
	r.Observer.Ended(r.ctx, e)
}
