package otp

import (
	"slices"
	"time"
)

// Charge counts one event of each claim in the window beside it, or none at all when one of the limits is used up: then
// it refuses with RateLimited. The levels are those after the count.
func Charge(claims []Claim, windows []*Window, now time.Time) ([]Level, error) {
	levels := make([]Level, len(claims))
	for i, c := range claims {
		levels[i] = windows[i].Level(c.Name, c.Limit, now)
	}
	for i := range levels {
		if levels[i].Remaining() == 0 {
			return levels, rateLimited(levels, levels[i], now)
		}
	}
	for i, c := range claims {
		windows[i].Add(c.Limit, now)
		levels[i] = windows[i].Level(c.Name, c.Limit, now)
	}
	return levels, nil
}

func rateLimited(levels []Level, full Level, now time.Time) *Error {
	return &Error{
		Code:       RateLimited,
		Detail:     "the limit " + full.Name + " (" + full.Limit.String() + ") is used up; try again after the time in Retry-After",
		RetryAfter: full.ResetsAt.Sub(now),
		Limits:     levels,
	}
}

// Renew counts a resend, or refuses.
func (v *Verification) Renew(r Renewal) error {
	if err := v.open(r.Match, r.Now); err != nil {
		return err
	}
	if v.Resends >= v.MaxResends {
		return v.refuse(ResendsExhausted, "every resend of this verification was used; send a new one when it has ended")
	}
	if r.Now.Before(v.ResendAt) {
		err := v.refuse(ResendTooSoon, "the last message is too recent; try again after the time in Retry-After")
		err.RetryAfter = v.ResendAt.Sub(r.Now)
		return err
	}
	v.Resends++
	v.ResendAt = r.Now.Add(v.ResendAfter)
	return nil
}

// Deliver records what became of a send or resend.
func (v *Verification) Deliver(d Dispatch) {
	for _, one := range d.Deliveries {
		at := slices.IndexFunc(v.Deliveries, func(have Delivery) bool { return have.ID == one.ID })
		if at >= 0 {
			v.Deliveries[at] = one
		} else {
			v.Deliveries = append(v.Deliveries, one)
		}
		if one.Status == DeliverySent {
			v.Channel = one.Channel
		}
	}
	v.bury(d.Replaced)
	if v.Status != StatusPending {
		return
	}
	if d.Refund {
		v.Resends, v.ResendAt = max(0, v.Resends-1), d.Now
	}
	if d.Next != nil {
		v.Next = *d.Next
	}
	if !v.lower(d.Now) && d.Failed {
		v.end(StatusFailed, d.Now)
	}
}

// lower gives up what none of the live deliveries can keep: a code that its upstream forgets after five minutes does not
// live for ten. It tells whether there are any.
func (v *Verification) lower(now time.Time) (live bool) {
	var expires time.Time
	attempts := 0
	for i := range v.Deliveries {
		d := &v.Deliveries[i]
		if !d.live(now) {
			continue
		}
		live = true
		if d.ExpiresAt.After(expires) {
			expires = d.ExpiresAt
		}
		granted := d.Handle.Granted.Attempts
		if granted == 0 {
			granted = v.MaxAttempts
		}
		attempts = max(attempts, granted)
	}
	if !live {
		return false
	}
	v.MaxAttempts = min(v.MaxAttempts, attempts)
	if expires.Before(v.ExpiresAt) {
		v.ExpiresAt = expires
	}
	return true
}

// Reserve counts a guess, or refuses; then it settles what the judge says. failures is the memory of the guess's limit;
// nil when it has none.
func (v *Verification) Reserve(g Guess, failures *Window) error {
	if err := v.open(g.Match, g.Now); err != nil {
		return err
	}
	if g.Failures != nil {
		level := failures.Level(recipientFailures, *g.Failures, g.Now)
		if level.Remaining() == 0 {
			err := v.refuse(RecipientLocked, "this person has guessed wrong too often; try again after the time in Retry-After")
			err.RetryAfter = level.ResetsAt.Sub(g.Now)
			return err
		}
		failures.Add(*g.Failures, g.Now)
	}
	v.Count(g.Check())
	if g.Judge == nil {
		return nil
	}
	if s := g.Judge(v); s != nil {
		return v.Settle(*s, failures)
	}
	return nil
}

