package routing

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Observer is told what routing does: the place for spans, metrics and logs. Its methods are called from many
// goroutines, on the path of the requests: they must not block. None is called under a lock of routing.
type Observer interface {
	// TryBegan is told before a provider is called. The provider gets the context that it returns.
	TryBegan(ctx context.Context, call Call) context.Context
	// TryEnded is told when the call ended or was given up; ctx is what TryBegan returned, as for the others. err is nil
	// on success.
	TryEnded(ctx context.Context, call Call, took time.Duration, err *providers.Error)
	// Late is told of the answer to a call that had been given up. It may come in the same moment as TryEnded.
	Late(ctx context.Context, call Call, took time.Duration, err *providers.Error)
	// BreakerChanged is told when a breaker opens, closes or lets calls through on trial, in the order of the changes.
	BreakerChanged(spot Spot, from, to State)
	// Loud is told of failures that a person has to mend: refused credentials, an empty account, a defect of the adapter.
	Loud(ctx context.Context, call Call, err *providers.Error)
}

// Call is one call to a provider.
type Call struct {
	Spot
	Op    string // "send", "resend", "verify"
	Rule  string // that led to it; empty: none
	Place int    // in the plan, from 1; 0: a verify
}

// Silent is the observer that does nothing.
type Silent struct{}

// TryBegan returns ctx.
func (Silent) TryBegan(ctx context.Context, _ Call) context.Context { return ctx }

// TryEnded does nothing.
func (Silent) TryEnded(context.Context, Call, time.Duration, *providers.Error) {}

// Late does nothing.
func (Silent) Late(context.Context, Call, time.Duration, *providers.Error) {}

// BreakerChanged does nothing.
func (Silent) BreakerChanged(Spot, State, State) {}

// Loud does nothing.
func (Silent) Loud(context.Context, Call, *providers.Error) {}
