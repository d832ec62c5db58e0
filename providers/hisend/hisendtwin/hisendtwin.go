// Package hisendtwin behaves like Hisend's OTP API. What the vendor does not document is assumed as follows, and the
// adapter must not rely on it:
//
//   - expiry counts minutes, 1 to 1440;
//   - a reference that is unknown, expired or used is 422 "Invalid OTP", as a wrong code is;
//   - wrong codes are not counted, and a new send leaves older references alive;
//   - a number is E.164 with its plus; WhatsApp goes to Nigeria only, as SMS does;
//   - a refused parameter is 422 with a sentence; a wrong key is 401; too many requests are 429 with Retry-After;
//   - the key may come as query parameter or as header, the reference by either name; the same in both is one;
//   - a parameter that the vendor does not document is refused, so that a slip of an adapter shows.
package hisendtwin

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// APIKey is what a twin takes that was told nothing else.
const APIKey = "hisend-twin-key"

// Options are the settings of a twin. The zero Options are fine.
type Options struct {
	Name          string      // in the inbox; empty: "hisend"
	APIKey        string      // empty: [APIKey]
	ReferenceName string      // the only name of the reference that is read; empty: "reference" and "otp_reference"
	Inbox         *twin.Inbox // nil: one of its own
}

// New makes a twin. Its API stands below /api/v1, as the vendor's does.
func New(o Options) *twin.Twin {
	h := &hisend{
		Twin:     twin.New(cmp.Or(o.Name, "hisend"), o.Inbox),
		key:      providers.NewSecret(cmp.Or(o.APIKey, APIKey)),
		names:    []string{"reference", "otp_reference"},
		sessions: map[string]*session{},
	}
	if o.ReferenceName != "" {
		h.names = []string{o.ReferenceName}
	}
	h.Handle("send", "GET /api/v1/otp/send", h.known(h.send))
	h.Handle("verify", "GET /api/v1/otp/validate", h.known(h.validate))
	return h.Twin
}

type hisend struct {
	*twin.Twin
	key   providers.Secret
	names []string // of the reference

	mu       sync.Mutex
	sessions map[string]*session // by reference
	order    []string            // references, oldest first
}

// known lets requests with the right key pass.
func (h *hisend) known(next func(http.ResponseWriter, *http.Request, url.Values)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		key := cmp.Or(query.Get("api_key"), r.Header.Get("Api-Key"))
		if !h.key.Equal(providers.NewSecret(key)) {
			answer(w, http.StatusUnauthorized, "Unauthenticated", nil)
			return
		}
		next(w, r, query)
	}
}

func (h *hisend) send(w http.ResponseWriter, r *http.Request, query url.Values) {
	to := query.Get("customer_identifier")
	switch twin.TraitOf(to) {
	case twin.NoBalance:
		refuse(w, "Insufficient wallet balance")
	case twin.TooMany:
		w.Header().Set("Retry-After", "30")
		answer(w, http.StatusTooManyRequests, "Too many attempts", nil)
	case twin.Broken:
		answer(w, http.StatusInternalServerError, "Server error", nil)
	case twin.Invalid, twin.Barred:
		refuse(w, "The customer identifier is invalid")
	default:
		h.open(w, r, query, to)
	}
}

func (h *hisend) open(w http.ResponseWriter, r *http.Request, query url.Values, to string) {
	channel := providers.Channel(query.Get("channel"))
	length, fitsLength := within(query, "length", 6, 4, 10)
	minutes, fitsExpiry := within(query, "expiry", 5, 1, 24*60)
	switch {
	case stray(query, "api_key", "customer_identifier", "channel", "length", "expiry"):
		refuse(w, "A parameter is unknown")
	case !reaches(channel, to):
		refuse(w, "The channel or the customer identifier is invalid")
	case !fitsLength:
		refuse(w, "The length must be between 4 and 10")
	case !fitsExpiry:
		refuse(w, "The expiry is invalid")
	default:
		s := h.begin(to, length, time.Duration(minutes)*time.Minute)
		h.Deliver(r, channel, to, "Hisend", "Your code is "+s.code)
		answer(w, http.StatusOK, "OTP generated successfully", sent{to, channel, s.reference})
	}
}

func (h *hisend) validate(w http.ResponseWriter, _ *http.Request, query url.Values) {
	reference, ok := h.reference(query)
	switch {
	case stray(query, "api_key", "reference", "otp_reference", "otp"):
		refuse(w, "A parameter is unknown")
	case !ok:
		refuse(w, "The reference is required")
	default:
		s, right := h.spend(reference, query.Get("otp"))
		if !right {
			refuse(w, "Invalid OTP")
			return
		}
		answer(w, http.StatusOK, "OTP verified successfully", verified{true, s.to})
	}
}

// reference is the one that the query names; two that differ are none.
func (h *hisend) reference(query url.Values) (string, bool) {
	found := ""
	for _, name := range h.names {
		value := query.Get(name)
		if found != "" && value != "" && value != found {
			return "", false
		}
		found = cmp.Or(found, value)
	}
	return found, found != ""
}

// reaches tells whether channel carries to to: SMS and WhatsApp to ten digits in Nigeria, e-mail to everywhere.
func reaches(channel providers.Channel, to string) bool {
	switch channel {
	case providers.Email:
		return strings.Contains(to, "@")
	case providers.SMS, providers.WhatsApp:
		digits, ok := strings.CutPrefix(to, "+234")
		return ok && len(digits) == 10 && providers.Numeric.Admits(digits)
	}
	return false
}

// within reads a whole number of the query.
func within(query url.Values, name string, unasked, least, most int) (int, bool) {
	if !query.Has(name) {
		return unasked, true
	}
	n, err := strconv.Atoi(query.Get(name))
	return n, err == nil && least <= n && n <= most
}

// stray tells whether the query holds a parameter that is none of names, or one of them twice.
func stray(query url.Values, names ...string) bool {
	for name, values := range query {
		if !slices.Contains(names, name) || len(values) != 1 {
			return true
		}
	}
	return false
}

type sent struct {
	CustomerIdentifier string            `json:"customer_identifier"`
	Channel            providers.Channel `json:"channel"`
	Reference          string            `json:"reference"`
}

type verified struct {
	Success            bool   `json:"success"`
	CustomerIdentifier string `json:"customer_identifier"`
}

func refuse(w http.ResponseWriter, message string) {
	answer(w, http.StatusUnprocessableEntity, message, nil)
}

// answer writes an answer of Hisend's; nil: without data.
func answer(w http.ResponseWriter, status int, message string, data any) {
	twin.JSON(w, status, struct {
		Data    any    `json:"data,omitempty"`
		Message string `json:"message"`
	}{data, message})
}
