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
	c := check{
		e: e, unit: unit, call: Call{Spot: spot, Op: opVerify}, handle: h, code: code, began: time.Now(),
	}
	unit.limiter.join(c.began)
	if unit.info.ChecksHere {
		return c.here(ctx)
	}
	return c.away(ctx)
}

// check is one guess that is put to a provider.
type check struct {
	e      *Engine
	unit   *unit
	call   Call
	handle providers.Handle
	code   providers.Secret
	began  time.Time
}

// here has a provider compare that asks nobody. There is nothing to wait for, so it gets neither a goroutine nor a
// deadline of its own.
func (c check) here(ctx context.Context) (providers.Verdict, error) {
	observed := c.e.health.observer.TryBegan(ctx, c.call)
	var a answer[providers.Verdict]
	a.take(observed, c.e.health.observer, &c.call, c.ask)
	return c.judged(ctx, observed, a)
}

// away asks an upstream, and waits no longer than the provider's timeout and the caller's time.
func (c check) away(ctx context.Context) (providers.Verdict, error) {
	bounded, cancel := context.WithTimeout(ctx, c.unit.timeout)
	defer cancel()
	bounded = c.e.health.observer.TryBegan(bounded, c.call)
	its, stop := context.WithCancel(bounded) // bounded must not end with the call: that would look like impatience
	recall := context.AfterFunc(c.e.base, stop)
	f := take(its, func() { recall(); stop() }, c.e, c.call, c.ask, func(a answer[providers.Verdict]) {
		c.e.health.observer.Late(bounded, c.call, time.Since(c.began), signed(a.err, c.call))
	})
	a, _ := f.wait(nil, bounded.Done()) // closed at the timeout too
	return c.judged(ctx, bounded, a)
}

func (c check) ask(ctx context.Context) (providers.Verdict, error) {
	defer c.unit.limiter.leave()
	return c.unit.provider.Verify(ctx, c.handle, c.code)
}

// judged is what came of the check. observed is the context that the observer returned.
func (c check) judged(
	ctx, observed context.Context, a answer[providers.Verdict],
) (providers.Verdict, error) {
	c.e.judgeVerify(ctx, observed, c.call, time.Since(c.began), signed(a.err, c.call))
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
