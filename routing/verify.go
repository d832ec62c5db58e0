package routing

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Verify asks the provider that holds the code about one guess. Nobody else can, so it is asked although its breaker is
// open or its limits are used up, and it is asked once. A fault counts in the breaker; a verdict does not, for it says
// nothing about sending. The error is a [*providers.Error] and never means a wrong code.
func (e *Engine) Verify(
	ctx context.Context, spot Spot, h providers.Handle, code providers.Secret,
) (providers.Verdict, error) {
	if !e.crew.enter() {
		return providers.Verdict{}, fault(spot, codeClosing)
	}
	defer e.crew.leave()
	unit, ok := e.units[spot.Provider]
	if !ok {
		return providers.Verdict{}, fault(spot, codeRemoved)
	}
	call := Call{Spot: spot, Op: opVerify}
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, unit.timeout)
	defer cancel()
	bounded = e.health.observer.TryBegan(bounded, call)
	unit.limiter.join(began)
	run := func(ctx context.Context) (providers.Verdict, error) {
		defer unit.limiter.leave()
		return unit.provider.Verify(ctx, h, code)
	}
	its, stop := context.WithCancel(bounded) // bounded must not end with the call: that would look like impatience
	recall := context.AfterFunc(e.base, stop)
	f := take(its, func() { recall(); stop() }, e, call, run, func(a answer[providers.Verdict]) {
		e.health.observer.Late(bounded, call, time.Since(began), signed(a.err, call))
	})
	a, _ := f.wait(nil, bounded.Done()) // closed at the timeout too
	e.judgeVerify(ctx, bounded, call, time.Since(began), signed(a.err, call))
	if a.err != nil {
		return providers.Verdict{}, a.err
	}
	return a.value, nil
}

// judgeVerify blames the provider for a fault, unless the caller's own time or patience ended the call.
func (e *Engine) judgeVerify(ctx, bounded context.Context, call Call, took time.Duration, err *providers.Error) {
	observer := e.health.observer
	if m := markOf(err); err != nil && ctx.Err() == nil && e.base.Err() == nil && (m == bad || m == fatal) {
		if p := e.post(call.Spot); p != nil {
			p.breaker.blame(m)
		}
		if m == fatal {
			observer.Loud(bounded, call, err)
		}
	}
	observer.TryEnded(bounded, call, took, err)
}

// Why nobody could be asked.
const (
	codeRemoved = "provider_removed" // the configuration no longer has the provider
	codeClosing = "gateway_closing"
)

// fault is a verify that reached nobody.
func fault(spot Spot, code string) *providers.Error {
	return &providers.Error{Provider: spot.Provider, Op: opVerify, Class: providers.Transient, Code: code}
}
