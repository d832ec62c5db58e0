package gateway

import (
	"context"
	"log/slog"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// observer writes what routing does into the log, and passes it on.
type observer struct {
	routing.Observer
	log *slog.Logger
}

func newObserver(next routing.Observer, log *slog.Logger) observer { return observer{next, log} }

// TryEnded logs each try of a delivery and each check.
func (o observer) TryEnded(ctx context.Context, call routing.Call, took time.Duration, err *providers.Error) {
	defer o.Observer.TryEnded(ctx, call, took, err)
	if err != nil {
		o.log.WarnContext(ctx, "provider failed", attributes(call, took, err)...)
		return
	}
	level := slog.LevelInfo
	if call.Place == 0 { // a check, which leaves a line of its request
		level = slog.LevelDebug
	}
	if o.log.Enabled(ctx, level) {
		o.log.Log(ctx, level, "provider answered", attributes(call, took, err)...)
	}
}

// Late logs an answer that came after its try was given up.
func (o observer) Late(ctx context.Context, call routing.Call, took time.Duration, err *providers.Error) {
	defer o.Observer.Late(ctx, call, took, err)
	o.log.InfoContext(ctx, "provider answered late", attributes(call, took, err)...)
}

// BreakerChanged logs it.
func (o observer) BreakerChanged(spot routing.Spot, from, to routing.State) {
	defer o.Observer.BreakerChanged(spot, from, to)
	o.log.Warn("breaker changed", "provider", spot.Provider, "channel", spot.Channel, "from", from, "to", to)
}

// Loud logs what a person has to mend.
func (o observer) Loud(ctx context.Context, call routing.Call, err *providers.Error) {
	defer o.Observer.Loud(ctx, call, err)
	o.log.ErrorContext(ctx, "provider needs attention", attributes(call, 0, err)...)
}

func attributes(call routing.Call, took time.Duration, err *providers.Error) []any {
	list := []any{"provider", call.Provider, "channel", call.Channel, "op", call.Op, "took_ms", took.Milliseconds()}
	if call.Place > 0 {
		list = append(list, "rule", call.Rule, "place", call.Place)
	}
	if err != nil {
		list = append(list, "class", err.Class.String(), "code", err.Code, "error", err.Error())
	}
	return list
}
