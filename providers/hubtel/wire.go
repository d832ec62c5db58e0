package hubtel

import (
	"bytes"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// sendBody is the body of POST /otp/send.
type sendBody struct {
	SenderID    string `json:"senderId"`
	PhoneNumber string `json:"phoneNumber"` // E.164
	CountryCode string `json:"countryCode"` // ISO 3166-1 alpha-2
}

// verifyBody is the body of POST /otp/verify.
type verifyBody struct {
	RequestID string `json:"requestId"`
	Prefix    string `json:"prefix"`
	Code      string `json:"code"`
}

// resendBody is the body of POST /otp/resend.
type resendBody struct {
	RequestID string `json:"requestId"`
}

// envelope is the answer to send and resend, and to a verify that has one. The vendor's table types requestId as a
// double, its samples show hexadecimal text. Users report names in other cases ("Data"), so case is not looked at.
type envelope struct {
	Code string `json:"code"` // "0000" and "2001" are documented
	Data struct {
		RequestID string `json:"requestId"`
		Prefix    string `json:"prefix"`
	} `json:"data"`

	blank bool // there was no body
}

// decodeEnvelope reads an answer. A verify has no payload by the vendor's word, so none is no mistake.
func decodeEnvelope(body []byte) (envelope, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return envelope{blank: true}, nil
	}
	var e envelope
	if err := upstream.Decode(body, &e, json.MatchCaseInsensitiveNames(true)); err != nil {
		return envelope{}, err
	}
	return e, nil
}

const stateVersion = 1

// state is what [providers.Handle.State] holds.
type state struct {
	V         int    `json:"v"`
	RequestID string `json:"request_id"`
	Prefix    string `json:"prefix"`
}

func (s state) whole() bool { return s.V == stateVersion && token(s.RequestID) && token(s.Prefix) }

// handle is the session that e opened, if it names one.
func (e envelope) handle() (providers.Handle, bool) {
	id, prefix := e.Data.RequestID, e.Data.Prefix
	if !token(id) || !token(prefix) {
		return providers.Handle{}, false
	}
	return providers.Handle{
		UpstreamID: id,
		Prefix:     prefix,
		State:      upstream.WriteState(state{V: stateVersion, RequestID: id, Prefix: prefix}),
		Granted:    providers.Granted{Length: codeLength, Alphabet: providers.Numeric},
	}, true
}

// token tells whether s could be an id or a prefix: both are stored, the prefix is shown to people.
func token(s string) bool {
	const longest = 64
	return upstream.Visible(s) && len(s) <= longest
}
