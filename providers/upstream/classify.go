package upstream

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// longestRetryAfter bounds what an upstream may ask for: a slip of its clock must not keep it out for days.
const longestRetryAfter = time.Hour

// Success tells whether status is one of 2xx.
func Success(status int) bool { return status >= 200 && status <= 299 }

// ClassOfStatus is what a status means where the upstream's own code says nothing. A status that does not tell of a
// fault every API shares is [providers.Unknown]: 200 where it was not expected, a redirect, 400, 404.
func ClassOfStatus(status int) providers.Class {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return providers.Credentials
	case status == http.StatusPaymentRequired:
		return providers.Exhausted
	case status == http.StatusTooManyRequests:
		return providers.Throttled
	case status == http.StatusRequestTimeout, status >= 500 && status <= 599:
		return providers.Transient
	}
	return providers.Unknown
}

// RetryAfter reads the header of that name: whole seconds, or a date of which now is subtracted. It is 0 when there is
// none or it makes no sense, and an hour at most.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longestRetryAfter)
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, min(date.Sub(now), longestRetryAfter))
}

// Failure makes an answer into an error. code is the upstream's own and may be empty or unfit to be shown, then the
// status stands for it. why must be a fixed text, never one of the upstream's; it may be nil.
func (r Response) Failure(class providers.Class, code string, why error) *providers.Error {
	if !fit(code, r.guess) {
		code = strconv.Itoa(r.Status)
	}
	return &providers.Error{
		Provider: r.provider, Op: r.op, Class: class, Code: code, RetryAfter: r.RetryAfter, Err: why,
	}
}

// Fault is the error of an answer that cannot be a judgement, whatever stands in it: its status tells of a fault every
// API shares, or is a redirect, which is never followed. Nil: the body decides. code is as for [Response.Failure].
func (r Response) Fault(code string) error {
	class := ClassOfStatus(r.Status)
	judged := Success(r.Status) || r.Status >= 400 && r.Status <= 499
	if judged && class == providers.Unknown {
		return nil
	}
	return r.Failure(class, code, nil)
}

// Refusal is the error of what an adapter turns down without a call. why must be a fixed text.
func (c *Client) Refusal(op string, class providers.Class, why string) error {
	return c.fail(op, class, errors.New(why))
}

func (c *Client) fail(op string, class providers.Class, why error) *providers.Error {
	return &providers.Error{Provider: c.provider, Op: op, Class: class, Err: why}
}

// class is what a request that got no answer head means. A write that was cut short by time may still have gone out:
// the report of it can be a moment behind.
func (j *journey) class(caller, call context.Context) providers.Class {
	if j.written.Load() || j.connected.Load() && call.Err() != nil {
		providers.MarkWritten(caller)
		return providers.Ambiguous
	}
	return providers.Transient
}

func classOfBrokenBody(status int) providers.Class {
	if Success(status) {
		return providers.Ambiguous
	}
	return ClassOfStatus(status)
}
