package routing

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// attempt makes one try: a call that the client's hanging up does not stop, given up after its slice. A call that may
// have taken effect goes on beside the chain, and what it brings is told to the chain's late.
func (e *Engine) attempt(c *chain, s *step, p permit, now time.Time, slice time.Duration) Try {
	unit := s.place.entry.unit
	call := Call{Spot: s.place.Spot, Op: s.op, Rule: c.plan.Rule, Place: s.place.Number + c.shift}
	try := Try{
		Spot: call.Spot, Place: call.Place, USSD: s.place.USSD, At: now,
		Price: s.place.Price, Priced: s.place.Priced, PaidOnDelivery: unit.info.PaidOnDelivery,
	}
	send := c.req.Send
	send.Wish, send.Message = s.place.Wish, s.place.Message

	ctx, cancel := context.WithTimeout(errand{e.base, c.ctx}, slice+e.lateAnswer)
	ctx = e.health.observer.TryBegan(ctx, call)
	run := func(ctx context.Context) (providers.Handle, error) {
		defer unit.limiter.leave()
		return s.send(ctx, send)
	}
	begun, late := try, c.late
	f := take(ctx, cancel, e, call, run, func(a answer[providers.Handle]) { e.answeredLate(ctx, call, begun, a, late) })
	over := time.NewTimer(slice)
	a, _ := f.wait(over.C, nil)
	over.Stop()
	try.finish(call, a)
	e.judge(ctx, call, try.Took, try.Err, s.place.entry.post, p.end)
	return try
}

// errand is the context of a call that outlives the request: it ends with the engine, and knows what the request's
// context knows.
type errand struct {
	context.Context // the engine's
	request         context.Context
}

// Value implements [context.Context].
func (e errand) Value(key any) any {
	if v := e.Context.Value(key); v != nil { // package context finds by it what ends this one
		return v
	}
	return e.request.Value(key)
}

// finish writes down what came of the call.
func (t *Try) finish(call Call, a answer[providers.Handle]) {
	t.Took = time.Since(t.At)
	if t.Err = signed(a.err, call); t.Err == nil || t.Err.Class == providers.Ambiguous {
		t.Handle = a.value
	}
	t.Resent = call.Op == opResend && t.Err == nil
}

// signed names provider and operation in an error that leaves them out.
func signed(err *providers.Error, call Call) *providers.Error {
	if err == nil {
		return nil
	}
	if err.Provider == "" {
		err.Provider = call.Provider
	}
	if err.Op == "" {
		err.Op = call.Op
	}
	return err
}

// judge tells breaker, meter and observer how a call ended.
func (e *Engine) judge(
	ctx context.Context, call Call, took time.Duration, err *providers.Error, p *post, tell func(mark),
) {
	m := markOf(err)
	if err != nil && e.base.Err() != nil {
		m = neutral // we cut it off ourselves
	}
	now := time.Now()
	if m != neutral {
		p.meter.record(now, m == good, telling(took, err))
	}
	if m == good && p.breaker.slow(took) {
		m = bad
	}
	tell(m)
	if err != nil && err.Class == providers.Throttled {
		p.coolDown(now, err.RetryAfter)
	}
	if m == fatal {
		e.health.observer.Loud(ctx, call, err)
	}
	e.health.observer.TryEnded(ctx, call, took, err)
}

// telling is took where it says how fast the upstream is: an answer, or the lack of one.
func telling(took time.Duration, err *providers.Error) time.Duration {
	if err == nil || err.Class == providers.Ambiguous {
		return took
	}
	return 0
}

// answeredLate passes on the answer to a call that was given up. The breaker was told when that happened.
func (e *Engine) answeredLate(
	ctx context.Context, call Call, try Try, a answer[providers.Handle], late func(Try),
) {
	try.finish(call, a)
	e.health.observer.Late(ctx, call, try.Took, try.Err)
	if try.Checkable() && late != nil {
		late(try)
	}
}
