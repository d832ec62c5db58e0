package otp

import (
	"context"
	"errors"
	"time"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// Send starts a verification: it has a code created and delivered, and answers with the reference.
// When no provider took it, the error carries the reference too.
func (s *Service) Send(ctx context.Context, app *apps.App, in SendInput) (r *Result, err error) {
	ctx, ended := s.observe(ctx, Use{Name: UseSend, App: app.ID})
	r = new(Result)
	defer func() { ended(r.Verification, err) }()
	once := s.once(app, "send", in.Once)
	if err = s.begin(ctx, app, &in, once, r); err != nil || r.Replayed {
		r.Verification = Verification{} // a draft that came to nothing
		return r, err
	}
	err = s.dispatch(ctx, r, in.Once, once, func(ctx context.Context, j *job) *routing.Failure {
		return s.firstSend(ctx, app, j)
	})
	return r, err
}

// begin counts the limits of a send and writes the verification down. r is Replayed where the idempotency key was met
// before.
func (s *Service) begin(ctx context.Context, app *apps.App, in *SendInput, once *Once, r *Result) error {
	now, v := s.now(), &r.Verification
	if err := s.draft(v, app, in, now); err != nil {
		return err
	}
	v.Trace = s.observer.Trace(ctx)
	short, long := s.sendClaims(app.ID, v.recipients(), v.ClientIP)
	levels, err := s.memory.Charge(short, now)
	if err != nil {
		return err
	}
	begun, err := s.store.Begin(ctx, Begin{Verification: *v, Claims: long, Once: once, Now: now})
	if err != nil || begun.Replay != nil {
		s.memory.TakeBack(short, now)
		r.Answer, r.Replayed = begun.Replay, begun.Replay != nil
		return storeError(err)
	}
	r.Verification, r.Levels = begun.Verification, append(levels, begun.Levels...)
	return nil
}

// dispatch has a code delivered and records what became of it, together with the answer to the idempotency key: both
// stand in r then. Its frame is small, because thousands of them wait for slow upstreams at the same time: what comes
// before and after has frames of its own, which are gone while it waits.
func (s *Service) dispatch(ctx context.Context, r *Result, in *OnceInput, once *Once, deliver delivering) error {
	job := newJob(s, &r.Verification)
	defer job.close()
	failure := deliver(ctx, job)
	return s.conclude(ctx, r, job.record(failure, s.now()), failure, in, once)
}

// conclude records what became of a job.
func (s *Service) conclude(
	ctx context.Context, r *Result, d Dispatch, failure *routing.Failure, in *OnceInput, once *Once,
) error {
	v := r.Verification.Clone()
	v.Deliver(d)
	err := answerTo(v, failure, r.Levels)
	if once != nil {
		answer := in.Render(v, err)
		r.Answer = &answer
		d.Done = &Done{Key: once.Key, Answer: &answer, Keep: once.Keep}
		if worthRepeating(err) && err != nil {
			d.Done.Answer = nil
		}
	}
	closing, cancel := s.closing(ctx)
	defer cancel()
	stored, storeErr := s.store.Deliver(closing, d)
	if storeErr != nil {
		*r = Result{}
		return storeError(storeErr)
	}
	for _, made := range d.Deliveries {
		s.observer.Delivered(stored, made)
	}
	s.settled(stored, StatusFailed, d.Now)
	r.Verification = stored
	return err
}

// delivering makes the tries of a job; its failure is nil when a provider took the code.
type delivering func(ctx context.Context, j *job) *routing.Failure

// firstSend tries the channel that was asked for, then at once each step of the fallback, until a provider takes it. A
// request that names no fallback has that of the rule which serves it.
func (s *Service) firstSend(ctx context.Context, app *apps.App, j *job) *routing.Failure {
	step := Step{Channel: j.v.Channel, To: j.v.To}
	outcome, failure := s.try(ctx, j, step)
	if len(j.rest) == 0 {
		j.rest = ruleSteps(app, j.v.To, outcome.Fallback)
	}
	if failure == nil {
		return nil
	}
	return s.walk(ctx, j, step, failure)
}

// ruleSteps are the steps of a rule's fallback that can reach to, on channels that are open to the app.
func ruleSteps(app *apps.App, to providers.Recipient, fallback []routing.Step) []Step {
	var steps []Step
	for _, f := range fallback {
		if app.Allows(f.Channel) && (f.Channel == providers.Email) == to.IsEmail() {
			steps = append(steps, Step{Channel: f.Channel, To: to, After: f.After})
		}
	}
	return steps
}

func asFailure(err error) *routing.Failure {
	if f, ok := errors.AsType[*routing.Failure](err); ok {
		return f
	}
	return &routing.Failure{Reason: err.Error()}
}

// answerTo is the answer to a send or resend that ended with failure.
func answerTo(v Verification, failure *routing.Failure, levels []Level) error {
	if failure == nil {
		return nil
	}
	e := &Error{
		Code: ProviderUnavailable, Detail: failure.Reason, Reference: v.Reference, RetryAfter: failure.RetryAfter, Limits: levels,
	}
	switch {
	case failure.NoRoute:
		e.Code, e.RetryAfter = NoRoute, 0
	case failure.Class == providers.Rejected:
		e.Code, e.RetryAfter = RecipientRejected, 0
	case failure.Class == providers.Busy:
		e.Code = RateLimited
	}
	if e.RetryAfter == 0 && (e.Code == ProviderUnavailable || e.Code == RateLimited) {
		e.RetryAfter = 5 * time.Second
	}
	return e
}
