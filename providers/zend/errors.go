package zend

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// read takes an answer apart; missing is what a 404 means. Its error is what every operation makes of such an answer: a
// fault that a status tells, whatever else stands there, or a page that is not Zend's and therefore nobody's judgement.
func read(r upstream.Response, missing providers.Class) (answer, error) {
	var a answer
	malformed := upstream.Decode(r.Body, &a)
	if fault := r.Fault(a.Error); fault != nil {
		return answer{}, fault
	}
	if malformed != nil && (len(r.Body) > 0 || upstream.Success(r.Status)) {
		return answer{}, r.Failure(providers.Transient, "", malformed)
	}
	if a.StatusCode == 0 || upstream.Success(a.StatusCode) {
		a.StatusCode = r.Status // a body never makes a success of a failure
	}
	class := upstream.ClassOfStatus(a.StatusCode)
	if a.StatusCode == http.StatusNotFound {
		class = missing
	}
	if class != providers.Unknown {
		return answer{}, r.Failure(class, a.Error, nil)
	}
	return a, nil
}

// opened reads the answer to a send. What was granted without an id leaves open whether a message is under way, and so
// does "failed"; where there is an id, its code can be checked nevertheless.
func opened(r upstream.Response) (providers.Handle, error) {
	a, err := read(r, providers.Unknown)
	if err != nil {
		return providers.Handle{}, err
	}
	if !upstream.Success(a.StatusCode) || a.Success != nil && !*a.Success {
		return providers.Handle{}, r.Failure(refusal(a), a.Error, nil)
	}
	switch h, ok := a.handle(); {
	case ok && a.Status == statusFailed:
		return h, r.Failure(providers.Ambiguous, a.Status, errors.New("granted and failed at once"))
	case ok:
		return h, nil
	case a.ID == "" && a.Status == "": // nothing in it is Zend's
		return providers.Handle{}, r.Failure(providers.Transient, a.Error, upstream.ErrMalformed)
	}
	return providers.Handle{}, r.Failure(providers.Ambiguous, a.Status, errors.New("granted without a usable id"))
}

// refusal is the class of a send that was refused. Users report 422 for the recipient and 400 for bad parameters, of
// which the number is one. An empty account goes first: nobody else is asked to carry to one who was rejected.
func refusal(a answer) providers.Class {
	said := strings.ToLower(strings.TrimLeft(string(a.Message), `[ "`)) // from the first sentence on, of a list as well
	number := strings.HasPrefix(said, "phone_number must ") || strings.HasPrefix(said, "invalid phone number")
	switch {
	case strings.Contains(said, "insufficient"):
		return providers.Exhausted
	case a.StatusCode == http.StatusUnprocessableEntity, a.StatusCode == http.StatusBadRequest && number:
		return providers.Rejected
	}
	return providers.Unknown
}

// judge reads the answer to a verify. The vendor documents the body and not its status: yes is success true in a 2xx,
// no is success false beside any status that tells no fault. A "no" that tells how many guesses are left is a wrong
// code, unless the session has ended: the body is the same then, so the session is looked at.
func (p *Provider) judge(
	ctx context.Context, r upstream.Response, id string, guess providers.Secret,
) (providers.Verdict, error) {
	a, err := read(r, providers.Gone)
	switch {
	case err != nil:
		return providers.Verdict{}, err
	case a.Success == nil, *a.Success && !upstream.Success(a.StatusCode):
		return providers.Verdict{}, r.Failure(providers.Unknown, a.Error, nil)
	case *a.Success:
		return upstream.Right(), nil
	}
	session, unread := p.aside(ctx, id, guess)
	switch {
	case session.Code == statusExpired, session.Code == statusVerified:
		return providers.Verdict{}, r.Failure(providers.Gone, session.Code, nil)
	case session.Code == statusFailed:
		return providers.Verdict{Final: true}, nil
	case a.AttemptsRemaining != nil:
		return upstream.Wrong(a.AttemptsRemaining), nil
	case unread != nil:
		return providers.Verdict{}, unread
	}
	return providers.Verdict{}, r.Failure(providers.Unknown, a.Error, nil)
}

// report reads the answer to a status. Only some of the vendor's words tell of the message.
func report(r upstream.Response) (providers.DeliveryReport, error) {
	a, err := read(r, providers.Gone)
	if err != nil {
		return providers.DeliveryReport{}, err
	}
	known := providers.DeliveryReport{Code: a.Status, Final: true}
	switch {
	case !upstream.Success(a.StatusCode):
		return providers.DeliveryReport{}, r.Failure(providers.Unknown, a.Error, nil)
	case a.Status == statusSent, a.Status == statusPending:
		known.State, known.Final = providers.DeliverySent, false
	case a.Status == statusVerified:
		known.State = providers.DeliveryDelivered
	case a.Status != statusExpired && a.Status != statusFailed:
		return providers.DeliveryReport{}, r.Failure(providers.Unknown, a.Status, nil)
	}
	return known, nil
}
