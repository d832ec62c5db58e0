package hisend

import (
	"errors"
	"net/http"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// The messages that the vendor documents. Both refusals come with 422 and without a code, so the text decides: to the
// letter, or not at all.
const (
	messageGenerated = "OTP generated successfully"
	messageWrong     = "Invalid OTP"
	messageNoBalance = "Insufficient wallet balance"
)

// opened reads the answer to a send. What was granted without the reference that checks a code is ambiguous: a message
// may be under way, and nobody will be able to check it.
func (a answer) opened(g providers.Granted) (providers.Handle, error) {
	if !upstream.Success(a.Status) {
		return providers.Handle{}, a.refusal()
	}
	if h, ok := a.handle(g); ok {
		return h, nil
	}
	if a.blank() && a.Message != messageGenerated {
		return providers.Handle{}, a.Failure(providers.Transient, "", upstream.ErrMalformed)
	}
	return providers.Handle{}, a.Failure(providers.Ambiguous, "", errors.New("granted without a reference"))
}

// judge reads the answer to a verify. Yes is the boolean, unless the words beside it are those of a no. How Hisend speaks
// of a reference that is unknown, expired or used up is documented nowhere. It may say "Invalid OTP" of those as well;
// whatever else it says is not taken for a judgement.
func (a answer) judge() (providers.Verdict, error) {
	var d data
	if a.Status == http.StatusOK {
		var err error
		if d, err = a.data(); err != nil {
			return providers.Verdict{}, a.Failure(providers.Transient, "", err)
		}
	}
	judged := a.Status == http.StatusOK || a.Status == http.StatusUnprocessableEntity
	switch {
	case d.Success && a.Message != messageWrong && a.Message != messageNoBalance:
		return upstream.Right(), nil
	case judged && !d.Success && a.Message == messageWrong:
		return upstream.Wrong(nil), nil
	}
	return providers.Verdict{}, a.refusal()
}

// refusal is what an answer means that neither grants nor judges. A complaint about the recipient is not told apart:
// how Hisend wants numbers written is unknown, and a refused spelling must not bar people whom others reach.
func (a answer) refusal() error {
	if a.Status == http.StatusUnprocessableEntity && a.Message == messageNoBalance {
		return a.Failure(providers.Exhausted, "", nil)
	}
	return a.Failure(providers.Unknown, "", errors.New("answer is none that the vendor documents"))
}
