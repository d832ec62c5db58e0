package transport

import (
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Reporter is a transport that hears later how a message fared.
type Reporter interface {
	// OnReport has every later word on a message handed to f. It is called once, before the first delivery. f is called
	// by goroutines of the transport, perhaps several at a time; it must not block, for the next answers wait behind it.
	OnReport(f func(Report))
}

// Report is a later word on a message that an upstream has taken.
type Report struct {
	Reference string                  // of the message; empty: the upstream does not tell
	ID        string                  // as in the [Receipt]
	State     providers.DeliveryState // empty: the upstream does not know
	Code      string                  // the upstream's own words, such as "UNDELIV 001", for operators; empty: none
	At        time.Time               // by the upstream's clock; zero: not told
}

// CallbackParser is a transport whose upstream calls to tell how a message fared. It does as
// [providers.CallbackParser] says; one that must answer a challenge also implements [providers.Challenger].
type CallbackParser interface {
	ParseCallback(c providers.Callback) ([]Report, error)
}