// Count takes in a guess that was granted.
func (v *Verification) Count(c Check) {
	v.Attempts++
	v.Checks = append(v.Checks, c)
	if surplus := len(v.Checks) - maxChecks; surplus > 0 {
		v.Checks = slices.Delete(v.Checks, 0, surplus)
	}
}

// Release gives a guess back, once.
func (v *Verification) Release(r Release, failures *Window) {
	v.bury(r.Dead)
	c := v.check(r.Check)
	if c == nil || !c.Counted {
		return
	}
	c.Counted, c.Outcome = false, r.Outcome
	v.Attempts--
	if r.Failures != nil {
		failures.TakeBack(*r.Failures, c.At)
	}
}

// Settle ends the verification for the one caller who finds it open, or notes a judgement that does not end it.
//
// It does not look at the clock for a success: the guess was counted in time, and how long the upstream took to judge it
// is not the person's fault.
func (v *Verification) Settle(s Settlement, failures *Window) error {
	if !v.matches(s.Match) {
		return notFound()
	}
	if s.Status == StatusCanceled {
		if v.Status == StatusCanceled {
			return nil
		}
		if err := v.open(s.Match, s.Now); err != nil && err.Code != AttemptsExhausted {
			return err
		}
	}
	if v.Status != StatusPending && !v.overtaken(s) {
		return v.ended()
	}
	v.bury(s.Dead)
	if c := v.check(s.Check); c != nil {
		c.Provider = s.Provider
		if s.Status == StatusVerified {
			if s.Failures != nil && c.Counted && c.Outcome != OutcomeRight { // else it is in the window no more
				failures.TakeBack(*s.Failures, c.At)
			}
			c.Outcome = OutcomeRight
		}
	}
	if s.Status != StatusPending {
		v.end(s.Status, s.Now)
	}
	return nil
}

// overtaken tells that s is the yes to a guess that was counted before others used up the rest. An upstream may call a
// code wrong that it has just taken, and that no can be faster than the yes.
func (v *Verification) overtaken(s Settlement) bool {
	c := v.check(s.Check)
	return v.Status == StatusFailed && s.Status == StatusVerified && c != nil && c.Counted
}

// open tells whether something can still be done to a verification that matches m.
func (v *Verification) open(m Match, now time.Time) *Error {
	if !v.matches(m) {
		return notFound()
	}
	seen := v.At(now)
	if seen.Status != StatusPending {
		return seen.ended()
	}
	return nil
}

func (v *Verification) matches(m Match) bool {
	return v.Reference == m.Reference && v.App == m.App &&
		(m.To == "" || m.To == v.To.Address()) && (m.Purpose == "" || m.Purpose == v.Purpose)
}

// ended is the refusal that says how v ended.
func (v *Verification) ended() *Error {
	switch v.Status {
	case StatusVerified:
		return v.refuse(AlreadyVerified, "this verification has succeeded before; a code is accepted once")
	case StatusExpired:
		return v.refuse(Expired, "the code is too old; send a new one")
	case StatusCanceled:
		return v.refuse(Canceled, "this verification was canceled; send a new one")
	default:
		if v.Attempts == 0 {
			return v.refuse(AttemptsExhausted, "no provider took this verification, so there is no code to check; send a new one")
		}
		return v.refuse(AttemptsExhausted, "every guess of this verification was used; send a new one")
	}
}

func (v *Verification) refuse(code Code, detail string) *Error {
	return &Error{Code: code, Detail: detail, Reference: v.Reference}
}

func notFound() *Error {
	return &Error{Code: NotFound, Detail: "none of your verifications fits; check the reference, recipient and purpose " +
		"where the request names them, and that the same app sent it"}
}

func (v *Verification) end(status Status, now time.Time) {
	v.Status, v.EndedAt = status, now
	v.Next = Schedule{}
}

func (v *Verification) bury(ids []string) {
	for i := range v.Deliveries {
		if slices.Contains(ids, v.Deliveries[i].ID) {
			v.Deliveries[i].Checkable = false
		}
	}
}

func (v *Verification) check(id string) *Check {
	at := slices.IndexFunc(v.Checks, func(c Check) bool { return c.ID == id })
	if at < 0 {
		return nil
	}
	return &v.Checks[at]
}
