package otp

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// Preview is what a send would do now.
type Preview struct {
	To      providers.Recipient
	Channel providers.Channel
	Expiry  time.Duration // of the code, counted from the send
	Steps   []PreviewStep // the first delivery, then those of the fallback
	Limits  []Level       // that the send would be counted in, as they stand before it
}

// PreviewStep is a delivery that a send may come to.
type PreviewStep struct {
	Channel providers.Channel
	To      providers.Recipient
	After   time.Duration // since the send
	Dropped bool          // it would come when the code is worth nothing any more, so it is not made
	Plan    routing.Plan  // of a step that is not dropped
	// How large the texts of a step by SMS are, by provider: those of providers that write texts here.
	Sizes map[string]Size
}

// Plan tells what Send would do with the same request now. It sends nothing and counts nothing.
func (s *Service) Plan(ctx context.Context, app *apps.App, in SendInput) (Preview, error) {
	now := s.now()
	var v Verification
	if err := s.draft(&v, app, &in, now); err != nil {
		return Preview{}, err
	}
	short, long := s.sendClaims(app.ID, v.recipients(), v.ClientIP)
	levels := s.memory.Levels(short, now)
	if len(long) > 0 {
		kept, err := s.store.Levels(ctx, long, now)
		if err != nil {
			return Preview{}, storeError(err)
		}
		levels = append(levels, kept...)
	}
	return Preview{To: v.To, Channel: v.Channel, Expiry: v.Wish.Expiry, Steps: s.preview(app, v), Limits: levels}, nil
}

// preview lists the steps of v as firstSend and escalate would make them. A step waits for its time after a delivery;
// when nobody can be asked there is none to wait for, and the next step is made at once.
func (s *Service) preview(app *apps.App, v Verification) []PreviewStep {
	first := PreviewStep{Channel: v.Channel, To: v.To}
	s.planFor(&first, v)
	rest := v.Next.Steps
	if len(rest) == 0 {
		rest = ruleSteps(app, v.To, first.Plan.Fallback)
	}
	steps := []PreviewStep{first}
	for _, step := range rest {
		before := steps[len(steps)-1]
		next := PreviewStep{Channel: step.Channel, To: step.To, After: before.After}
		if before.Dropped || len(before.Plan.Places) > 0 {
			next.After += step.After
		}
		if next.Dropped = before.Dropped || next.After >= v.Wish.Expiry; !next.Dropped {
			s.planFor(&next, v)
		}
		steps = append(steps, next)
	}
	return steps
}

// planFor plans a step that is made after a while, when the code has less left to live.
func (s *Service) planFor(p *PreviewStep, v Verification) {
	req := newJob(s, &v).request(Step{Channel: p.Channel, To: p.To})
	req.Send.Wish.Expiry = v.Wish.Expiry - p.After
	p.Plan = s.router.Plan(req)
	if p.Channel != providers.SMS || s.measure == nil {
		return
	}
	for _, place := range p.Plan.Places {
		if !s.writers[place.Provider] {
			continue
		}
		send := req.Send
		send.Wish, send.Message = place.Wish, place.Message
		if size, err := s.measure(send); err == nil {
			if p.Sizes == nil {
				p.Sizes = map[string]Size{}
			}
			p.Sizes[place.Provider] = size
		}
	}
}
