// Package airtextstwin behaves like AirTexts' OTP API. The vendor shows requests and no answers, so all answers are
// assumed, and so is what follows; the adapter must not rely on it:
//
//   - what was done is 200 with success true and the rest under data; what was not is 4xx with success false and a word
//     under error;
//   - a verification lives ten minutes and takes five wrong codes;
//   - a right code is data.verified true; a wrong one is 400 with verified false, error invalid_code and
//     attempts_remaining;
//   - a verification that is expired, used or out of tries is 400, one that is unknown or of another recipient is 404,
//     each with its word;
//   - a refused number, sender, length or channel is 400; no balance is 402, too many requests are 429 with
//     Retry-After;
//   - a resend makes a new code and a new verification_id, and the old ones are worth nothing; there is no cooldown;
//   - status is sent until the code is verified or the verification is over;
//   - texts are in Portuguese for lang pt, else in English; a template changes nothing.
//
// The vendor documents the paths, the parameters with their other names (phone, to; sender; code), their defaults, and
// the three ways to be let in. The lists, logs and reports that it names are not served.
package airtextstwin

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// What a twin takes that was told nothing else.
const (
	AppID     = "airtexts-twin-app"
	APIKey    = "airtexts-twin-key"
	APISecret = "airtexts-twin-secret"
)

// Options are the settings of a twin. The zero Options are fine.
type Options struct {
	Name      string      // in the inbox; empty: "airtexts"
	AppID     string      // empty: [AppID]
	APIKey    string      // empty: [APIKey]
	APISecret string      // empty: [APISecret]
	Token     string      // that a bearer may hold besides key and secret in base64; empty: none
	KeepID    bool        // a resend keeps the verification_id
	Inbox     *twin.Inbox // nil: one of its own
}

// New makes a twin.
func New(o Options) *twin.Twin {
	key, secret := cmp.Or(o.APIKey, APIKey), cmp.Or(o.APISecret, APISecret)
	a := &airtexts{
		Twin:     twin.New(cmp.Or(o.Name, "airtexts"), o.Inbox),
		app:      cmp.Or(o.AppID, AppID),
		key:      providers.NewSecret(key),
		secret:   providers.NewSecret(secret),
		pair:     providers.NewSecret(base64.StdEncoding.EncodeToString([]byte(key + ":" + secret))),
		token:    providers.NewSecret(o.Token),
		keepID:   o.KeepID,
		sessions: map[string]*session{},
	}
	a.Handle("send", "POST /otp/send", a.known(a.send))
	a.Handle("verify", "POST /otp/verify", a.known(a.verify))
	a.Handle("resend", "POST /otp/resend", a.known(a.resend))
	a.Handle("status", "GET /otp/status", a.known(a.status))
	return a.Twin
}

type airtexts struct {
	*twin.Twin
	app                      string
	key, secret, pair, token providers.Secret
	keepID                   bool

	mu       sync.Mutex
	sessions map[string]*session // by verification_id
	order    []string            // ids, oldest first
}

// known lets requests with the right credentials pass.
func (a *airtexts) known(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !a.admits(r) {
			refuse(w, http.StatusUnauthorized, "invalid_credentials")
			return
		}
		next(w, r)
	}
}

// admits knows the three schemes. What comes as a bearer or as basic is the same pair in base64.
func (a *airtexts) admits(r *http.Request) bool {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	given := providers.NewSecret(value)
	switch scheme {
	case "Basic":
		return a.pair.Equal(given)
	case "Bearer":
		return a.pair.Equal(given) || !a.token.Empty() && a.token.Equal(given)
	}
	key, secret := r.Header.Get("X-API-Key"), r.Header.Get("X-API-Secret")
	return a.key.Equal(providers.NewSecret(key)) && a.secret.Equal(providers.NewSecret(secret))
}

// input is the body of every request. A parameter and its other names are one.
type input struct {
	AppID          string            `json:"appid"`
	Recipient      string            `json:"recipient"`
	Phone          string            `json:"phone"`
	To             string            `json:"to"`
	Channel        providers.Channel `json:"channel"`
	From           string            `json:"from"`
	Sender         string            `json:"sender"`
	Length         int               `json:"otp_length"`
	TemplateID     int               `json:"templateId"`
	Lang           string            `json:"lang"`
	OTPCode        string            `json:"otp_code"`
	Code           string            `json:"code"`
	VerificationID string            `json:"verification_id"`
}

func (in input) to() string { return cmp.Or(in.Recipient, in.Phone, in.To) }

