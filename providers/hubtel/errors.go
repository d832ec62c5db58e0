package hubtel

import (
	"errors"
	"net/http"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// The codes that the vendor documents. They stand in the body; 2001 is not an HTTP status.
const (
	codeOK     = "0000"
	codeFailed = "2001" // "Request failed. OTP session may have expired"
)

// read takes an answer apart. Its error is what every operation makes of such an answer: a fault that the status tells,
// or a page that is not Hubtel's and therefore nobody's judgement.
func read(r upstream.Response) (envelope, error) {
	e, malformed := decodeEnvelope(r.Body)
	if fault := r.Fault(e.Code); fault != nil {
		return envelope{}, fault
	}
	if malformed != nil {
		return envelope{}, r.Failure(providers.Transient, "", malformed)
	}
	return e, nil
}

// opened reads the answer to a send or resend. What was granted without the pair that checks a code is ambiguous: a
// message may be under way, and nobody will be able to check it.
func opened(r upstream.Response, refusal func(status int, code string) providers.Class) (providers.Handle, error) {
	e, err := read(r)
	if err != nil {
		return providers.Handle{}, err
	}
	success := upstream.Success(r.Status)
	switch {
	case success && e.blank:
		return providers.Handle{}, r.Failure(providers.Transient, "", upstream.ErrMalformed)
	case !success || e.Code != codeOK:
		return providers.Handle{}, r.Failure(refusal(r.Status, e.Code), e.Code, nil)
	}
	h, ok := e.handle()
	if !ok {
		return providers.Handle{}, r.Failure(providers.Ambiguous, e.Code, errors.New("no request id and prefix came"))
	}
	return h, nil
}

// refusedSend: before a send there is no session that could have expired. What is left of 2001 is "request failed".
func refusedSend(_ int, code string) providers.Class {
	if code == codeFailed {
		return providers.Transient
	}
	return providers.Unknown
}

// refusedResend: a session that is not known, or no longer, cannot be sent again.
func refusedResend(status int, code string) providers.Class {
	if code == codeFailed || status == http.StatusNotFound || status == http.StatusGone {
		return providers.Gone
	}
	return providers.Unknown
}

// judge reads the answer to a verify. The vendor documents the status alone: 200 is yes. A body is not expected, but
// one that is there must say so too. Which status stands for a wrong code is documented nowhere; of those that users
// report, 401 is left out, for a refused key looks the same.
func judge(r upstream.Response) (providers.Verdict, error) {
	e, err := read(r)
	if err != nil {
		return providers.Verdict{}, err
	}
	if e.Code == codeFailed {
		return providers.Verdict{}, r.Failure(providers.Gone, e.Code, nil)
	}
	switch r.Status {
	case http.StatusOK:
		if e.blank || e.Code == codeOK {
			return upstream.Right(), nil
		}
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusUnprocessableEntity:
		return upstream.Wrong(nil), nil
	}
	return providers.Verdict{}, r.Failure(providers.Unknown, e.Code, nil)
}
