package otp

import (
	"slices"

	"github.com/otpgate/otpgate/providers"
)

// Learner is told whose codes were verified in the end; routing's strategy `best` goes by it. country is empty for
// e-mail.
type Learner interface {
	Feedback(provider string, channel providers.Channel, country string, verified bool)
}

// Teach tells what an ended verification says about its providers: the one whose code was verified did well, the others
// that took it did not. Nothing follows from one that was canceled, or whose guesses were used up: that was not the
// provider's doing.
func Teach(l Learner, v Verification) {
	if v.Status != StatusVerified && v.Status != StatusExpired {
		return
	}
	judge := ""
	if at := slices.IndexFunc(v.Checks, func(c Check) bool { return c.Outcome == OutcomeRight }); at >= 0 {
		judge = v.Checks[at].Provider
	}
	for _, d := range v.Deliveries {
		if d.Status == DeliveryFailed || d.Status == DeliveryUnknown || d.Channel == providers.USSD {
			continue
		}
		l.Feedback(d.Provider, d.Channel, d.To.Country(), d.Provider == judge)
	}
}
