package otp

import "time"

// Code names what went wrong for the app's developer. Codes are part of the public contract; their HTTP status stands in
// one table in httpapi.
type Code string

// The codes of the use cases. httpapi adds those that only HTTP knows.
const (
	InvalidRequest        Code = "invalid_request"
	Forbidden             Code = "forbidden"
	NotFound              Code = "not_found"
	AlreadyVerified       Code = "already_verified"
	ResendsExhausted      Code = "resends_exhausted"
	IdempotencyInProgress Code = "idempotency_in_progress"
	Expired               Code = "expired"
	AttemptsExhausted     Code = "attempts_exhausted"
	Canceled              Code = "canceled"
	WrongCode             Code = "wrong_code"
	NoRoute               Code = "no_route"
	RecipientRejected     Code = "recipient_rejected"
	IdempotencyMismatch   Code = "idempotency_mismatch"
	RateLimited           Code = "rate_limited"
	RecipientLocked       Code = "recipient_locked"
	ResendTooSoon         Code = "resend_too_soon"
	ProviderUnavailable   Code = "provider_unavailable"
	StoreUnavailable      Code = "store_unavailable"
	Overloaded            Code = "overloaded"
)

// Error is the answer to a request that was not granted. Every text in it is fit for the app's developer.
type Error struct {
	Code              Code
	Detail            string        // one sentence: what happened and what to do
	Fields            []Field       // what was wrong with the request, for InvalidRequest
	Reference         Reference     // of the verification, where there is one
	AttemptsRemaining int           // for WrongCode
	RetryAfter        time.Duration // for what is worth trying again; 0: not known
	Limits            []Level       // the limits that were looked at, for the RateLimit headers
	Err               error         // cause, for logs
}

// Field is one mistake in a request.
type Field struct {
	Field   string `json:"field"` // as in the request: "code.length"
	Message string `json:"message"`
}

// Error is code and detail, and the cause where there is one.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Detail
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
