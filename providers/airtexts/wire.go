package airtexts

import (
	"cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// body is that of every POST. A resend, which the vendor names and does not show, is a verify without the code.
type body struct {
	AppID          string            `json:"appid"`
	Recipient      string            `json:"recipient"`        // E.164
	Channel        providers.Channel `json:"channel,omitzero"` // of a send, as what follows; the vendor's words are ours
	From           string            `json:"from,omitzero"`
	Length         int               `json:"otp_length,omitzero"`
	TemplateID     int               `json:"templateId,omitzero"`
	Lang           string            `json:"lang,omitzero"`
	Code           string            `json:"otp_code,omitzero"` // of a verify
	VerificationID string            `json:"verification_id,omitzero"`
}

// answer is every answer: what it says may stand at the top or in "data".
type answer struct {
	level
	Data level `json:"data"`
	from upstream.Response
}

// level is one level of an answer. The vendor shows no name but that of the id.
type level struct {
	VerificationID    string         `json:"verification_id"`
	Success           *bool          `json:"success"`
	Verified          *bool          `json:"verified"`
	Error             fault          `json:"error"`
	Code              word           `json:"code"`
	Status            word           `json:"status"`
	AttemptsRemaining upstream.Count `json:"attempts_remaining"`
}

// word is a text that tells what happened. What stands in its place and is no text tells nothing.
type word string

// UnmarshalJSON takes whatever stands there.
func (w *word) UnmarshalJSON(b []byte) error {
	_ = upstream.Decode(b, (*string)(w))
	return nil
}

// fault is what stands under "error": a text, or an object with one under "code" or "type". What tells no word is an
// error all the same; null, false, zero and what is empty are none.
type fault struct {
	word  word
	there bool
}

// UnmarshalJSON takes whatever stands there.
func (f *fault) UnmarshalJSON(b []byte) error {
	*f = fault{}
	switch string(b) {
	case "null", "false", "0", "{}", "[]":
		return nil
	}
	if b[0] == '{' {
		var inner struct {
			Code word `json:"code"`
			Type word `json:"type"`
		}
		_ = upstream.Decode(b, &inner)
		*f = fault{cmp.Or(inner.Code, inner.Type), true}
		return nil
	}
	_ = f.word.UnmarshalJSON(b)
	f.there = f.word != "" || b[0] != '"'
	return nil
}

const stateVersion = 1

// state is what [providers.Handle.State] holds.
type state struct {
	V              int    `json:"v"`
	VerificationID string `json:"verification_id"`
	Recipient      string `json:"recipient"`
}

func (s state) whole() bool {
	return s.V == stateVersion && upstream.Visible(s.VerificationID) && upstream.Visible(s.Recipient)
}
