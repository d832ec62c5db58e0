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
	switch {
	case err != nil:
		o.tell(ctx, slog.LevelWarn, "provider failed", call, took, err)
	case call.Place == 0: // a check, which leaves a line of its request
		o.tell(ctx, slog.LevelDebug, "provider answered", call, took, nil)
	default:
		o.tell(ctx, slog.LevelInfo, "provider answered", call, took, nil)
	}
}

// Late logs an answer that came after its try was given up.
func (o observer) Late(ctx context.Context, call routing.Call, took time.Duration, err *providers.Error) {
	defer o.Observer.Late(ctx, call, took, err)
	o.tell(ctx, slog.LevelInfo, "provider answered late", call, took, err)
}

// BreakerChanged logs it.
func (o observer) BreakerChanged(spot routing.Spot, from, to routing.State) {
	defer o.Observer.BreakerChanged(spot, from, to)
	o.log.Warn("breaker changed", "provider", spot.Provider, "channel", spot.Channel, "from", from, "to", to)
}

// Loud logs what a person has to mend.
func (o observer) Loud(ctx context.Context, call routing.Call, err *providers.Error) {
	defer o.Observer.Loud(ctx, call, err)
	o.tell(ctx, slog.LevelError, "provider needs attention", call, 0, err)
}

// tell writes a line about a call. Most requests leave one, so it is made by hand: without the place in the source,
// which nobody is told, and without a list on the heap.
func (o observer) tell(
	ctx context.Context, level slog.Level, message string, call routing.Call, took time.Duration, err *providers.Error,
) {
	if !o.log.Enabled(ctx, level) {
		return
	}
	line := slog.NewRecord(time.Now(), level, message, 0)
	line.AddAttrs(slog.String("provider", call.Provider), slog.String("channel", string(call.Channel)),
		slog.String("op", call.Op), slog.Int64("took_ms", took.Milliseconds()))
	if call.Place > 0 {
		line.AddAttrs(slog.String("rule", call.Rule), slog.Int("place", call.Place))
	}
	if err != nil {
		line.AddAttrs(slog.String("class", err.Class.String()), slog.String("code", err.Code),
			slog.String("error", err.Error()))
	}
	_ = o.log.Handler().Handle(ctx, line) // a line that cannot be written is lost, as ever
}
