package hubtel

import (
	"bytes"

	"github.com/goccy/go-json/jsontext"
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
	Message upstream.Word  `json:"message"` // "success" is documented
	Code    *upstream.Word `json:"code"`    // "0000" and "2001" are documented
	Data    jsontext.Value `json:"data"`    // of a verify not looked at

	blank bool // it says nothing
}

// pair is what the data of a send or resend tells: what checks a code.
type pair struct {
	RequestID upstream.Word `json:"requestId"`
	Prefix    upstream.Word `json:"prefix"`
}

// decodeEnvelope reads an answer. A verify has no payload by the vendor's word, so none is no mistake, however it is
// written.
func decodeEnvelope(body []byte) (envelope, error) {
	switch string(bytes.TrimSpace(body)) {
	case "", "{}", "null", `""`:
		return envelope{blank: true}, nil
	}
	var e envelope
	if err := decode(body, &e); err != nil {
		return envelope{}, err
	}
	return e, nil
}

func decode(body []byte, into any) error {
	return upstream.Decode(body, into, json.MatchCaseInsensitiveNames(true))
}

// code is the vendor's; empty: there is none.
func (e envelope) code() string {
	if e.Code == nil {
		return ""
	}
	return string(*e.Code)
}

// good tells whether everything in the answer to a verify says yes. One that has no code may have the word.
func (e envelope) good() bool {
	return e.blank || e.code() == codeOK || e.Code == nil && e.Message == messageOK
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
	var p pair
	malformed := decode(e.Data, &p)
	id, prefix := string(p.RequestID), string(p.Prefix)
	if malformed != nil || !token(id) || !token(prefix) {
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
