// Package zendtwin behaves like ZendOTP. What the vendor does not document is assumed as follows, and the adapter must
// not rely on it:
//
//   - a code has 4 to 10 digits and lives 1 to 1440 minutes; a wish beyond that is 400 with a list of sentences;
//   - a send is 201, a verify is 201, and so is a wrong code unless [Options.WrongStatus] says otherwise;
//   - every check counts, the right one too (the vendor's sample shows two of three left after it), and the third wrong
//     one makes the session "failed";
//   - a session that is verified, failed or expired says "success": false with the count of what was left, and its
//     status tells which; an hour after its time it is unknown: 404;
//   - a refused number is 422, no balance is 402, too many requests are 429 with Retry-After, a refused key is 401;
//   - errors have the shape that NestJS gives them;
//   - a new code for the same number leaves the old one good.
//
// Zend has no senders, so the magic number for a wrong one is an ordinary number.
package zendtwin

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// APIKey is what a twin takes that was told nothing else.
const APIKey = "sent_test_zend-twin"

const from = "Zend"

// Options are the settings of a twin. The zero Options are fine.
type Options struct {
	Name        string      // in the inbox; empty: "zend"
	APIKey      string      // empty: [APIKey]
	WrongStatus int         // HTTP status of every "no" of a verify, which is documented nowhere; 0: 201
	Inbox       *twin.Inbox // nil: one of its own
}

// New makes a twin.
func New(o Options) *twin.Twin {
	z := &zend{
		Twin:     twin.New(cmp.Or(o.Name, "zend"), o.Inbox),
		key:      providers.NewSecret(cmp.Or(o.APIKey, APIKey)),
		no:       cmp.Or(o.WrongStatus, http.StatusCreated),
		sessions: map[string]*session{},
	}
	z.Handle("send", "POST /otp/send", z.known(z.send))
	z.Handle("status", "GET /otp/{id}/status", z.known(z.status))
	z.Handle("verify", "POST /otp/{id}/verify", z.known(z.verify))
	return z.Twin
}

type zend struct {
	*twin.Twin
	key providers.Secret
	no  int

	mu       sync.Mutex
	sessions map[string]*session // by id
	order    []string            // ids, oldest first
}

// known lets requests with the right key pass.
func (z *zend) known(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !z.key.Equal(providers.NewSecret(r.Header.Get("x-api-key"))) {
			fail(w, http.StatusUnauthorized, "Invalid API key", "Unauthorized")
			return
		}
		next(w, r)
	}
}

// wish is the body of a send.
type wish struct {
	PhoneNumber string            `json:"phone_number"`
	App         string            `json:"app"`
	Channel     providers.Channel `json:"channel"`
	Expiry      *int              `json:"expiry"`
	Length      *int              `json:"length"`
}

func (z *zend) send(w http.ResponseWriter, r *http.Request) {
	var in wish
	if twin.Read(r, &in) != nil {
		fail(w, http.StatusBadRequest, "Malformed request", "Bad Request")
		return
	}
	switch twin.TraitOf(in.PhoneNumber) {
	case twin.Invalid:
		fail(w, http.StatusUnprocessableEntity, "phone_number must be a valid phone number", "validation_error")
	case twin.Barred:
		fail(w, http.StatusUnprocessableEntity, "Recipient cannot be messaged", "recipient_blocked")
	case twin.NoBalance:
		fail(w, http.StatusPaymentRequired, "Insufficient balance", "Payment Required")
	case twin.TooMany:
		w.Header().Set("Retry-After", "30")
		fail(w, http.StatusTooManyRequests, "Too Many Requests", "Too Many Requests")
	case twin.Broken:
		fail(w, http.StatusInternalServerError, "Internal server error", "")
	default:
		z.open(w, r, in)
	}
}

