package sendexa

import (
	"cmp"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// The words that are a judgement of a guess.
const (
	wordWrong = "INVALID_OTP"
	wordSpent = "MAX_ATTEMPTS_EXCEEDED"
)

// meaning is the class of a refusal, by the vendor's word for it or, where there is none, by its text. Words are added
// here as logs show them.
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
	case wordSpent, "EXPIRED_OTP", "OTP_NOT_FOUND", "OTP_ALREADY_USED", "NO_PREVIOUS_OTP", "MAX_RESENDS_EXCEEDED":
		return providers.Gone
	}
	return providers.Unknown
}

// good is the part of the success signal that every operation shares.
func (a answer) good() bool { return a.Success && a.Status >= 200 && a.Status <= 299 }

// judge reads the answer to a verify. Beside a status that tells of a fault no word is a judgement.
func (a answer) judge() (providers.Verdict, error) {
	word, left := cmp.Or(a.ErrorType, a.Code), -1
	if a.Data.Left != nil {
		left = max(0, *a.Data.Left)
	}
	judged, verified := a.Fault("") == nil, a.Data.Verified
	switch {
	case a.good() && verified != nil && *verified:
		return providers.Verdict{Match: true, AttemptsLeft: -1, Final: true}, nil
	case a.good() && verified != nil, judged && word == wordWrong:
		return providers.Verdict{AttemptsLeft: left, Final: left == 0}, nil
	case judged && word == wordSpent:
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
