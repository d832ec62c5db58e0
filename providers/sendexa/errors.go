package sendexa

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// The words about a guess.
const wordWrong, wordUsedUp = "INVALID_OTP", "MAX_ATTEMPTS_EXCEEDED"

// meaning is the class of a refusal by the vendor's word or, where there is none, its text, in whatever case. Words are
// added as logs show them.
func meaning(word string) providers.Class {
	switch strings.ToUpper(word) {
	case "INVALID_TOKEN", "UNAUTHORIZED_ACCESS":
		return providers.Credentials
	case "INSUFFICIENT_BALANCE":
		return providers.Exhausted
	case "SENDER_ID_NOT_APPROVED", "SENDER_ID_NOT_REGISTERED":
		return providers.Unsupported
	case "INVALID PHONE NUMBER FORMAT":
		return providers.Rejected
	case "RATE_LIMIT_EXCEEDED":
		return providers.Throttled
	case "ACTIVE_OTP_EXISTS", "RESEND_COOLDOWN", "DUPLICATE_REQUEST":
		return providers.Busy
	case "EXPIRED_OTP", "OTP_NOT_FOUND", "OTP_ALREADY_USED", "NO_PREVIOUS_OTP":
		return providers.Gone
	case wordUsedUp, "MAX_RESENDS_EXCEEDED":
		return providers.Gone
	}
	return providers.Unknown
}

// good is the part of the success signal that every operation shares.
func (a answer) good() bool { return a.Success && upstream.Success(a.Status) }

// judge reads the answer to a verify of the code that id names; empty: the number names it. A word about the guess is a
// judgement beside any 4xx that such a word can go with, for the vendor's SDKs promise no more than that. A yes for
// another id is nobody's.
func (a answer) judge(id string) (providers.Verdict, error) {
	word, verified := a.known(), a.Data.Verified
	other := id != "" && a.Data.ID != "" && a.Data.ID != id
	switch {
	case a.good() && verified != nil && *verified && !other:
		return upstream.Right(), nil
	case a.good() && verified != nil && !*verified, a.judged() && word == wordWrong:
		return upstream.Wrong(a.Data.Left.Told()), nil
	case a.judged() && word == wordUsedUp:
		return providers.Verdict{Final: true}, nil
	}
	return providers.Verdict{}, a.refused()
}

// judged tells whether the status can stand beside a judgement: an empty account, a slow upstream, one that is down and
// a redirect cannot.
func (a answer) judged() bool {
	switch a.Status {
	case http.StatusPaymentRequired, http.StatusRequestTimeout:
		return false
	}
	return upstream.Success(a.Status) || a.Status >= 400 && a.Status <= 499
}

// words are what the vendor calls the reason, first the one that counts first.
func (a answer) words() []string { return []string{string(a.ErrorType), string(a.Code), text(a.Error)} }

// known is the first of the words that means something, in capitals; empty: none does.
func (a answer) known() string {
	for _, w := range a.words() {
		if w = strings.ToUpper(w); w == wordWrong || meaning(w) != providers.Unknown {
			return w
		}
	}
	return ""
}

// refused is the error of an answer that says no: by its words, then the status, then the text. How long to wait stands
// in data where a person must: the page of limits that bear on the account has it in a header.
func (a answer) refused() error {
	class, wait := upstream.ClassOfStatus(a.Status), a.Data.wait()
	if class == providers.Throttled && (a.Data.ExpiresAt != "" || wait > 0) {
		class = providers.Busy // a live code is in the way: the sample of that has no word
	}
	class = cmp.Or(meaning(a.known()), class, meaning(text(a.Message)))
	e := a.Failure(class, cmp.Or(a.words()...), nil)
	e.RetryAfter = cmp.Or(wait, e.RetryAfter)
	return e
}