// read takes a request of this application.
func (a *airtexts) read(w http.ResponseWriter, r *http.Request) (input, bool) {
	var in input
	switch {
	case twin.Read(r, &in) != nil:
		refuse(w, http.StatusBadRequest, "malformed_request")
	case in.AppID != a.app:
		refuse(w, http.StatusBadRequest, "invalid_appid")
	default:
		return in, true
	}
	return input{}, false
}

func (a *airtexts) send(w http.ResponseWriter, r *http.Request) {
	in, ok := a.read(w, r)
	if !ok {
		return
	}
	switch twin.TraitOf(in.to()) {
	case twin.NoBalance:
		refuse(w, http.StatusPaymentRequired, "insufficient_balance")
	case twin.TooMany:
		w.Header().Set("Retry-After", "30")
		refuse(w, http.StatusTooManyRequests, "rate_limited")
	case twin.Broken:
		refuse(w, http.StatusInternalServerError, "internal_error")
	case twin.WrongSender:
		refuse(w, http.StatusBadRequest, "sender_not_approved")
	case twin.Invalid, twin.Barred:
		refuse(w, http.StatusBadRequest, "invalid_recipient")
	default:
		a.open(w, r, in)
	}
}

func (a *airtexts) open(w http.ResponseWriter, r *http.Request, in input) {
	channel, length := cmp.Or(in.Channel, providers.SMS), cmp.Or(in.Length, 6)
	number, plus := strings.CutPrefix(in.to(), "+")
	switch {
	case !plus || len(number) < 8 || !providers.Numeric.Admits(number):
		refuse(w, http.StatusBadRequest, "invalid_recipient")
	case channel != providers.SMS && channel != providers.WhatsApp:
		refuse(w, http.StatusBadRequest, "invalid_channel")
	case length < 4 || length > 8:
		refuse(w, http.StatusBadRequest, "invalid_length")
	default:
		a.deliver(w, r, a.begin(session{
			to: in.to(), sender: cmp.Or(in.From, in.Sender, "OTP"), channel: channel, lang: in.Lang,
		}, length))
	}
}

func (a *airtexts) resend(w http.ResponseWriter, r *http.Request) {
	in, ok := a.read(w, r)
	if !ok {
		return
	}
	s, is := a.again(in.VerificationID, in.to())
	if is != "" {
		over(w, is)
		return
	}
	a.deliver(w, r, s)
}

func (a *airtexts) verify(w http.ResponseWriter, r *http.Request) {
	in, ok := a.read(w, r)
	if !ok {
		return
	}
	switch is, left := a.guess(in.VerificationID, in.to(), cmp.Or(in.OTPCode, in.Code)); is {
	case right:
		yes := true
		grant(w, "OTP verified", data{VerificationID: in.VerificationID, Verified: &yes, Status: string(right)})
	case wrong:
		no := false
		twin.JSON(w, http.StatusBadRequest, answer{
			Error: string(wrong), Message: "The code is wrong", Data: &data{Verified: &no, Left: &left},
		})
	default:
		over(w, is)
	}
}

func (a *airtexts) status(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s, is := a.look(q.Get("verification_id"))
	switch {
	case q.Get("appid") != a.app:
		refuse(w, http.StatusBadRequest, "invalid_appid")
	case is == unknown:
		over(w, is)
	case is == used:
		grant(w, "OTP status", data{VerificationID: s.id, Status: string(right)})
	default:
		grant(w, "OTP status", data{VerificationID: s.id, Status: cmp.Or(string(is), "sent")})
	}
}

// deliver sends the code and answers.
func (a *airtexts) deliver(w http.ResponseWriter, r *http.Request, s session) {
	text := s.code + " is your verification code."
	if s.lang == "pt" {
		text = s.code + " é o seu código de verificação."
	}
	a.Deliver(r, s.channel, s.to, s.sender, text)
	grant(w, "OTP sent", data{VerificationID: s.id, Status: "sent"})
}

type answer struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	Error   string `json:"error,omitzero"`
	Data    *data  `json:"data,omitzero"`
}

type data struct {
	VerificationID string `json:"verification_id,omitzero"`
	Verified       *bool  `json:"verified,omitzero"`
	Status         string `json:"status,omitzero"`
	Left           *int   `json:"attempts_remaining,omitzero"`
}

func grant(w http.ResponseWriter, message string, d data) {
	twin.JSON(w, http.StatusOK, answer{Success: true, Message: message, Data: &d})
}

func refuse(w http.ResponseWriter, status int, why string) {
	twin.JSON(w, status, answer{Error: why, Message: "Request refused"})
}

// over is the answer about a verification that takes no code.
func over(w http.ResponseWriter, is judgement) {
	status := http.StatusBadRequest
	if is == unknown {
		status = http.StatusNotFound
	}
	refuse(w, status, string(is))
}
