package otp

import (
	"context"
	"slices"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// Resend delivers a code again, on the same channel unless another one is named. Expiry and guesses go on as they were.
func (s *Service) Resend(ctx context.Context, app *apps.App, in ResendInput) (r *Result, err error) {
	ctx, ended := s.observe(ctx, Use{Name: UseResend, App: app.ID})
	r = new(Result)
	defer func() { ended(r.Verification, err) }()
	now := s.now()
	ref, err := reference(in.Reference)
	if err != nil {
		return r, err
	}
	before, err := s.get(ctx, app, ref)
	if err != nil {
		return r, err
	}
	step, err := resendStep(app, before, in.Channel)
	if err != nil {
		return r, err
	}
	short, long := s.sendClaims(app.ID, []providers.Recipient{step.To}, before.ClientIP)
	levels, err := s.memory.Charge(short, now)
	if err != nil {
		return r, err
	}
	once := s.once(app, "resend", in.Once)
	begun, err := s.store.Renew(ctx, Renewal{Match: Match{Reference: ref, App: app.ID}, Claims: long, Once: once, Now: now})
	if err != nil || begun.Replay != nil {
		s.memory.TakeBack(short, now)
		r.Answer, r.Replayed = begun.Replay, begun.Replay != nil
		return r, storeError(err)
	}
	r.Verification, r.Levels = begun.Verification, append(levels, begun.Levels...)
	err = s.dispatch(ctx, r, in.Once, once, func(ctx context.Context, j *job) *routing.Failure {
		return s.sendAgain(ctx, app, j, step)
	})
	return r, err
}

// resendStep is where a resend goes: to the address that the channel was used with before, else to the first one.
func resendStep(app *apps.App, v Verification, channel string) (Step, error) {
	step := Step{Channel: providers.Channel(first(channel, string(v.Channel))), To: v.To}
	for _, d := range slices.Backward(v.Deliveries) {
		if d.Channel == step.Channel {
			step.To = d.To
			break
		}
	}
	d := &draft{app: app}
	d.allowed("channel", "channel", step.Channel, step.To)
	if len(d.fields) > 0 {
		return Step{}, &Error{
			Code: InvalidRequest, Detail: "the channel cannot be used; errors says why", Fields: d.fields, Reference: v.Reference,
		}
	}
	return step, nil
}

// sendAgain makes the tries of a resend. A new code by the same provider takes the place of the old one there; a code by
// another provider lives beside it. Where the app wants a fresh code, the one that was made here is dead then,
// whatever channel carried it.
func (s *Service) sendAgain(ctx context.Context, app *apps.App, j *job, step Step) *routing.Failure {
	j.resend, j.fresh = true, app.Defaults.ResendFresh
	req := j.request(step)
	old, found := newestSent(*j.v, step.Channel)
	var outcome routing.Outcome
	var err error
	if found {
		spot := routing.Spot{Provider: old.Provider, Channel: old.Channel}
		outcome, err = s.router.Resend(ctx, routing.Delivered{Spot: spot, Handle: old.Handle}, req, j.lateOf(ctx))
	} else {
		outcome, err = s.router.Send(ctx, req, j.lateOf(ctx))
	}
	j.add(outcome, step.To)
	if err != nil {
		return asFailure(err)
	}
	taken := j.made[len(j.made)-1]
	everywhere := j.fresh && s.writers[taken.Provider]
	for _, d := range j.v.Deliveries {
		if d.Checkable && d.Provider == taken.Provider && (everywhere || d.Channel == taken.Channel) {
			j.replaced = append(j.replaced, d.ID)
		}
	}
	return nil
}

func newestSent(v Verification, channel providers.Channel) (Delivery, bool) {
	for _, d := range slices.Backward(v.Deliveries) {
		if d.Channel == channel && d.Checkable && (d.Status == DeliverySent || d.Status == DeliveryDelivered) {
			return d, true
		}
	}
	return Delivery{}, false
}
