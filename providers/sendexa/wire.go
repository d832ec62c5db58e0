package sendexa

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// sendBody is the body of POST /v1/otp/request, in the order of the vendor's page.
type sendBody struct {
	Phone    string            `json:"phone"`
	From     string            `json:"from"`
	Message  string            `json:"message,omitempty"` // with {code}, {amount} and {duration}
	Length   int               `json:"pinLength"`
	Type     string            `json:"pinType"`
	Expiry   expiry            `json:"expiry"`
	Attempts int               `json:"maxAmountOfValidationRetries"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

type expiry struct {
	Amount   int    `json:"amount"`
	Duration string `json:"duration"`
	At       string `json:"expiresAt,omitempty"` // in answers
}

// newSendBody asks for what req wishes, and tells what that is. It fills in what the wish leaves open, for the vendor's
// pages disagree about defaults, and never asks for a longer life than was wished.
func newSendBody(req providers.SendRequest, sender string) (sendBody, providers.Granted) {
	g := providers.Granted{
		Length: cmp.Or(req.Wish.Length, 6), Alphabet: cmp.Or(req.Wish.Alphabet, providers.Numeric),
		Expiry: cmp.Or(req.Wish.Expiry, 5*time.Minute).Truncate(time.Minute), Attempts: cmp.Or(req.Wish.Attempts, 3),
	}
	return sendBody{
		Phone: req.To.National(), From: sender, Message: req.Message,
		Length: g.Length, Type: strings.ToUpper(string(g.Alphabet)),
		Expiry:   expiry{Amount: int(g.Expiry / time.Minute), Duration: "minutes"},
		Attempts: g.Attempts, Metadata: req.Metadata,
	}, g
}

// sessionBody is the body of a verify, {id, pin} or {phone, code, id}, and of a resend by number, {phone, id}.
type sessionBody struct {
	Phone string `json:"phone,omitempty"`
	Code  string `json:"code,omitempty"`
	ID    string `json:"id,omitempty"`
	Pin   string `json:"pin,omitempty"`
}

// answer is every answer. The vendor's pages disagree about the field for the reason of a refusal.
type answer struct {
	upstream.Response `json:"-"`

	Success   bool   `json:"success"`
	Message   string `json:"message"`
	ErrorType string `json:"errorType"`
	Code      string `json:"code"`
	Data      struct {
		ID         string  `json:"id"`
		Length     uint16  `json:"pinLength"`
		Type       string  `json:"pinType"`
		Attempts   uint16  `json:"maxValidationAttempts"`
		Expiry     expiry  `json:"expiry"`
		ExpiresAt  string  `json:"expiresAt"` // of this code, or of the live one that is in the way
		Verified   *bool   `json:"verified"`
		Left       *int    `json:"attemptsRemaining"`
		RetryAfter float64 `json:"retryAfter"` // seconds
	} `json:"data"`
}

// granted is what was really set, as far as the answer tells, by the upstream's own clock; for the rest, it is g.
func (a answer) granted(g providers.Granted) providers.Granted {
	g.Length = cmp.Or(int(a.Data.Length), g.Length)
	g.Attempts = cmp.Or(int(a.Data.Attempts), g.Attempts)
	if alphabet := providers.Alphabet(strings.ToLower(a.Data.Type)); alphabet.Known() {
		g.Alphabet = alphabet
	}
	end, none := time.Parse(time.RFC3339, cmp.Or(a.Data.Expiry.At, a.Data.ExpiresAt))
	now, unknown := http.ParseTime(a.Header.Get("Date"))
	if left := end.Sub(now).Round(time.Minute); none == nil && unknown == nil && left > 0 {
		g.Expiry = left
	}
	return g
}

const stateVersion = 1

// state is what [providers.Handle.State] holds, for both dialects: the setting can be changed while codes are out.
type state struct {
	V     int    `json:"v"`
	ID    string `json:"id,omitempty"`
	Phone string `json:"phone"` // as it was sent
}

// handle is what checks the code of s.
func (s state) handle(g providers.Granted) providers.Handle {
	return providers.Handle{UpstreamID: s.ID, State: upstream.WriteState(s), Granted: g}
}
