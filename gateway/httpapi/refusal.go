package httpapi

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/otp"
)

const problemType = "application/problem+json"

// refusal is a problem as RFC 9457 writes it, with the extensions of the contract.
type refusal struct {
	Type              string        `json:"type"` // where the manual that the gateway itself serves explains the code
	Title             string        `json:"title"`
	Status            int           `json:"status"`
	Detail            string        `json:"detail"`
	Instance          string        `json:"instance"` // route and request: the path itself may hold anything
	Code              otp.Code      `json:"code"`
	RequestID         string        `json:"request_id"`
	Reference         otp.Reference `json:"reference,omitempty"`
	Verified          *bool         `json:"verified,omitempty"`
	AttemptsRemaining *int          `json:"attempts_remaining,omitempty"`
	RetryAfter        int           `json:"retry_after,omitzero"` // seconds
	Errors            []otp.Field   `json:"errors,omitempty"`
}

// answer writes err, which happened to the request id on the route at.
func (t table) answer(err error, id, at string) otp.Answer {
	e := asError(err)
	p := t.of(e.Code)
	out := refusal{
		Type: "/docs#" + string(p.Code), Title: p.Title, Status: p.Status, Detail: e.Detail,
		Instance: at + "#" + id, Code: p.Code, RequestID: id,
		Reference: e.Reference, RetryAfter: p.wait(e.RetryAfter), Errors: e.Fields,
	}
	if out.Detail == "" || p.Code != e.Code {
		out.Detail = p.When
	}
	if p.Code == otp.WrongCode {
		out.Verified, out.AttemptsRemaining = new(bool), &e.AttemptsRemaining
	}
	a := answer(p.Status, out)
	a.ContentType = problemType
	return a
}

// wait is how many seconds the caller should wait: what the refusal tells, rounded up, else what the table tells.
func (p problem) wait(told time.Duration) int {
	if p.retry == 0 {
		return 0
	}
	if told <= 0 {
		told = p.retry
	}
	return seconds(told)
}

// refuse answers with err, and keeps for the log what the caller is not told.
func (r *call) refuse(err error) {
	e := asError(err)
	p := r.problems.of(e.Code)
	r.code, r.cause = p.Code, e.Err
	if e.Reference != "" {
		r.reference = e.Reference
	}
	r.limits(e.Limits)
	r.retryAfter(p.wait(e.RetryAfter))
	if p.Code == unauthenticated {
		r.challenge()
	}
	if p.Code != e.Code { // a code that the table does not know
		r.cause = e
	}
	_ = r.write(r.problems.answer(err, r.id, r.route.at())) // fails for nothing but a stream
}

func (r *call) retryAfter(seconds int) {
	if seconds > 0 {
		r.fiber.Set(fiber.HeaderRetryAfter, strconv.Itoa(seconds))
	}
}

// at is the route as problems name it.
func (r route) at() string {
	if r.path == "" {
		return "/"
	}
	return r.path
}

// asError makes a refusal of any error. The texts of fiber's and fasthttp's errors hold raw bytes of the request, so
// they are never passed on, not even to the log. Every other error is a fault of ours, whose text only the log sees.
func asError(err error) *otp.Error {
	if e, ok := errors.AsType[*otp.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*fiber.Error](err); ok {
		return fromFiber(e.Code)
	}
	return &otp.Error{Code: internal, Err: err}
}

func fromFiber(status int) *otp.Error {
	switch status {
	case http.StatusNotFound:
		return &otp.Error{Code: otp.NotFound, Detail: "there is no such path; /docs lists those that exist"}
	case http.StatusMethodNotAllowed:
		return &otp.Error{Code: methodNotAllowed}
	case http.StatusRequestTimeout:
		return &otp.Error{Code: requestTimeout}
	case http.StatusRequestEntityTooLarge:
		return &otp.Error{Code: bodyTooLarge}
	case http.StatusRequestHeaderFieldsTooLarge:
		return &otp.Error{Code: headersTooLarge}
	default:
		return &otp.Error{Code: otp.InvalidRequest, Detail: "the request is not valid HTTP"}
	}
}

// invalid refuses a request for what is wrong with its fields.
func invalid(fields ...otp.Field) *otp.Error {
	return &otp.Error{
		Code: otp.InvalidRequest, Detail: "the request does not fit the contract; see errors", Fields: fields,
	}
}

var errNotVerified = errors.New("verify granted a verification that is not verified")
