package hubtel

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// The codes that the vendor documents, and the message beside the good one. They stand in the body; 2001 is not an HTTP
// status.
const (
	codeOK     = "0000"
	codeFailed = "2001" // "Request failed. OTP session may have expired"
	messageOK  = "success"
)

// read takes an answer apart. Its error is what every operation makes of such an answer: a fault that the status tells,
// or a page that is not Hubtel's and therefore nobody's judgement.
func read(r upstream.Response) (envelope, error) {
	e, malformed := decodeEnvelope(r.Body)
	if fault := r.Fault(e.code()); fault != nil {
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
	case !success || e.code() != codeOK:
		return providers.Handle{}, r.Failure(refusal(r.Status, e.code()), e.code(), nil)
	}
	h, ok := e.handle()
	if !ok {
		return providers.Handle{}, r.Failure(providers.Ambiguous, e.code(), errors.New("no request id and prefix came"))
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
// report, 401 is left out, for a refused key looks the same. Beside them other words than JSON are taken for Hubtel's,
// unless they are a page: guesses that a judgement in an unknown form gave back would be without number.
func judge(r upstream.Response) (providers.Verdict, error) {
	e, err := read(r)
	no := saysNo(r.Status)
	switch {
	case err != nil && no && !page(r.Body):
		return upstream.Wrong(nil), nil
	case err != nil:
		return providers.Verdict{}, err
	case e.code() == codeFailed:
		return providers.Verdict{}, r.Failure(providers.Gone, codeFailed, nil)
	case no:
		return upstream.Wrong(nil), nil
	case r.Status == http.StatusOK && e.good():
		return upstream.Right(), nil
	}
	return providers.Verdict{}, r.Failure(providers.Unknown, e.code(), nil)
}

func saysNo(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// page tells whether a body is one for browsers, such as a proxy writes.
func page(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }
