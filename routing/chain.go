package routing

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// chain is one request on its way through a plan.
type chain struct {
	engine  *Engine
	ctx     context.Context // lives as long as the request
	req     *Request
	late    func(Try)
	plan    Plan
	end     time.Time
	steps   []step
	tries   []Try
	unready []unready // could not be asked
	hurried bool      // time ran out before all could be asked
	shift   int       // 1: a resend took the first place in the chain
}

// step is one try that a chain may make.
type step struct {
	place *Place
	op    string
	send  func(context.Context, providers.SendRequest) (providers.Handle, error)
	done  bool      // tried, or found impossible
	ready time.Time // soonest moment for a step that must wait
}

// unready is a place that could not be asked.
type unready struct {
	reason Reason
	until  time.Time // when it may be
}

// overLimit is why a place could not be asked whose limits are used up.
const overLimit Reason = "limited"

func (e *Engine) newChain(ctx context.Context, req *Request, plan Plan, late func(Try)) *chain {
	c := &chain{engine: e, ctx: ctx, req: req, late: late, plan: plan}
	c.end = endOf(ctx, time.Now(), plan.Deadline)
	c.steps = make([]step, 0, 1+len(plan.Places))
	return c
}

// add appends the plan's places as steps.
func (c *chain) add() {
	for i := range c.plan.Places {
		p := &c.plan.Places[i]
		c.steps = append(c.steps, step{place: p, op: opSend, send: p.entry.unit.provider.Send})
	}
}

// run asks one provider after the other, and those last that have to be waited for.
func (c *chain) run() (Outcome, error) {
	ended := c.pass()
	for !ended {
		s := c.soonest()
		if s == nil {
			break
		}
		ended = c.await(s)
	}
	return c.result()
}

// result is what became of the request.
func (c *chain) result() (Outcome, error) {
	out := Outcome{Rule: c.plan.Rule, Tries: c.tries, Fallback: c.plan.Fallback}
	if n := len(c.tries); n > 0 && c.tries[n-1].Err == nil {
		return out, nil
	}
	return out, c.failure(time.Now())
}

// pass asks those that can be asked at once, in order. It tells whether the chain has come to its end.
func (c *chain) pass() (ended bool) {
	for i := range c.steps {
		if s := &c.steps[i]; !s.done && c.visit(s) {
			return true
		}
	}
	return false
}

// visit asks the step's provider if it can be asked now, and puts it off if it has to be waited for.
func (c *chain) visit(s *step) (ended bool) {
	now := time.Now()
	unit, post := s.place.entry.unit, s.place.entry.post
	if c.end.Sub(now) < leastSlice || c.engine.base.Err() != nil {
		c.hurried = true
		return true
	}
	if until := post.coolUntil(now); !until.IsZero() {
		s.ready = until
		return false
	}
	if !unit.limiter.enter(now) {
		wait, _ := unit.limiter.wait(now)
		s.ready = now.Add(wait)
		return false
	}
	return c.entered(s, now)
}

// soonest is the step that was put off and can be asked first; nil: none is left.
func (c *chain) soonest() *step {
	var first *step
	for i := range c.steps {
		if s := &c.steps[i]; !s.done && (first == nil || s.ready.Before(first.ready)) {
			first = s
		}
	}
	return first
}

// await waits until the step's provider can be asked, no longer than leaves time for the call and for the others that
// wait, and asks it.
func (c *chain) await(s *step) (ended bool) {
	now := time.Now()
	latest := now.Add(sliceOf(c.end.Sub(now), c.plan.Deadline, c.others(s))).Add(-leastSlice)
	unit, post, stop := s.place.entry.unit, s.place.entry.post, c.engine.base.Done()
	cool := post.coolUntil(now)
	if cool.After(latest) || !pause(cool.Sub(now), stop) {
		return c.skip(s, CoolingDown, cool)
	}
	if !unit.limiter.enterBy(latest, stop) {
		return c.skip(s, overLimit, later(s.ready, time.Now()))
	}
	return c.entered(s, time.Now())
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (c *chain) skip(s *step, reason Reason, until time.Time) (ended bool) {
	s.done = true
	c.unready = append(c.unready, unready{reason, until})
	return false
}

// entered asks the provider at now, whose limiter has given a place, if its breaker agrees.
func (c *chain) entered(s *step, now time.Time) (ended bool) {
	breaker := s.place.entry.post.breaker
	allow := breaker.allow
	if s.place.Reason == EarlyProbe {
		allow = func() (permit, bool) { return breaker.allowEarly(now) }
	}
	permit, ok := allow()
	if !ok {
		s.place.entry.unit.limiter.leave()
		_, until, _ := breaker.look(now)
		return c.skip(s, BreakerOpen, later(until, now))
	}
	s.done = true
	slice := sliceOf(c.end.Sub(now), s.place.entry.unit.timeout, c.others(s))
	try := c.engine.attempt(c, s, permit, now, slice)
	c.tries = append(c.tries, try)
	return c.ends(try.Err)
}

// ends tells whether the chain stops after a try.
func (c *chain) ends(err *providers.Error) bool {
	switch {
	case err == nil, !policyOf(err.Class).next:
		return true
	default:
		return err.Class == providers.Ambiguous && c.plan.OnAmbiguous == Stop
	}
}

// others are the timeouts of the steps that may still follow s.
func (c *chain) others(s *step) []time.Duration {
	var timeouts []time.Duration
	for i := range c.steps {
		if o := &c.steps[i]; o != s && !o.done {
			timeouts = append(timeouts, o.place.entry.unit.timeout)
		}
	}
	return timeouts
}
