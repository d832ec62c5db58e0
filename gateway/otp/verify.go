package otp

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// Verify puts a guess to whoever issued the live codes. The guess is counted before anybody compares it, and given back
// only when nobody could judge it. Of all right guesses exactly one is granted.
func (s *Service) Verify(ctx context.Context, app *apps.App, in VerifyInput) (Verification, error) {
	ctx, ended := s.observe(ctx, Use{Name: UseVerify, App: app.ID})
	about, granted, err := s.verify(ctx, app, in)
	ended(about, err)
	return granted, err
}

// verify returns the verification that was guessed at beside the one that was granted.
func (s *Service) verify(ctx context.Context, app *apps.App, in VerifyInput) (about, granted Verification, err error) {
	now := s.now()
	guess, err := s.guess(app, in, now)
	if err != nil {
		return Verification{}, Verification{}, err
	}
	var j *judgement
	guess.Judge = s.judgeHere(ctx, in.Code, guess, &j)
	v, err := s.store.Reserve(ctx, guess)
	if err != nil {
		return Verification{}, Verification{}, storeError(err)
	}
	if j == nil {
		j = s.judge(ctx, &v, in.Code, now)
	}
	closing, cancel := s.closing(ctx)
	defer cancel()
	switch {
	case j.approved != "":
		granted, err = s.grant(closing, v, guess, j)
		return v, granted, err
	case j.wrong:
		return v, Verification{}, s.wrong(closing, v, guess, j)
	default:
		return v, Verification{}, s.giveBack(closing, v, guess, j)
	}
}

// judgeHere is the judge of a guess that only providers are to be asked about that compare by themselves. made is what it
// said last; nil: somebody else has to be asked, once the guess is counted for certain.
func (s *Service) judgeHere(ctx context.Context, code string, g Guess, made **judgement) func(*Verification) *Settlement {
	if len(s.judges) == 0 {
		return nil
	}
	return func(v *Verification) *Settlement {
		if *made = nil; !s.judgedHere(v, code, g.Now) {
			return nil
		}
		j := s.judge(ctx, v, code, g.Now)
		*made = j
		return j.settlement(v, g, g.Now)
	}
}

// judgedHere tells whether nobody but providers that compare by themselves would be asked about a code.
func (s *Service) judgedHere(v *Verification, code string, now time.Time) bool {
	return !slices.ContainsFunc(v.Deliveries, func(d Delivery) bool {
		return d.live(now) && d.Handle.Granted.Fits(code) && !s.judges[d.Provider]
	})
}

// guess checks the request. A recipient is written as freely as in send, and compared in its one spelling.
func (s *Service) guess(app *apps.App, in VerifyInput, now time.Time) (Guess, error) {
	if in.Code == "" {
		return Guess{}, invalid("code", "the code is missing; send what the person typed")
	}
	ref, err := reference(in.Reference)
	if err != nil {
		return Guess{}, err
	}
	match := Match{Reference: ref, App: app.ID, Purpose: in.Purpose}
	if in.To != "" {
		to, err := s.numbers.Recipient(in.To, app.Defaults.Country)
		if err != nil {
			return Guess{}, invalid("to", err.Error())
		}
		match.To = to.Address()
	}
	return Guess{Match: match, ID: newID(now), IP: in.ClientIP, Failures: s.policy.Limits.RecipientFailures, Now: now}, nil
}

// judgement is what the providers said about one guess.
type judgement struct {
	approved string   // provider that said yes
	wrong    bool     // somebody judged it wrong, or it cannot be right by its shape
	asked    string   // provider that judged last
	fault    error    // of a provider that could not judge
	dead     []string // IDs of deliveries that cannot be checked any more
	live     int      // deliveries that can
}

// settlement is what follows from the judgement for the verification, with the guess counted; nil: nothing, or the guess
// is to be given back.
func (j *judgement) settlement(v *Verification, g Guess, now time.Time) *Settlement {
	s := Settlement{Match: g.Match, Check: g.ID, Provider: j.asked, Failures: g.Failures, Dead: j.dead, Now: now}
	switch {
	case j.approved != "":
		s.Status = StatusVerified
	case !j.wrong:
		return nil
	case v.AttemptsRemaining() == 0 || j.live == 0:
		s.Status = StatusFailed
	case len(j.dead) > 0:
		s.Status = StatusPending
	default:
		return nil
	}
	return &s
}

