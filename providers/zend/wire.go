package zend

import (
	"time"

	"github.com/goccy/go-json/jsontext"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// sendBody is the body of POST /otp/send.
type sendBody struct {
	PhoneNumber string            `json:"phone_number"` // E.164
	App         string            `json:"app"`
	Channel     providers.Channel `json:"channel"`         // the vendor's words are ours
	Expiry      int               `json:"expiry,omitzero"` // minutes; left out: ten
	Length      int               `json:"length,omitzero"` // left out: six
}

// verifyBody is the body of POST /otp/{id}/verify.
type verifyBody struct {
	Code string `json:"code"`
}

// The statuses of a session, all that the vendor lists.
const (
	statusSent     = "sent"
	statusPending  = "pending" // "waiting for verification"
	statusVerified = "verified"
	statusExpired  = "expired"
	statusFailed   = "failed" // "verification failed"
)

// answer is every answer of Zend, for each names a part of the same fields.
type answer struct {
	ID            string         `json:"id"`             // of a send and a status
	Status        string         `json:"status"`         // of a send and a status
	Length        upstream.Count `json:"length"`         // of a send
	ExpiryMinutes upstream.Count `json:"expiry_minutes"` // of a send

	Success           *bool          `json:"success"` // of a verify
	AttemptsRemaining upstream.Count `json:"attempts_remaining"`
	// Errors have the shape that NestJS gives them. read sets status where the answer does not.
	StatusCode upstream.Count `json:"statusCode"`
	Message    jsontext.Value `json:"message"` // a text or a list of them
	Reason     jsontext.Value `json:"error"`   // a word such as "validation_error"

	status int
}

// reason is Zend's word for what went wrong; empty: there is none.
func (a answer) reason() string {
	var word string
	if upstream.Decode(a.Reason, &word) != nil {
		return ""
	}
	return word
}

// refusedGuess tells whether it is Zend's own "no" to a guess, with the guesses that are left.
func (a answer) refusedGuess() bool {
	return a.Success != nil && !*a.Success && a.AttemptsRemaining.Told() != nil
}

const stateVersion = 1

// state is what [providers.Handle.State] holds.
type state struct {
	V  int    `json:"v"`
	ID string `json:"id"`
}

func (s state) whole() bool { return s.V == stateVersion && upstream.Visible(s.ID) }

// handle is the session that a opened, if it names one.
func (a answer) handle() (providers.Handle, bool) {
	lengths, minutes := providers.Range[int]{Min: 4, Max: 10}, providers.Range[int]{Min: 1, Max: 24 * 60}
	if !upstream.Visible(a.ID) {
		return providers.Handle{}, false
	}
	return providers.Handle{
		UpstreamID: a.ID, State: upstream.WriteState(state{V: stateVersion, ID: a.ID}),
		Granted: providers.Granted{
			Length: a.Length.In(lengths, 0), Alphabet: providers.Numeric,
			Expiry: time.Duration(a.ExpiryMinutes.In(minutes, 0)) * time.Minute,
		},
	}, true
}
