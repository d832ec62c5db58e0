package routing

import (
	"context"
	"slices"

	"github.com/otpgate/otpgate/providers"
)

// Resend repeats a delivery. Where the provider has a resend of its own, can be asked now, and did not fail or leave
// its answer open for this verification, that is tried first. All others follow in the order of the plan, and the
// provider itself among them only if it has no resend, or says that there is nothing left to resend. The rest is as for
// [Engine.Send]; in its tries a resend takes place 1 and the plan follows from 2.
func (e *Engine) Resend(ctx context.Context, prev Delivered, req Request, late func(Try)) (Outcome, error) {
	if !e.crew.enter() {
		return Outcome{}, closing()
	}
	defer e.crew.leave()
	c := e.newChain(ctx, &req, e.plan(&req, nextTurn), late)
	own, ok := e.ownResend(&prev, &req)
	if ok {
		c.steps = append(c.steps, own)
	}
	c.add()
	if ok && c.resendFirst() {
		return c.result()
	}
	return c.run()
}

// ownResend is the step that asks prev's provider for a resend of its own, where that may be done.
func (e *Engine) ownResend(prev *Delivered, req *Request) (step, bool) {
	unit := e.units[prev.Provider]
	switch {
	case unit == nil, unit.resender == nil, unit.posts[prev.Channel] == nil, prev.Channel != req.Send.Channel,
		slices.Contains(req.Spent, prev.Spot), slices.Contains(req.Failed, prev.Spot):
		return step{}, false
	}
	en := e.newEntry(prev.Spot, 0, 0)
	place := Place{Spot: prev.Spot, Number: 1, USSD: unit.info.USSD, entry: &en}
	place.Wish, place.Message = en.fit(&req.Send)
	handle := prev.Handle
	send := func(ctx context.Context, req providers.SendRequest) (providers.Handle, error) {
		return unit.resender.Resend(ctx, handle, req)
	}
	return step{place: &place, op: opResend, send: send}, true
}

// resendFirst makes the first step, a resend. If it cannot be made at once it is dropped: a fresh send is as good.
func (c *chain) resendFirst() (ended bool) {
	s := &c.steps[0]
	ended = c.visit(s)
	s.done = true
	if len(c.tries) == 0 {
		return ended
	}
	c.shift = 1
	if err := c.tries[0].Err; err != nil && err.Class != providers.Gone && err.Class != providers.Unsupported {
		c.drop(s.place.Spot)
	}
	return ended
}

// drop keeps a spot from being tried again.
func (c *chain) drop(spot Spot) {
	for i := range c.steps {
		if c.steps[i].place.Spot == spot {
			c.steps[i].done = true
		}
	}
}
