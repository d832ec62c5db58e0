package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// Caller is a provider whose upstream calls people, asks here what to say to those who pick up, and tells here how each
// call ended.
type Caller interface {
	// ParseCall does as [providers.CallbackParser] says.
	ParseCall(c providers.Callback) (providers.Call, error)
	// Say writes the answer by which the upstream says text; an empty text ends the call.
	Say(text providers.Secret, locale string) (mediaType string, body []byte)
}

var (
	errNoCalls     = errors.New("a request about a call, for a provider that makes none, or that does not exist")
	errForeignCall = errors.New("somebody called the number that the gateway calls from")
)

// voice answers the upstream that has called somebody. What is no call of ours is answered politely and without a code.
func (r *call) voice() (otp.Answer, error) {
	name := strings.Clone(r.fiber.Params("provider"))
	caller, known := r.snapshot.Callers[name]
	if !known {
		return otp.Answer{}, r.hidden(errNoCalls)
	}
	c, err := caller.ParseCall(r.received())
	switch {
	case errors.Is(err, providers.ErrMalformed):
		return otp.Answer{}, invalid(otp.Field{Field: "body", Message: "must be a form about a call, as the upstream has it"})
	case err != nil:
		return otp.Answer{}, r.hidden(fmt.Errorf("%s: %w", name, err))
	}
	switch c.Stage {
	case providers.CallEnded:
		return plain(""), r.snapshot.OTP.Report(r.ctx, name, []providers.Report{c.Report})
	case providers.CallRinging:
		return plain(""), nil
	case providers.CallForeign:
		r.regret(&otp.Error{Code: otp.NotFound, Err: errForeignCall})
		return say(caller, otp.Speech{}), nil
	case providers.CallAnswered:
	}
	speech, err := r.snapshot.OTP.ReadOut(r.ctx, otp.CallInput{Provider: name, ID: c.ID, Numbers: c.Numbers})
	r.reference = speech.Reference
	if err != nil {
		r.regret(err)
		speech = otp.Speech{}
	}
	return say(caller, speech), nil
}

func say(caller Caller, speech otp.Speech) otp.Answer {
	mediaType, body := caller.Say(speech.Text, speech.Locale)
	return otp.Answer{Status: http.StatusOK, ContentType: mediaType, Body: body}
}

// regret notes a refusal for log and observer that is told in another way than by a problem.
func (r *call) regret(err error) {
	e := asError(err)
	r.code, r.cause = r.problems.of(e.Code).Code, e.Err
}