// judge asks the provider of each live delivery in turn, newest first, until one says yes. It asks only those whose code
// has the shape of the guess: when none has, the guess is wrong without asking.
func (s *Service) judge(ctx context.Context, v *Verification, code string, now time.Time) *judgement {
	j := new(judgement)
	live, fitting := 0, 0
	for i := len(v.Deliveries) - 1; i >= 0; i-- {
		d := &v.Deliveries[i]
		if !d.live(now) {
			continue
		}
		live++
		if d.Handle.Granted.Fits(code) && j.approved == "" {
			fitting++
			s.ask(ctx, d, code, j)
		}
	}
	if live > 0 && fitting == 0 {
		j.wrong = true
	}
	j.live = live - len(j.dead)
	if live == 0 && slices.ContainsFunc(v.Deliveries, func(d Delivery) bool { return d.Status == DeliveryUnknown }) {
		j.fault = errUnknownDelivery
	}
	return j
}

var errUnknownDelivery = errors.New("the provider never told what became of the message, so its code cannot be checked")

func (s *Service) ask(ctx context.Context, d *Delivery, code string, j *judgement) {
	verdict, err := s.router.Verify(ctx, routing.Spot{Provider: d.Provider, Channel: d.Channel}, d.Handle, providers.NewSecret(code))
	switch {
	case err != nil && providers.ClassOf(err) == providers.Gone:
		j.dead = append(j.dead, d.ID)
	case err != nil:
		j.fault = err
	case verdict.Match:
		j.approved, j.asked = d.Provider, d.Provider
	default:
		j.wrong, j.asked = true, d.Provider
		if verdict.Final || verdict.AttemptsLeft == 0 {
			j.dead = append(j.dead, d.ID)
		}
	}
}

// settle brings about what follows from a judgement, unless that was done in the step that counted the guess. It tells
// what the verification is then, and when that came about.
func (s *Service) settle(ctx context.Context, v Verification, g Guess, j *judgement) (Verification, time.Time, error) {
	now := s.now()
	want := j.settlement(&v, g, now)
	if want == nil || v.Status == want.Status && !v.checkable(j.dead) {
		return v, g.Now, nil
	}
	settled, err := s.store.Settle(ctx, *want)
	return settled, now, err
}

// checkable tells whether a guess may still be put to one of the deliveries.
func (v *Verification) checkable(ids []string) bool {
	return slices.ContainsFunc(v.Deliveries, func(d Delivery) bool { return d.Checkable && slices.Contains(ids, d.ID) })
}

// grant ends the verification for the one caller that comes first.
func (s *Service) grant(ctx context.Context, v Verification, g Guess, j *judgement) (Verification, error) {
	settled, _, err := s.settle(ctx, v, g, j)
	if err == nil {
		s.observer.Settled(settled)
		Teach(s.learner, settled)
	}
	return settled, storeError(err)
}

// wrong answers a guess that somebody judged wrong. It stays counted even when another provider could not be asked:
// otherwise the outage of one would make guesses at the other free.
func (s *Service) wrong(ctx context.Context, v Verification, g Guess, j *judgement) error {
	settled, at, err := s.settle(ctx, v, g, j)
	if _, refused := errors.AsType[*Error](err); err != nil && !refused {
		return storeError(err)
	}
	s.settled(settled, StatusFailed, at)
	if j.fault != nil {
		return unavailable(v, j.fault)
	}
	e := v.refuse(WrongCode, "the code is not the one that was sent; let the person try again")
	left := v.AttemptsRemaining()
	if left == 0 || j.live == 0 {
		left = 0
		e.Detail = "the code is not the one that was sent, and that was the last guess; send a new one"
	}
	e.AttemptsRemaining = left
	return e
}

// giveBack answers a guess that nobody could judge.
func (s *Service) giveBack(ctx context.Context, v Verification, g Guess, j *judgement) error {
	release := Release{
		Reference: v.Reference, Check: g.ID, Outcome: OutcomeUnavailable, Failures: g.Failures, Dead: j.dead, Now: s.now(),
	}
	if j.fault == nil {
		release.Outcome = OutcomeExpired
	}
	after, err := s.store.Release(ctx, release)
	switch {
	case err != nil:
		return storeError(err)
	case after.Status == StatusVerified: // the upstream forgot the code because somebody else has just used it
		return after.ended()
	case j.fault == nil:
		return v.refuse(Expired, "the provider no longer knows the code; resend it or send a new one")
	}
	return unavailable(v, j.fault)
}

func unavailable(v Verification, fault error) *Error {
	e := v.refuse(ProviderUnavailable, "the provider that issued the code cannot answer; ask for the same code again shortly")
	e.RetryAfter, e.Err = 5*time.Second, fault
	if told, ok := errors.AsType[*providers.Error](fault); ok && told.RetryAfter > 0 {
		e.RetryAfter = told.RetryAfter
	}
	return e
}
