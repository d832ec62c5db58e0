// Package sendexatwin behaves like Sendexa's OTP API, in both dialects of verify and resend at once. What the vendor
// documents in several ways or not at all is assumed as follows, and the adapter must not rely on it:
//
//   - a body of verify is {id, pin} or {phone, code, id?}; one that mixes them, or has other fields, is refused;
//   - refusals by number name their reason in errorType, those by id in code;
//   - a code is live until it is used, has expired or is out of tries; while it is, its number gets no other one (429);
//   - a wrong code tells how many tries are left; after the last of them every guess is MAX_ATTEMPTS_EXCEEDED;
//   - a resend by number makes a new session after 30 seconds, one by id a new code under the same id after 60 and
//     answers without data. Either way the old code is worth nothing, the time and the tries begin anew, three times
//     at most. The ten resends an hour for a number, and all other hourly limits, are not kept;
//   - numbers are written 0… or 233…; a barred one is refused like one that does not exist;
//   - of the vendor's sandbox, 0555539153 is refused, and for 0555539152 and 0555539154 the codes 123456 (right),
//     000000 (wrong), 111111 (expired) and 999999 (out of tries) mean what they mean there. That messages to the latter
//     come 30 seconds late is left to the magic number that does the same.
package sendexatwin

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// What a twin takes that was told nothing else.
const (
	APIKey    = "sendexa-twin-key"
	APISecret = "sendexa-twin-secret"
)

// Options are the settings of a twin. The zero Options are fine.
type Options struct {
	Name      string      // in the inbox; empty: "sendexa"
	APIKey    string      // empty: [APIKey]
	APISecret string      // empty: [APISecret]
	Senders   []string    // approved senders; empty: all that fit the rule
	Inbox     *twin.Inbox // nil: one of its own
}

// New makes a twin.
func New(o Options) *twin.Twin {
	pair := cmp.Or(o.APIKey, APIKey) + ":" + cmp.Or(o.APISecret, APISecret)
	s := &sendexa{
		Twin:     twin.New(cmp.Or(o.Name, "sendexa"), o.Inbox),
		token:    providers.NewSecret(base64.StdEncoding.EncodeToString([]byte(pair))),
		senders:  o.Senders,
		sessions: map[string]*session{},
		latest:   map[string]*session{},
	}
	s.Handle("send", "POST /v1/otp/request", s.known(s.send))
	s.Handle("verify", "POST /v1/otp/verify", s.known(s.verify))
	s.Handle("resend", "POST /v1/otp/resend", s.known(s.resendByPhone))
	s.Handle("resend", "POST /v1/otp/resend/{id}", s.known(s.resendByID))
	return s.Twin
}

type sendexa struct {
	*twin.Twin
	token   providers.Secret
	senders []string

	mu       sync.Mutex
	sessions map[string]*session // by id
	latest   map[string]*session // by number
	order    []string            // ids, oldest first
}

// known lets requests with the right token pass, and answers by the twin's clock.
func (s *sendexa) known(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", s.Now().UTC().Format(http.TimeFormat))
		basic, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Basic ")
		if !s.token.Equal(providers.NewSecret(cmp.Or(r.Header.Get("X-Api-Key"), basic))) {
			fail(w, http.StatusUnauthorized, "INVALID_TOKEN", "The token is not valid")
			return
		}
		next(w, r)
	}
}

func (s *sendexa) send(w http.ResponseWriter, r *http.Request) {
	var in request
	if twin.Read(r, &in) != nil || !in.complete() {
		fail(w, http.StatusBadRequest, "INVALID_PARAMETERS", "A field is missing or wrong")
		return
	}
	switch twin.TraitOf(in.Phone) {
	case twin.NoBalance:
		fail(w, http.StatusPaymentRequired, "INSUFFICIENT_BALANCE", "The balance is not enough")
	case twin.TooMany:
		w.Header().Set("Retry-After", "30")
		tooMany().byPhone(w)
	case twin.Broken:
		fail(w, http.StatusBadGateway, "PROVIDER_ERROR", "The operator does not answer")
	case twin.WrongSender:
		notApproved(in.From).byPhone(w)
	case twin.Invalid, twin.Barred:
		badNumber().byPhone(w)
	default:
		s.open(w, r, in)
	}
}

func (s *sendexa) open(w http.ResponseWriter, r *http.Request, in request) {
	to, ok := number(in.Phone)
	switch {
	case !ok || to == sandboxInvalid:
		badNumber().byPhone(w)
		return
	case !s.approved(in.From):
		notApproved(in.From).byPhone(w)
		return
	}
	in.Phone = to
	made, no := s.begin(in)
	if no != nil {
		no.byPhone(w)
		return
	}
	s.deliver(r, made)
	grant(w, "OTP sent successfully", made.data())
}

func (s *sendexa) approved(sender string) bool {
	letters := strings.ReplaceAll(sender, " ", "")
	fits := len(sender) >= 3 && len(sender) <= 11 && letters != "" && providers.Alphanumeric.Admits(letters)
	return fits && (len(s.senders) == 0 || slices.Contains(s.senders, sender))
}

func (s *sendexa) verify(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID    string `json:"id"`
		Pin   string `json:"pin"`
		Phone string `json:"phone"`
		Code  string `json:"code"`
	}
	err := twin.Read(r, &in)
	switch {
	case err == nil && in.ID != "" && in.Pin != "" && in.Phone == "" && in.Code == "":
		_, no := s.guess(in.ID, "", in.Pin)
		if no != nil {
			no.byID(w)
			return
		}
		grant(w, "OTP verified successfully", verified{Verified: true})
	case err == nil && in.Phone != "" && in.Code != "" && in.Pin == "":
		to, _ := number(in.Phone)
		used, no := s.guess(in.ID, to, in.Code)
		if no != nil {
			no.byPhone(w)
			return
		}
		grant(w, "OTP verified successfully", used.verified())
	default:
		fail(w, http.StatusBadRequest, "INVALID_PARAMETERS", "A field is missing or wrong")
	}
}

func (s *sendexa) resendByPhone(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Phone string `json:"phone"`
		ID    string `json:"id"`
	}
	to, ok := "", false
	if twin.Read(r, &in) == nil {
		to, ok = number(in.Phone)
	}
	if !ok {
		fail(w, http.StatusBadRequest, "INVALID_PARAMETERS", "A field is missing or wrong")
		return
	}
	made, no := s.again(in.ID, to, cooldownByPhone)
	if no != nil {
		no.byPhone(w)
		return
	}
	s.deliver(r, made)
	grant(w, "OTP resent successfully", made.data())
}

func (s *sendexa) resendByID(w http.ResponseWriter, r *http.Request) {
	made, no := s.again(r.PathValue("id"), "", cooldownByID)
	if no != nil {
		no.byID(w)
		return
	}
	s.deliver(r, made)
	grant(w, "OTP resent successfully", nil)
}

func grant(w http.ResponseWriter, text string, data any) {
	twin.JSON(w, http.StatusOK, answer{Success: true, Message: text, Data: data})
}

// deliver sends the code by SMS.
func (s *sendexa) deliver(r *http.Request, one session) {
	s.Deliver(r, providers.SMS, one.to, one.in.From, one.text())
}
