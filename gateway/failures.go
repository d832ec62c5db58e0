package gateway

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/otpgate/otpgate/gateway/console"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// failures remembers the last failure of each provider on each channel, for the console.
type failures struct {
	routing.Observer // is told of everything

	mu   sync.Mutex
	last map[string]map[providers.Channel]console.Failure
}

func newFailures(next routing.Observer) *failures {
	return &failures{Observer: next, last: map[string]map[providers.Channel]console.Failure{}}
}

// TryEnded implements [routing.Observer].
func (f *failures) TryEnded(ctx context.Context, call routing.Call, took time.Duration, err *providers.Error) {
	f.note(call, err)
	f.Observer.TryEnded(ctx, call, took, err)
}

// Late implements [routing.Observer].
func (f *failures) Late(ctx context.Context, call routing.Call, took time.Duration, err *providers.Error) {
	f.note(call, err)
	f.Observer.Late(ctx, call, took, err)
}

func (f *failures) note(call routing.Call, err *providers.Error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	channels, ok := f.last[call.Provider]
	if !ok {
		channels = map[providers.Channel]console.Failure{}
		f.last[call.Provider] = channels
	}
	channels[call.Channel] = console.Failure{At: now(), Op: call.Op, Class: err.Class.String(), Code: err.Code}
}

func (f *failures) of(provider string) map[providers.Channel]console.Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.last[provider])
}
