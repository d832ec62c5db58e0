package airtexts

import (
	"errors"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// sendBody is the body of POST /otp/send. What is left out has the vendor's default.
type sendBody struct {
	AppID      string            `json:"appid"`
	Recipient  string            `json:"recipient"` // E.164
	Channel    providers.Channel `json:"channel"`   // the vendor's words are ours
	From       string            `json:"from,omitzero"`
	Length     int               `json:"otp_length,omitzero"`
	TemplateID int               `json:"templateId,omitzero"`
	Lang       string            `json:"lang,omitzero"`
}

// sessionBody is the body of POST /otp/verify. Without the code it is that of POST /otp/resend, which the vendor names
// and does not show. By the vendor's word a verify can do without the recipient.
type sessionBody struct {
	AppID          string `json:"appid"`
	Recipient      string `json:"recipient"`
	Code           string `json:"otp_code,omitzero"`
	VerificationID string `json:"verification_id"`
}

// answer is every answer: what it says may stand at the top or in "data".
type answer struct {
	upstream.Response
	top, data level
}

// level is one level of an answer. The vendor shows no name but that of the id.
type level struct {
	VerificationID    string `json:"verification_id"`
	Success           *bool  `json:"success"`
	Verified          *bool  `json:"verified"`
	Error             word   `json:"error"`
	Code              word   `json:"code"`
	Status            word   `json:"status"`
	AttemptsRemaining *int   `json:"attempts_remaining"`
}

// word is a text that tells what happened. What stands in its place and is no text tells nothing.
type word string

// UnmarshalJSON takes whatever stands there.
func (w *word) UnmarshalJSON(b []byte) error {
	_ = upstream.Decode(b, (*string)(w))
	return nil
}

const stateVersion = 1

// state is what [providers.Handle.State] holds.
type state struct {
	V              int    `json:"v"`
	VerificationID string `json:"verification_id"`
	Recipient      string `json:"recipient"`
}

func decodeState(b []byte) (state, error) {
	var s state
	err := upstream.Decode(b, &s)
	if err != nil || s.V != stateVersion || !upstream.Visible(s.VerificationID) || !upstream.Visible(s.Recipient) {
		return state{}, errors.New("handle is not one of this kind")
	}
	return s, nil
}
