package otp

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// job is one send or resend on its way: it gathers the tries, and takes in the answers that come late.
type job struct {
	s        *Service
	v        *Verification // until the job is recorded
	made     []Delivery
	replaced []string
	rest     []Step // of the fallback, after the step that is being tried
	resend   bool
	fresh    bool          // of a resend: with a new code where codes are made here
	later    bool          // a step of the fallback, after the first send
	recorded chan struct{} // closed when the tries are in the store: a late answer is written over them, not under

	// Of v, for answers that come when it is recorded.
	reference Reference
	expires   time.Time
}

func newJob(s *Service, v *Verification) *job {
	return &job{
		s: s, v: v, rest: v.Next.Steps, recorded: make(chan struct{}), reference: v.Reference, expires: v.ExpiresAt,
	}
}

func (j *job) close() { close(j.recorded) }

// request is what routing needs to know for one step.
func (j *job) request(step Step) routing.Request {
	req := routing.Request{
		App: j.v.App, Purpose: j.v.Purpose, Key: j.v.Key,
		Hard: routing.Hard(j.v.Hard),
		Send: providers.SendRequest{
			Reference: string(j.v.Reference), App: j.v.App, To: step.To, Channel: step.Channel, Sender: j.v.Sender,
			Wish: j.v.Wish, Message: j.v.text(step.Channel), Locale: j.v.Locale, Metadata: j.v.Metadata,
			Ending: j.v.Ending, Fresh: j.fresh,
		},
	}
	req.Send.Wish.Expiry = j.v.ExpiresAt.Sub(j.s.now()).Round(time.Second)
	for _, d := range slices.Concat(j.v.Deliveries, j.made) {
		spot := routing.Spot{Provider: d.Provider, Channel: d.Channel}
		switch d.Status {
		case DeliveryUnknown:
			req.Spent = append(req.Spent, spot)
		case DeliveryFailed, DeliveryUndelivered:
			req.Failed = append(req.Failed, spot)
		}
	}
	return req
}

func (j *job) add(outcome routing.Outcome, to providers.Recipient) {
	for _, try := range outcome.Tries {
		d := j.delivery(try, to)
		d.Rule = outcome.Rule
		j.made = append(j.made, d)
	}
}

// delivery is what is remembered of a try.
func (j *job) delivery(try routing.Try, to providers.Recipient) Delivery {
	d := Delivery{
		ID: newID(try.At), Provider: try.Provider, Channel: try.Channel, To: to, Status: DeliverySent, At: try.At, Took: try.Took,
		Place: try.Place, USSD: try.USSD, Handle: try.Handle, Checkable: try.Checkable(), ExpiresAt: j.expires,
	}
	if try.Priced {
		d.Cost = Cost{int64(math.Round(try.Price.Amount * 1e6)), try.Price.Currency, try.PaidOnDelivery}
	}
	if granted := try.Handle.Granted.Expiry; granted > 0 && try.At.Add(granted).Before(d.ExpiresAt) {
		d.ExpiresAt = try.At.Add(granted)
	}
	if try.Err != nil {
		d.Status, d.Reason = DeliveryFailed, reasonOf(try.Err.Class)
		d.Class, d.Code = try.Err.Class.String(), try.Err.Code
		if try.Err.Class == providers.Ambiguous {
			d.Status = DeliveryUnknown
		}
	}
	return d
}

// record is the step that writes the job down. What could not help before the expiry is dropped from the fallback.
func (j *job) record(failure *routing.Failure, now time.Time) Dispatch {
	d := Dispatch{Reference: j.v.Reference, Deliveries: j.made, Replaced: j.replaced, Now: now}
	unknown := slices.ContainsFunc(j.made, func(d Delivery) bool { return d.Status == DeliveryUnknown })
	switch {
	case failure == nil:
		d.Next = scheduleOf(j.rest, now, j.v.ExpiresAt)
	case j.resend:
		d.Refund = !unknown
	case j.later:
		d.Next = &Schedule{}
	default:
		d.Failed, d.Next = !unknown, &Schedule{}
	}
	return d
}

// scheduleOf is what is left of a fallback when a code was delivered at now.
func scheduleOf(steps []Step, now, expires time.Time) *Schedule {
	if len(steps) == 0 || !now.Add(steps[0].After).Before(expires) {
		return &Schedule{}
	}
	return &Schedule{Steps: steps, At: now.Add(steps[0].After)}
}

// lateOf is what routing calls when an answer comes late.
func (j *job) lateOf(ctx context.Context) func(routing.Try) {
	return func(try routing.Try) { j.late(ctx, try) }
}

// late takes in the answer to a try that had timed out: its code can be checked from now on.
func (j *job) late(ctx context.Context, try routing.Try) {
	<-j.recorded
	at := slices.IndexFunc(j.made, func(d Delivery) bool {
		return d.Provider == try.Provider && d.Channel == try.Channel && d.At.Equal(try.At)
	})
	if at < 0 {
		return
	}
	d := j.delivery(try, j.made[at].To)
	d.ID, d.Rule = j.made[at].ID, j.made[at].Rule
	ctx, cancel := j.s.closing(ctx)
	defer cancel()
	if _, err := j.s.store.Deliver(ctx, Dispatch{Reference: j.reference, Deliveries: []Delivery{d}, Now: j.s.now()}); err != nil {
		j.s.log.Error("a late answer was lost", "provider", d.Provider, "reference", j.reference, "error", err)
	}
}

// reasonOf names a class for the app's developer.
func reasonOf(c providers.Class) string {
	switch c {
	case providers.Transient:
		return "upstream_unavailable"
	case providers.Ambiguous:
		return "timeout"
	case providers.Throttled:
		return "upstream_throttled"
	case providers.Credentials:
		return "upstream_credentials"
	case providers.Exhausted:
		return "upstream_balance"
	case providers.Unsupported:
		return "unsupported"
	case providers.Rejected:
		return "recipient_rejected"
	case providers.Busy:
		return "recipient_busy"
	case providers.Gone:
		return "session_gone"
	default:
		return "upstream_error"
	}
}
