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

var (
	errNoReference = errors.New("granted without a reference")
	errUnlisted    = errors.New("answer is none that the vendor documents")
)

// read takes an answer apart. Its error is what every operation makes of such an answer: a fault that the status tells,
// or a page that is not Hisend's and therefore nobody's judgement.
func read(r upstream.Response) (envelope, error) {
	if fault := r.Fault(""); fault != nil {
		return envelope{}, fault
	}
	e, err := decodeEnvelope(r.Body)
	if err != nil {
		return envelope{}, r.Failure(providers.Transient, "", err)
	}
	return e, nil
}

// opened reads the answer to a send. What was granted without the reference that checks a code is ambiguous: a message
// may be under way, and nobody will be able to check it.
func opened(r upstream.Response, g providers.Granted) (providers.Handle, error) {
	e, err := read(r)
	if err != nil {
		return providers.Handle{}, err
	}
	if r.Status < 200 || r.Status > 299 {
		return providers.Handle{}, refusal(r, e)
	}
	if h, ok := e.handle(g); ok {
		return h, nil
	}
	if e.blank() && e.Message != messageGenerated {
		return providers.Handle{}, r.Failure(providers.Transient, "", upstream.ErrMalformed)
	}
	return providers.Handle{}, r.Failure(providers.Ambiguous, "", errNoReference)
}

// judge reads the answer to a verify. How Hisend speaks of a reference that is unknown, expired or used up is
// documented nowhere. It may say "Invalid OTP" of those as well; whatever else it says is not taken for a judgement.
func judge(r upstream.Response) (providers.Verdict, error) {
	e, err := read(r)
	if err != nil {
		return providers.Verdict{}, err
	}
	switch {
	case r.Status == http.StatusOK:
		yes, err := e.approves()
		if err != nil {
			return providers.Verdict{}, r.Failure(providers.Transient, "", err)
		}
		if yes {
			return providers.Verdict{Match: true, AttemptsLeft: -1, Final: true}, nil
		}
	case r.Status == http.StatusUnprocessableEntity && e.Message == messageWrong:
		return providers.Verdict{AttemptsLeft: -1}, nil
	}
	return providers.Verdict{}, refusal(r, e)
}

// refusal is what an answer means that neither grants nor judges. A complaint about the recipient is not told apart:
// how Hisend wants numbers written is unknown, and a refused spelling must not bar people whom others reach.
func refusal(r upstream.Response, e envelope) error {
	if r.Status == http.StatusUnprocessableEntity && e.Message == messageNoBalance {
		return r.Failure(providers.Exhausted, "", nil)
	}
	return r.Failure(providers.Unknown, "", errUnlisted)
}