func (z *zend) open(w http.ResponseWriter, r *http.Request, in wish) {
	if wrong := in.mistakes(); len(wrong) > 0 {
		fail(w, http.StatusBadRequest, wrong, "Bad Request")
		return
	}
	minutes, length := defaultMinutes, defaultLength
	if in.Expiry != nil {
		minutes = *in.Expiry
	}
	if in.Length != nil {
		length = *in.Length
	}
	s := z.begin(in, minutes, length)
	z.Deliver(r, in.Channel, in.PhoneNumber, from,
		in.App+": your verification code is "+s.code+". It expires in "+strconv.Itoa(minutes)+" minutes.")
	twin.JSON(w, http.StatusCreated, opened{
		head: s.head(), ExpiryMinutes: minutes, Length: length, Status: "sent", CreatedAt: s.at, ExpiresAt: s.until,
	})
}

// mistakes are what a validator says about a body, a sentence for each field.
func (w wish) mistakes() []string {
	var all []string
	if !international(w.PhoneNumber) {
		all = append(all, "phone_number must be a valid phone number")
	}
	if w.App == "" {
		all = append(all, "app should not be empty")
	}
	if w.Channel != providers.SMS && w.Channel != providers.WhatsApp {
		all = append(all, "channel must be one of the following values: sms, whatsapp")
	}
	if w.Expiry != nil && (*w.Expiry < 1 || *w.Expiry > mostMinutes) {
		all = append(all, "expiry must lie between 1 and 1440")
	}
	if w.Length != nil && (*w.Length < shortest || *w.Length > longest) {
		all = append(all, "length must lie between 4 and 10")
	}
	return all
}

func international(number string) bool {
	digits, plus := strings.CutPrefix(number, "+")
	return plus && len(digits) >= 8 && len(digits) <= 15 && providers.Numeric.Admits(digits)
}

func (z *zend) status(w http.ResponseWriter, r *http.Request) {
	s, ok := z.look(r.PathValue("id"))
	if !ok {
		fail(w, http.StatusNotFound, "OTP not found", "Not Found")
		return
	}
	twin.JSON(w, http.StatusOK, standing{
		head: s.head(), Status: s.state, Attempts: s.checks, MaxAttempts: tries,
		CreatedAt: s.at, ExpiresAt: s.until, VerifiedAt: s.verified,
	})
}

func (z *zend) verify(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Code string `json:"code"`
	}
	if twin.Read(r, &in) != nil || in.Code == "" {
		fail(w, http.StatusBadRequest, []string{"code should not be empty"}, "Bad Request")
		return
	}
	s, said, ok := z.guess(r.PathValue("id"), in.Code)
	switch {
	case !ok:
		fail(w, http.StatusNotFound, "OTP not found", "Not Found")
	case said == granted:
		twin.JSON(w, http.StatusCreated, judged{
			Success: true, Message: said, VerifiedAt: s.verified, Remaining: tries - s.checks,
		})
	default:
		twin.JSON(w, z.no, judged{Message: said, Remaining: tries - s.checks})
	}
}

// head is what the answers to a send and to a status begin with.
type head struct {
	ID          string            `json:"id"`
	PhoneNumber string            `json:"phone_number"`
	App         string            `json:"app"`
	Channel     providers.Channel `json:"channel"`
}

type opened struct {
	head
	ExpiryMinutes int       `json:"expiry_minutes"`
	Length        int       `json:"length"`
	Status        string    `json:"status"`
	CreatedAt     time.Time `json:"created_at"`
	ExpiresAt     time.Time `json:"expires_at"`
}

type standing struct {
	head
	Status      string     `json:"status"`
	Attempts    int        `json:"attempts"`
	MaxAttempts int        `json:"max_attempts"`
	CreatedAt   time.Time  `json:"created_at"`
	ExpiresAt   time.Time  `json:"expires_at"`
	VerifiedAt  *time.Time `json:"verified_at"`
}

type judged struct {
	Success    bool       `json:"success"`
	Message    string     `json:"message"`
	VerifiedAt *time.Time `json:"verified_at,omitzero"`
	Remaining  int        `json:"attempts_remaining"`
}

// fail answers as NestJS does. message is a sentence or a list of them.
func fail(w http.ResponseWriter, status int, message any, word string) {
	twin.JSON(w, status, struct {
		StatusCode int    `json:"statusCode"`
		Message    any    `json:"message"`
		Error      string `json:"error,omitzero"`
	}{status, message, word})
}
