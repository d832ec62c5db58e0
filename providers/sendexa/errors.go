package sendexa

import (
	"cmp"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// meaning is the class of a refusal by the vendor's word or, where there is none, its text. Words are added as logs
// show them.
func meaning(word string) providers.Class {
	switch word {
	case "INVALID_TOKEN", "UNAUTHORIZED_ACCESS":
		return providers.Credentials
	case "INSUFFICIENT_BALANCE":
		return providers.Exhausted
	case "SENDER_ID_NOT_APPROVED", "SENDER_ID_NOT_REGISTERED":
		return providers.Unsupported
	case "Invalid phone number format":
		return providers.Rejected
	case "RATE_LIMIT_EXCEEDED":
		return providers.Throttled
	case "ACTIVE_OTP_EXISTS", "RESEND_COOLDOWN", "DUPLICATE_REQUEST":
		return providers.Busy
	case "EXPIRED_OTP", "OTP_NOT_FOUND", "OTP_ALREADY_USED", "NO_PREVIOUS_OTP":
		return providers.Gone
	case "MAX_ATTEMPTS_EXCEEDED", "MAX_RESENDS_EXCEEDED":
		return providers.Gone
	}
	return providers.Unknown
}

// good is the part of the success signal that every operation shares.
func (a answer) good() bool { return a.Success && upstream.Success(a.Status) }

// judge reads the answer to a verify. Beside a status that tells of a fault no word is a judgement.
func (a answer) judge() (providers.Verdict, error) {
	word, judged, verified := cmp.Or(a.ErrorType, a.Code), a.Fault("") == nil, a.Data.Verified
	switch {
	case a.good() && verified != nil && *verified:
		return upstream.Right(), nil
	case a.good() && verified != nil, judged && word == "INVALID_OTP":
		return upstream.Wrong(a.Data.Left), nil
	case judged && word == "MAX_ATTEMPTS_EXCEEDED":
		return providers.Verdict{Final: true}, nil
	}
	return providers.Verdict{}, a.refused()
}

// refused is the error of an answer that says no: by errorType, then code, then the status, then the text.
func (a answer) refused() error {
	class := upstream.ClassOfStatus(a.Status)
	if class == providers.Throttled && a.Data.ExpiresAt != "" {
		class = providers.Busy // a live code is in the way: the sample of that has no word
	}
	class = cmp.Or(meaning(a.ErrorType), meaning(a.Code), class, meaning(a.Message))
	e := a.Failure(class, cmp.Or(a.ErrorType, a.Code), nil)
	wait := time.Duration(max(0, min(a.Data.RetryAfter, longest.Seconds())) * float64(time.Second))
	e.RetryAfter = cmp.Or(wait, e.RetryAfter)
	return e
}
