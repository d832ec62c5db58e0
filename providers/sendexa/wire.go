package sendexa

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-json/jsontext"

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

	Success   bool           `json:"success"`
	Message   jsontext.Value `json:"message"` // a text on every page
	ErrorType upstream.Word  `json:"errorType"`
	Code      upstream.Word  `json:"code"`
	Error     jsontext.Value `json:"error"` // a word on the pages about SMS
	Data      details        `json:"data"`
}

// text is what v says; empty: it is no text.
func text(v jsontext.Value) string {
	var s string
	if upstream.Decode(v, &s) != nil {
		return ""
	}
	return s
}

// details are what answers tell beside the words. Only the id and the verdict must be as documented: whoever got a code
// is not left without it for the sake of a length.
type details struct {
	ID         string         `json:"id"`
	Length     upstream.Count `json:"pinLength"`
	Type       upstream.Word  `json:"pinType"`
	Attempts   upstream.Count `json:"maxValidationAttempts"`
	Expiry     jsontext.Value `json:"expiry"`    // an object with expiresAt
	ExpiresAt  upstream.Word  `json:"expiresAt"` // of this code, or of the live one that is in the way
	Verified   *bool          `json:"verified"`
	Left       upstream.Count `json:"attemptsRemaining"`
	RetryAfter upstream.Word  `json:"retryAfter"` // seconds
}

// UnmarshalJSON passes over what is no object: a refusal may fill data with anything.
func (d *details) UnmarshalJSON(b []byte) error {
	type plain details
	if b[0] != '{' {
		return nil
	}
	return upstream.Decode(b, (*plain)(d))
}

// end is when the code is worth nothing, as the upstream's own clock tells; empty: it was not told.
func (d details) end() string {
	var e struct {
		At string `json:"expiresAt"`
	}
	if upstream.Decode(d.Expiry, &e) != nil {
		e.At = ""
	}
	return cmp.Or(e.At, string(d.ExpiresAt))
}

// wait is how long to keep away; 0: it was not told.
func (d details) wait() time.Duration {
	seconds, err := strconv.ParseFloat(string(d.RetryAfter), 64)
	if err != nil || !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, longest.Seconds()) * float64(time.Second))
}

// granted is what was really set, as far as the answer tells, by the upstream's own clock; for the rest, it is g.
func (a answer) granted(g providers.Granted) providers.Granted {
	g.Length = a.Data.Length.In(providers.Range[int]{Min: 4, Max: 12}, g.Length) // 12 are on one page
	g.Attempts = a.Data.Attempts.In(providers.Range[int]{Min: 1, Max: 100}, g.Attempts)
	if alphabet := providers.Alphabet(strings.ToLower(string(a.Data.Type))); alphabet.Known() {
		g.Alphabet = alphabet
	}
	end, none := time.Parse(time.RFC3339, a.Data.end())
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
