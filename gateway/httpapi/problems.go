package httpapi

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// The codes that only HTTP knows.
const (
	unauthenticated      otp.Code = "unauthenticated"
	methodNotAllowed     otp.Code = "method_not_allowed"
	requestTimeout       otp.Code = "request_timeout"
	bodyTooLarge         otp.Code = "body_too_large"
	unsupportedMediaType otp.Code = "unsupported_media_type"
	headersTooLarge      otp.Code = "headers_too_large"
	internal             otp.Code = "internal"
	notReady             otp.Code = "not_ready"
)

// problem is one code of the contract. Its texts go to developers: into answers and into the manual.
type problem struct {
	Code   otp.Code
	Status int
	Title  string
	When   string        // it is the answer
	Todo   string        // for the caller
	retry  time.Duration // to wait where the refusal does not tell; 0: there is no point in trying again
}

// table maps every code to its problem. It is the only place where a code meets a status.
type table map[otp.Code]problem

func newTable() table {
	t := table{}
	for _, p := range problems() {
		t[p.Code] = p
	}
	return t
}

// of is the problem of code; internal, when nobody has heard of it.
func (t table) of(code otp.Code) problem {
	if p, ok := t[code]; ok {
		return p
	}
	return t[internal]
}

func problems() []problem {
	return []problem{
		{
			otp.InvalidRequest, 400, "The request is not valid",
			"The body, a header or the query does not fit the contract, or is not valid HTTP.",
			"Correct what `errors` names; the same request will fail again.", 0,
		},
		{
			unauthenticated, 401, "The caller is not known",
			"The key is missing, unknown, out of date or not good at this address, its secret or token is wrong, or two " +
				"credentials contradict each other.",
			"Send the key and its secret, or a token, in one of the ways that the API takes.", 0,
		},
		{
			otp.Forbidden, 403, "The caller may not do this",
			"The key lacks the scope that the call asks for.",
			"Use a key with the scope, or have the operator change the app's settings.", 0,
		},
		{
			otp.NotFound, 404, "There is no such thing",
			"No such path, or no verification of this app with this reference, recipient and purpose.",
			"Check the reference, and that the same app sent it.", 0,
		},
		{
			methodNotAllowed, 405, "The path takes another method",
			"The path exists, but not for this method.",
			"Use a method that `Allow` lists.", 0,
		},
		{
			requestTimeout, 408, "The request came too slowly",
			"The request was not complete when the gateway stopped waiting for it.",
			"Send the request again, in one go.", 0,
		},
		{
			otp.AlreadyVerified, 409, "The verification has succeeded before",
			"The verification ended with a right code before; a code is accepted once.",
			"Go on if it was you who got the 200; otherwise send a new one.", 0,
		},
		{
			otp.ResendsExhausted, 409, "No resend is left",
			"Every resend of this verification was used.",
			"Send a new one when this one has ended.", 0,
		},
		{
			otp.IdempotencyInProgress, 409, "The first request is still running",
			"A request with the same `Idempotency-Key` has not been answered yet.",
			"Repeat the request after `Retry-After`; it gets the first one's answer.", time.Second,
		},
		{
			otp.Expired, 410, "The code is too old",
			"The verification has expired, or the provider no longer knows it.",
			"Send a new one.", 0,
		},
		{
			otp.AttemptsExhausted, 410, "No guess is left",
			"Every guess was used, or no provider took the code.",
			"Send a new one.", 0,
		},
		{
			otp.Canceled, 410, "The verification was canceled",
			"The app canceled the verification.",
			"Send a new one.", 0,
		},
		{
			bodyTooLarge, 413, "The body is too large",
			"The body is longer than 64 KiB.",
			"Send less; metadata has a limit of its own.", 0,
		},
		{
			unsupportedMediaType, 415, "The body is not JSON",
			"`Content-Type` is not `application/json`, or the body is compressed.",
			"Send plain JSON in UTF-8 with `Content-Type: application/json`.", 0,
		},
		{
			otp.WrongCode, 422, "The code is wrong",
			"The guess was judged wrong, and counted.",
			"Let the person try again while `attempts_remaining` is above zero.", 0,
		},
		{
			otp.NoRoute, 422, "No provider can serve this",
			"No provider is configured for this country, channel and wish.",
			"Ask for less, or have the operator look at `otpgate explain`.", 0,
		},
		{
			otp.RecipientRejected, 422, "The recipient cannot be reached",
			"A provider said that the number or address is invalid or barred.",
			"Ask the person for another one; do not repeat.", 0,
		},
		{
			otp.IdempotencyMismatch, 422, "The key belongs to another request",
			"This `Idempotency-Key` was used with another body.",
			"Use a new key for a new request.", 0,
		},
		{
			otp.RateLimited, 429, "A limit is used up",
			"A limit of the app, the recipient, the country or the client address is used up, the provider makes this " +
				"recipient wait, or too many calls from this address had no valid key.",
			"Wait for `Retry-After`; `RateLimit` tells which limit it was.", time.Second,
		},
		{
			otp.RecipientLocked, 429, "Too many wrong guesses",
			"This person has guessed wrong too often, over all verifications.",
			"Wait for `Retry-After`. A new code does not help.", time.Minute,
		},
		{
			otp.ResendTooSoon, 429, "The last message is too recent",
			"The pause between two messages is not over.",
			"Wait for `Retry-After`, or until `resend_at`.", time.Second,
		},
		{
			headersTooLarge, 431, "The header is too large",
			"Request line and header together are longer than 8 KiB.",
			"Send fewer or shorter header fields.", 0,
		},
		{
			internal, 500, "The gateway failed",
			"A fault of the gateway. Nothing is said about whether the request took effect.",
			"Report `request_id` to the operator. Repeat only with an `Idempotency-Key`.", 0,
		},
		{
			otp.ProviderUnavailable, 503, "No provider can answer",
			"No provider could take the code, or the one that issued it cannot judge it now. A guess that nobody judged is given back.",
			"Try again after `Retry-After`.", 5 * time.Second,
		},
		{
			otp.StoreUnavailable, 503, "The store cannot answer",
			"The gateway's store is down or slow. Nothing was sent without its record.",
			"Try again after `Retry-After`.", time.Second,
		},
		{
			otp.Overloaded, 503, "The gateway is overloaded",
			"More requests are in flight than the gateway takes on.",
			"Try again after `Retry-After`, with growing pauses.", time.Second,
		},
		{
			notReady, 503, "The gateway is not ready",
			"`/readyz` only: the gateway is starting, stopping, or cannot reach its store.",
			"Send no requests to this instance until `/readyz` answers 200.", time.Second,
		},
	}
}

// ErrorTable renders the error codes as a table in Markdown, for the manual.
func ErrorTable() string {
	var b strings.Builder
	b.WriteString("| code | status | when | what to do |\n|---|---|---|---|\n")
	for _, p := range problems() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.Code, strconv.Itoa(p.Status), p.When, p.Todo)
	}
	return b.String()
}
