package otp

import (
	"slices"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Status is where a verification stands.
type Status string

// The states of a verification. All but StatusPending are ends.
const (
	StatusPending  Status = "pending"
	StatusVerified Status = "verified"
	StatusExpired  Status = "expired"
	StatusFailed   Status = "failed" // guesses used up, or no provider took it
	StatusCanceled Status = "canceled"
)

// Verification is one request to prove that a person holds an address, from send to its end.
type Verification struct {
	Reference Reference
	App       string
	To        providers.Recipient
	Channel   providers.Channel // of the newest delivery that was taken, else as asked
	Purpose   string
	Wish      providers.CodeWish // as asked, defaults filled in
	Hard      HardWish
	Sender    string
	Message   string                       // the text with {code}; empty: the upstream's own
	Messages  map[providers.Channel]string // in place of Message, for the channels that have texts of their own
	Ending    providers.Ending
	Locale    string // of the text
	Metadata  map[string]string
	ClientIP  string // of the person, as the app told; empty: not told
	Key       string // the app's idempotency key; empty: none
	Trace     string // that the send belongs to, as a W3C traceparent; empty: none is kept

	Status      Status
	CreatedAt   time.Time
	ExpiresAt   time.Time
	EndedAt     time.Time // zero while pending
	MaxAttempts int
	Attempts    int // guesses counted
	MaxResends  int
	Resends     int
	ResendAfter time.Duration
	ResendAt    time.Time // soonest time of the next resend
	Deliveries  []Delivery
	Checks      []Check
	Next        Schedule
}

// Schedule is what is left of the fallback.
type Schedule struct {
	Steps []Step    // still to come, in order
	At    time.Time // when the first of Steps is due; zero: no step is left
}

// Step is a delivery that is made when the ones before it did not lead to a success in time.
type Step struct {
	Channel providers.Channel
	To      providers.Recipient
	After   time.Duration // since the delivery before it
}

// HardWish tells which wishes the request itself named: a provider that cannot grant one is left out.
type HardWish struct{ Length, Alphabet, Message bool }

// DeliveryStatus is where a delivery stands.
type DeliveryStatus string

// The states of a delivery.
const (
	DeliverySent        DeliveryStatus = "sent"
	DeliveryDelivered   DeliveryStatus = "delivered"
	DeliveryUndelivered DeliveryStatus = "undelivered"
	DeliveryFailed      DeliveryStatus = "failed"
	DeliveryUnknown     DeliveryStatus = "unknown" // timed out after the request was written
)

// Delivery is one hand-over of one code to one provider on one channel.
type Delivery struct {
	ID        string // unique
	Provider  string
	Channel   providers.Channel
	To        providers.Recipient
	Status    DeliveryStatus
	Reason    string // why it failed, in a word of the public contract; of one that was sent: what is known beyond
	Class     string // of the provider's error; empty: none
	Code      string // the upstream's own; empty: none
	At        time.Time
	Took      time.Duration
	Rule      string // that chose the provider
	Place     int    // in the plan, from 1
	USSD      string // dial string that shows this code; empty: none
	Handle    providers.Handle
	Checkable bool      // a guess may be put to the provider
	ExpiresAt time.Time // of this code; never after the verification's
	// ReportedAt is when the message arrived or was given up, as the provider told later; zero: it has not.
	ReportedAt time.Time
	Cost       Cost
}

// Cost is what a delivery costs.
type Cost struct {
	Micros     int64  // millionths of the currency
	Currency   string // ISO 4217; empty: nobody told a price
	OnDelivery bool   // due when the message arrived, and not when the provider took it
}

// Outcome is what became of a check.
type Outcome string

// The outcomes of a check. A check is recorded as Wrong when it is counted, so that a crash before the answer forgives
// nobody a guess.
const (
	OutcomeWrong       Outcome = "wrong_code"
	OutcomeRight       Outcome = "verified"
	OutcomeUnavailable Outcome = "provider_unavailable"
	OutcomeExpired     Outcome = "expired"
)

// Check is one guess by the user.
type Check struct {
	ID       string
	At       time.Time
	Outcome  Outcome
	Counted  bool   // false: it was given back
	Provider string // that judged it; empty: none did
	IP       string // of the person, as the app told
}

// maxChecks bounds the memory of checks that were given back; those that count are bounded by MaxAttempts.
const maxChecks = 50

// At is v as somebody sees it at now: what ran out is ended, although nobody has written that down yet.
func (v Verification) At(now time.Time) Verification {
	if v.Status != StatusPending {
		return v
	}
	switch {
	case !now.Before(v.ExpiresAt):
		v.Status, v.EndedAt, v.Next = StatusExpired, v.ExpiresAt, Schedule{}
	case v.Attempts >= v.MaxAttempts:
		v.Status, v.Next = StatusFailed, Schedule{}
	}
	return v
}

// text is what is said on channel.
func (v Verification) text(channel providers.Channel) string {
	if own, ok := v.Messages[channel]; ok {
		return own
	}
	return v.Message
}

// recipients are all that the verification may write to: the first one, and those of the fallback.
func (v Verification) recipients() []providers.Recipient {
	all := []providers.Recipient{v.To}
	for _, step := range v.Next.Steps {
		all = append(all, step.To)
	}
	return all
}

// AttemptsRemaining is how many guesses are left; none once it has ended.
func (v Verification) AttemptsRemaining() int {
	if v.Status != StatusPending {
		return 0
	}
	return max(0, v.MaxAttempts-v.Attempts)
}

// ResendsRemaining is how many resends are left; none once it has ended.
func (v Verification) ResendsRemaining() int {
	if v.Status != StatusPending {
		return 0
	}
	return max(0, v.MaxResends-v.Resends)
}

// Live returns the deliveries to which a guess may be put at now, newest first.
func (v Verification) Live(now time.Time) []Delivery {
	var live []Delivery
	for _, d := range slices.Backward(v.Deliveries) {
		if d.live(now) {
			live = append(live, d)
		}
	}
	return live
}

// live tells whether a guess may be put to the delivery at now.
func (d *Delivery) live(now time.Time) bool { return d.Checkable && now.Before(d.ExpiresAt) }

// Clone copies v so that changes to the copy do not reach v.
func (v Verification) Clone() Verification {
	v.Deliveries, v.Checks = slices.Clone(v.Deliveries), slices.Clone(v.Checks)
	return v
}
