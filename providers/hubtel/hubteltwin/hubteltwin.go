// Package hubteltwin behaves like Hubtel's OTP API. What the vendor does not document is assumed as follows, and the
// adapter must not rely on it:
//
//   - a session lives ten minutes and takes five wrong codes;
//   - a wrong code, or a right one with a wrong prefix, is 400 without a body;
//   - a session that is unknown, expired, used or out of tries is 400 with body code 2001, for verify and resend;
//   - a refused number or sender is 400 with body code 4000; no balance is 402, too many requests are 429 with
//     Retry-After;
//   - a resend makes a new code, request id and prefix, and the old ones are worth nothing.
package hubteltwin

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// What a twin takes that was told nothing else.
const (
	ClientID     = "hubtel-twin-id"
	ClientSecret = "hubtel-twin-secret"
)

const dial = "*713*90#"

// Options are the settings of a twin. The zero Options are fine.
type Options struct {
	Name         string      // in the inbox; empty: "hubtel"
	ClientID     string      // empty: [ClientID]
	ClientSecret string      // empty: [ClientSecret]
	Senders      []string    // approved senders; empty: all that fit the rule
	Inbox        *twin.Inbox // nil: one of its own
}

// New makes a twin.
func New(o Options) *twin.Twin {
	h := &hubtel{
		Twin:         twin.New(cmp.Or(o.Name, "hubtel"), o.Inbox),
		clientID:     providers.NewSecret(cmp.Or(o.ClientID, ClientID)),
		clientSecret: providers.NewSecret(cmp.Or(o.ClientSecret, ClientSecret)),
		senders:      o.Senders,
		sessions:     map[string]*session{},
	}
	h.Handle("send", "POST /otp/send", h.known(h.send))
	h.Handle("verify", "POST /otp/verify", h.known(h.verify))
	h.Handle("resend", "POST /otp/resend", h.known(h.resend))
	return h.Twin
}

type hubtel struct {
	*twin.Twin
	clientID, clientSecret providers.Secret
	senders                []string

	mu       sync.Mutex
	sessions map[string]*session // by request id
	order    []string            // request ids, oldest first
}

// known lets requests with the right key pass.
func (h *hubtel) known(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if !h.clientID.Equal(providers.NewSecret(id)) || !h.clientSecret.Equal(providers.NewSecret(secret)) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func (h *hubtel) send(w http.ResponseWriter, r *http.Request) {
	var in struct {
		SenderID    string `json:"senderId"`
		PhoneNumber string `json:"phoneNumber"`
		CountryCode string `json:"countryCode"`
	}
	if twin.Read(r, &in) != nil {
		twin.JSON(w, http.StatusBadRequest, envelope{Message: "Malformed request", Code: "4000"})
		return
	}
	switch twin.TraitOf(in.PhoneNumber) {
	case twin.NoBalance:
		twin.JSON(w, http.StatusPaymentRequired, envelope{Message: "Insufficient balance", Code: "4002"})
	case twin.TooMany:
		w.Header().Set("Retry-After", "30")
		twin.JSON(w, http.StatusTooManyRequests, envelope{Message: "Too many requests", Code: "4029"})
	case twin.Broken:
		twin.JSON(w, http.StatusInternalServerError, envelope{Message: "Internal error", Code: "5000"})
	case twin.WrongSender:
		twin.JSON(w, http.StatusBadRequest, envelope{Message: "Sender is not approved", Code: "4000"})
	case twin.Invalid, twin.Barred:
		twin.JSON(w, http.StatusBadRequest, envelope{Message: "Number is not valid", Code: "4000"})
	default:
		h.open(w, r, in.SenderID, in.PhoneNumber, in.CountryCode)
	}
}

func (h *hubtel) open(w http.ResponseWriter, r *http.Request, sender, to, country string) {
	switch {
	case !h.approved(sender):
		twin.JSON(w, http.StatusBadRequest, envelope{Message: "Sender is not approved", Code: "4000"})
	case country != "GH" || !strings.HasPrefix(to, "+233") || len(to) != len("+233201234567"):
		twin.JSON(w, http.StatusBadRequest, envelope{Message: "Number is not valid", Code: "4000"})
	default:
		h.deliver(w, r, h.begin(to, sender))
	}
}

func (h *hubtel) approved(sender string) bool {
	fits := sender != "" && len(sender) <= 11 && providers.Alphanumeric.Admits(sender)
	return fits && (len(h.senders) == 0 || slices.Contains(h.senders, sender))
}

func (h *hubtel) resend(w http.ResponseWriter, r *http.Request) {
	var in struct {
		RequestID string `json:"requestId"`
	}
	if twin.Read(r, &in) != nil {
		twin.JSON(w, http.StatusBadRequest, envelope{Message: "Malformed request", Code: "4000"})
		return
	}
	old, ok := h.end(in.RequestID)
	if !ok {
		twin.JSON(w, http.StatusBadRequest, failed())
		return
	}
	h.deliver(w, r, h.begin(old.to, old.sender))
}

func (h *hubtel) verify(w http.ResponseWriter, r *http.Request) {
	var in struct {
		RequestID string `json:"requestId"`
		Prefix    string `json:"prefix"`
		Code      string `json:"code"`
	}
	if twin.Read(r, &in) != nil {
		twin.JSON(w, http.StatusBadRequest, envelope{Message: "Malformed request", Code: "4000"})
		return
	}
	switch h.guess(in.RequestID, in.Prefix, in.Code) {
	case right:
		w.WriteHeader(http.StatusOK)
	case wrong:
		w.WriteHeader(http.StatusBadRequest)
	default:
		twin.JSON(w, http.StatusBadRequest, failed())
	}
}

// deliver sends the code by SMS, shows it to who dials for it, and answers.
func (h *hubtel) deliver(w http.ResponseWriter, r *http.Request, s session) {
	text := "Your code is " + s.prefix + "-" + s.code
	h.Show(providers.USSD, s.to, dial, text)
	h.Deliver(r, providers.SMS, s.to, s.sender, text)
	twin.JSON(w, http.StatusOK, envelope{
		Message: "success", Code: "0000", Data: &data{RequestID: s.id, Prefix: s.prefix},
	})
}

type envelope struct {
	Message string `json:"message"`
	Code    string `json:"code"`
	Data    *data  `json:"data"`
}

type data struct {
	RequestID string `json:"requestId"`
	Prefix    string `json:"prefix"`
}

// failed is the answer about a session that is no longer there.
func failed() envelope { return envelope{Message: "Request failed", Code: "2001"} }
