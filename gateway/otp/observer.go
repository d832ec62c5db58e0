package otp

import (
	"context"
	"errors"
	"time"
)

// Observer is told what the use cases do: the place for spans and metrics. Its methods are called from many goroutines,
// on the path of the requests: they must not block.
type Observer interface {
	// Began is told when a use case begins. It runs in the context that is returned.
	Began(ctx context.Context, use Use) context.Context
	// Ended is told how it ended; ctx is what Began returned. v is the verification that it was about: with its
	// reference alone when it was refused, and zero when not even that is known.
	Ended(ctx context.Context, use Use, v Verification, err error)
	// Trace names the trace that ctx belongs to, for [Verification.Trace]; empty: none is kept.
	Trace(ctx context.Context) string
	// Delivered is told of each delivery of v when it is written down.
	Delivered(v Verification, d Delivery)
	// Settled is told once of each verification that came to its end.
	Settled(v Verification)
}

// Use is one run of a use case.
type Use struct {
	Name string // "send", "resend", "verify", "cancel", "escalate"
	App  string // id of the app that asked, or whose verification it is
	// Origin is [Verification.Trace] of the verification that a timer goes on with; empty: a request asked, or none is kept.
	Origin string
}

// The use cases that are observed.
const (
	UseSend     = "send"
	UseResend   = "resend"
	UseVerify   = "verify"
	UseCancel   = "cancel"
	UseEscalate = "escalate"
)

// unobserved is the observer that does nothing.
type unobserved struct{}

// Began returns ctx.
func (unobserved) Began(ctx context.Context, _ Use) context.Context { return ctx }

// Ended does nothing.
func (unobserved) Ended(context.Context, Use, Verification, error) {}

// Trace returns nothing.
func (unobserved) Trace(context.Context) string { return "" }

// Delivered does nothing.
func (unobserved) Delivered(Verification, Delivery) {}

// Settled does nothing.
func (unobserved) Settled(Verification) {}

// observe tells the observer of a use case; the function that it returns is to be called with what came of it.
func (s *Service) observe(ctx context.Context, use Use) (context.Context, func(Verification, error)) {
	ctx = s.observer.Began(ctx, use)
	return ctx, func(v Verification, err error) {
		if told, refused := errors.AsType[*Error](err); refused && v.Reference == "" {
			v.Reference = told.Reference
		}
		s.observer.Ended(ctx, use, v, err)
	}
}

// settled tells of a verification that the step at now brought to the end called status. One that had ended before is no
// news.
func (s *Service) settled(v Verification, status Status, now time.Time) {
	kept := now.Truncate(time.Millisecond) // as stores keep it
	if v.Status == status && (v.EndedAt.Equal(now) || v.EndedAt.Equal(kept)) {
		s.observer.Settled(v)
	}
}
