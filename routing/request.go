package routing

import (
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Request asks routing for one delivery of one verification.
type Request struct {
	App     string // id of the app that asked
	Purpose string // as the app named it; empty: none
	Key     string // the app's idempotency key; a weighted choice is stable for it. Empty: none
	Send    providers.SendRequest
	Hard    Hard
	Spent   []Spot // tried for this verification and not to be tried again: their answer is unknown
	Failed  []Spot // tried for this verification without success: asked after all others
}

// Hard tells which wishes of a [Request] exclude a provider that cannot grant them. The others are passed to a provider
// that takes them and stop nobody.
type Hard struct{ Length, Alphabet, Message bool }

// Spot is a provider on a channel: what a breaker guards and what a plan orders.
type Spot struct {
	Provider string
	Channel  providers.Channel
}

// Delivered is the delivery that a resend repeats.
type Delivered struct {
	Spot
	Handle providers.Handle
}

// Try is one call to one provider.
type Try struct {
	Spot
	Place  int              // in the plan, from 1
	USSD   string           // dial string that shows the code; empty: none
	Handle providers.Handle // set when the delivery can be checked
	Err    *providers.Error // nil: the upstream took the request
	At     time.Time        // when the call began
	Took   time.Duration
	Resent bool // by the upstream's own resend: the handle takes the place of the one before
	Price  Price
	Priced bool // Price is known
	// PaidOnDelivery tells that Price is due when the message arrived, and not when the provider took it.
	PaidOnDelivery bool
}

// Checkable tells whether a guess may be put to the provider: it took the request, or it may have and gave a handle.
func (t Try) Checkable() bool {
	return t.Err == nil || t.Err.Class == providers.Ambiguous && t.Handle.State != nil
}

// Outcome is what became of a request. The last try is the one that succeeded, if any did.
type Outcome struct {
	Rule     string // name of the rule that matched; empty: none
	Tries    []Try  // in order
	Fallback []Step // of the rule
}

// Failure says that no provider took a request.
type Failure struct {
	NoRoute    bool            // no provider could have served it at all
	Class      providers.Class // of the failure that decides the answer
	RetryAfter time.Duration   // soonest that another request makes sense; 0: not known
	Reason     string          // one sentence for the app's developer; names no provider's secret
}

// Error is the reason.
func (f *Failure) Error() string { return f.Reason }
