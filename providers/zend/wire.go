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
	ID            string `json:"id"`             // of a send and a status
	Status        string `json:"status"`         // of a send and a status
	Length        uint16 `json:"length"`         // of a send
	ExpiryMinutes uint16 `json:"expiry_minutes"` // of a send

	Success           *bool `json:"success"` // of a verify
	AttemptsRemaining *int  `json:"attempts_remaining"`
	// Errors have the shape that NestJS gives them. read sets StatusCode where the answer does not.
	StatusCode int            `json:"statusCode"`
	Message    jsontext.Value `json:"message"` // a text or a list of them
	Error      string         `json:"error"`   // a word such as "validation_error"
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
	if !upstream.Visible(a.ID) {
		return providers.Handle{}, false
	}
	return providers.Handle{
		UpstreamID: a.ID, State: upstream.WriteState(state{V: stateVersion, ID: a.ID}),
		Granted: providers.Granted{
			Length: int(a.Length), Alphabet: providers.Numeric, Expiry: time.Duration(a.ExpiryMinutes) * time.Minute,
		},
	}, true
}
