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
// Beside the error of a fault stands the answer.
func read(r upstream.Response, missing providers.Class) (answer, error) {
	var a answer
	malformed := upstream.Decode(r.Body, &a)
	if malformed != nil {
		a = answer{}
	}
	a.status = r.Status // a body never makes a success of a failure
	if own := a.StatusCode.Told(); own != nil && *own != 0 && !upstream.Success(*own) {
		a.status = *own
	}
	if fault := r.Fault(a.reason()); fault != nil {
		return a, fault
	}
	if malformed != nil && (len(r.Body) > 0 || upstream.Success(r.Status)) {
		return a, r.Failure(providers.Transient, "", malformed)
	}
	class := upstream.ClassOfStatus(a.status)
	if a.status == http.StatusNotFound {
		class = missing
	}
	if class != providers.Unknown {
		return a, r.Failure(class, a.reason(), nil)
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
	if !upstream.Success(a.status) || a.Success != nil && !*a.Success {
		return providers.Handle{}, r.Failure(refusal(a), a.reason(), nil)
	}
	switch h, ok := a.handle(); {
	case ok && a.Status == statusFailed:
		return h, r.Failure(providers.Ambiguous, a.Status, errors.New("granted and failed at once"))
	case ok:
		return h, nil
	case a.ID == "" && a.Status == "": // nothing in it is Zend's
		return providers.Handle{}, r.Failure(providers.Transient, a.reason(), upstream.ErrMalformed)
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
	case a.status == http.StatusUnprocessableEntity, a.status == http.StatusBadRequest && number:
		return providers.Rejected
	}
	return providers.Unknown
}

// judge reads the answer to a verify. The vendor documents the body and not its status: yes is success true in a 2xx,
// no is success false. A "no" that tells how many guesses are left is a wrong code beside 401, 403 and 429 too: who
// refuses a key or a flood counts no guesses. The body is the same when the session has ended, so that is looked at.
func (p *Provider) judge(
	ctx context.Context, r upstream.Response, id string, guess providers.Secret,
) (providers.Verdict, error) {
	a, err := read(r, providers.Gone)
	counted := a.refusedGuess() && judges(r.Status) && judges(a.status)
	switch {
	case err != nil && !counted:
		return providers.Verdict{}, err
	case a.Success == nil, *a.Success && (!upstream.Success(a.status) || a.ID != "" && a.ID != id):
		return providers.Verdict{}, r.Failure(providers.Unknown, a.reason(), nil)
	case *a.Success:
		return upstream.Right(), nil
	}
	left := a.AttemptsRemaining.Told()
	session, unread := p.aside(ctx, id, guess)
	switch {
	case session.Code == statusExpired, session.Code == statusVerified:
		return providers.Verdict{}, r.Failure(providers.Gone, session.Code, nil)
	case left != nil:
		return upstream.Wrong(left), nil
	case session.Code == statusFailed:
		return providers.Verdict{Final: true}, nil
	case unread != nil:
		return providers.Verdict{}, unread
	}
	return providers.Verdict{}, r.Failure(providers.Unknown, a.reason(), nil)
}

// judges tells whether a status can stand beside a judgement: an empty account, a session that is not found, a slow
// upstream, one that is down and a redirect cannot.
func judges(status int) bool {
	switch status {
	case http.StatusPaymentRequired, http.StatusNotFound, http.StatusRequestTimeout:
		return false
	}
	return upstream.Success(status) || status >= 400 && status <= 499
}

// report reads the answer to a status of id. Only some of the vendor's words tell of the message.
func report(r upstream.Response, id string) (providers.DeliveryReport, error) {
	a, err := read(r, providers.Gone)
	if err != nil {
		return providers.DeliveryReport{}, err
	}
	known := providers.DeliveryReport{Code: a.Status, Final: true}
	switch {
	case !upstream.Success(a.status), a.ID != "" && a.ID != id:
		return providers.DeliveryReport{}, r.Failure(providers.Unknown, a.reason(), nil)
	case a.Status == statusSent, a.Status == statusPending:
		known.State, known.Final = providers.DeliverySent, false
	case a.Status == statusVerified:
		known.State = providers.DeliveryDelivered
	case a.Status != statusExpired && a.Status != statusFailed:
		return providers.DeliveryReport{}, r.Failure(providers.Unknown, a.Status, nil)
	}
	return known, nil
}
