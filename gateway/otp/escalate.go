package otp

import (
	"context"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// Timers remembers when the next step of each fallback is due.
type Timers interface {
	// Due hands out up to limit pending verifications whose next step is due at now, each to one caller. Who got one and
	// does not Deliver a new schedule within lease has died: it is due again then.
	Due(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Verification, error)
}

// escalateBatch is how many steps one round makes at most.
const escalateBatch = 64

// Escalate makes the steps of fallbacks that are due, and tells how many. It is called again and again, by every gateway.
func (s *Service) Escalate(ctx context.Context, timers Timers) (int, error) {
	due, err := timers.Due(ctx, s.now(), s.timing.Lease, escalateBatch)
	if err != nil {
		return 0, err
	}
	var group sync.WaitGroup
	for _, v := range due {
		group.Go(func() { s.escalate(ctx, v) })
	}
	group.Wait()
	return len(due), nil
}

// escalate makes the next step of one verification; when its channel's providers are used up, the one after it at once.
func (s *Service) escalate(ctx context.Context, v Verification) {
	ctx, ended := s.observe(ctx, Use{Name: UseEscalate, App: v.App, Origin: v.Trace})
	err := s.dispatch(ctx, &Result{Verification: v}, nil, nil, s.nextStep)
	ended(v, err)
	if err != nil {
		s.log.WarnContext(ctx, "a step of a fallback found no provider", "reference", v.Reference, "error", err)
	}
}

func (s *Service) nextStep(ctx context.Context, j *job) *routing.Failure {
	j.later = true
	return s.walk(ctx, j, Step{}, &routing.Failure{NoRoute: true})
}

// walk tries the steps that are left at once, one after the other, until a provider takes the code. before is the step
// that ended with failure. What is left in the end stays in the job. The last failure decides; that nobody serves a step
// decides nothing as long as there is another: the step before may be worth repeating, or its code on its way.
func (s *Service) walk(ctx context.Context, j *job, before Step, failure *routing.Failure) *routing.Failure {
	for failure != nil && len(j.rest) > 0 {
		next := j.rest[0]
		j.rest = j.rest[1:]
		if failure.Class == providers.Rejected && bars(before, next) {
			continue
		}
		_, failed := s.try(ctx, j, next)
		if failed == nil || failure.NoRoute || !failed.NoRoute {
			before, failure = next, failed
		}
	}
	return failure
}

// bars tells that who was refused in one step cannot be reached by another: the address is barred, whichever channel
// carries the code. That a number has no account with WhatsApp says nothing about its phone.
func bars(refused, next Step) bool {
	return refused.Channel != providers.WhatsApp && refused.To.Address() == next.To.Address()
}

// try hands one step to routing.
func (s *Service) try(ctx context.Context, j *job, step Step) (routing.Outcome, *routing.Failure) {
	outcome, err := s.router.Send(ctx, j.request(step), j.lateOf(ctx))
	j.add(outcome, step.To)
	if err != nil {
		return outcome, asFailure(err)
	}
	return outcome, nil
}
