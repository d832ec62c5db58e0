// Package whatsapptwin behaves like the messages endpoint of WhatsApp's Cloud API, and calls back as that does. What
// nobody documents is assumed as follows, and the transport must not rely on it:
//
//   - a number that may not be sent to is refused at once with 131026; one that "never arrives" has no account, is
//     taken, and fails by callback with the same code, as the real ones do;
//   - what is not as documented is refused with 100, a template that is not known with 132001, an empty account with
//     131042, too many messages with 130429 and status 429, a fault with 131000 and status 500;
//   - each message that arrives is told of as sent and as delivered, in this order and at once. A callback that is not
//     taken is not repeated; Meta repeats it for days.
package whatsapptwin

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// What a twin takes that was told nothing else.
const (
	Token         = "whatsapp-twin-token"
	PhoneNumberID = "106540352242922"
	AppSecret     = "whatsapp-twin-app-secret"
	VerifyToken   = "whatsapp-twin-verify-token"
)

// Options are the settings of a twin. The zero Options are fine.
type Options struct {
	Name          string                     // in the inbox; empty: "whatsapp"
	Token         string                     // empty: [Token]
	PhoneNumberID string                     // empty: [PhoneNumberID]
	AppSecret     string                     // empty: [AppSecret]
	VerifyToken   string                     // empty: [VerifyToken]
	Templates     []string                   // that exist, each "name language"; empty: all
	Inbox         *twin.Inbox                // nil: one of its own
	Trait         func(to string) twin.Trait // of a number; nil: [twin.TraitOf]
	Hasty         bool                       // callbacks overtake the answer to the send
}

// Twin is a twin that calls back.
type Twin struct {
	*twin.Twin
	token, appSecret providers.Secret
	verifyToken      string
	number           string
	templates        []string
	trait            func(to string) twin.Trait
	hasty            bool

	callback atomic.Pointer[string] // address; nil: nobody is called
	calls    sync.WaitGroup

	mu  sync.Mutex
	ids []string // of the messages that were taken, oldest first
}

// New makes a twin.
func New(o Options) *Twin {
	t := &Twin{
		Twin:        twin.New(cmp.Or(o.Name, "whatsapp"), o.Inbox),
		token:       providers.NewSecret(cmp.Or(o.Token, Token)),
		appSecret:   providers.NewSecret(cmp.Or(o.AppSecret, AppSecret)),
		verifyToken: cmp.Or(o.VerifyToken, VerifyToken),
		number:      cmp.Or(o.PhoneNumberID, PhoneNumberID),
		templates:   o.Templates,
		trait:       o.Trait,
		hasty:       o.Hasty,
	}
	if t.trait == nil {
		t.trait = twin.TraitOf
	}
	t.Handle("send", "POST /{version}/{number}/messages", t.send)
	return t
}

// request is the body of a send. The order of its members is checked where the transport is tested.
type request struct {
	Product   string `json:"messaging_product"`
	Recipient string `json:"recipient_type"`
	To        string `json:"to"`
	Type      string `json:"type"`
	Template  struct {
		Name     string `json:"name"`
		Language struct {
			Code string `json:"code"`
		} `json:"language"`
		Components []struct {
			Type       string `json:"type"`
			SubType    string `json:"sub_type"`
			Index      string `json:"index"`
			Parameters []struct {
				Type string `json:"type"`
				Text string `json:"text"`
			} `json:"parameters"`
		} `json:"components"`
	} `json:"template"`
}

func (t *Twin) send(w http.ResponseWriter, r *http.Request) {
	var in request
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !t.token.Equal(providers.NewSecret(token)):
		refuse(w, http.StatusUnauthorized, 190, "Invalid OAuth access token - Cannot parse access token")
	case r.PathValue("number") != t.number || !strings.HasPrefix(r.PathValue("version"), "v"):
		refuse(w, http.StatusBadRequest, 100, "Unsupported post request")
	case twin.Read(r, &in) != nil || in.code() == "":
		refuse(w, http.StatusBadRequest, 100, "(#100) Invalid parameter")
	case len(t.templates) > 0 && !slices.Contains(t.templates, in.Template.Name+" "+in.Template.Language.Code):
		refuse(w, http.StatusNotFound, 132001, "(#132001) Template name does not exist in the translation")
	default:
		t.carry(w, r, in)
	}
}

func (t *Twin) carry(w http.ResponseWriter, r *http.Request, in request) {
	switch trait := t.trait(in.To); trait {
	case twin.Invalid, twin.Barred:
		refuse(w, http.StatusBadRequest, undeliverable, "(#131026) Message undeliverable")
	case twin.WrongSender:
		refuse(w, http.StatusNotFound, 132001, "(#132001) Template name does not exist in the translation")
	case twin.NoBalance:
		refuse(w, http.StatusBadRequest, 131042, "(#131042) Business eligibility payment issue")
	case twin.TooMany:
		w.Header().Set("Retry-After", "30")
		refuse(w, http.StatusTooManyRequests, 130429, "(#130429) Rate limit hit")
	case twin.Broken:
		refuse(w, http.StatusInternalServerError, 131000, "(#131000) Something went wrong")
	default:
		id := t.newID()
		t.Deliver(r, providers.WhatsApp, "+"+in.To, "WhatsApp", in.code()+" is your verification code.")
		tell := func() { t.tell(context.WithoutCancel(r.Context()), id, in.To, trait) }
		if t.hasty {
			tell()
		} else {
			defer t.calls.Go(tell)
		}
		twin.JSON(w, http.StatusOK, object{
			"messaging_product": "whatsapp",
			"contacts":          []object{{"input": in.To, "wa_id": in.To}},
			"messages":          []object{{"id": id, "message_status": "accepted"}},
		})
	}
}

// IDs are those of the last messages that were taken, oldest first.
func (t *Twin) IDs() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.ids)
}

func (t *Twin) newID() string {
	const kept = 256
	t.mu.Lock()
	defer t.mu.Unlock()
	id := "wamid." + rand.Text()
	t.ids = append(t.ids, id)
	if len(t.ids) >= 2*kept {
		t.ids = slices.Clone(t.ids[kept:])
	}
	return id
}

// code is what an authentication template says; empty: the request is none as it is documented.
func (r request) code() string {
	const longest = 15
	parts := r.Template.Components
	if r.Product != "whatsapp" || r.Recipient != "individual" || r.Type != "template" || len(parts) != 2 ||
		r.To == "" || strings.Trim(r.To, "0123456789") != "" || r.Template.Name == "" || r.Template.Language.Code == "" {
		return ""
	}
	text, button := parts[0], parts[1]
	if text.Type != "body" || text.SubType+text.Index != "" || len(text.Parameters) != 1 ||
		button.Type != "button" || button.SubType != "url" || button.Index != "0" || len(button.Parameters) != 1 {
		return ""
	}
	code := text.Parameters[0]
	if code != button.Parameters[0] || code.Type != "text" || len(code.Text) > longest {
		return ""
	}
	return code.Text
}

// object is a JSON object.
type object map[string]any

func refuse(w http.ResponseWriter, status, code int, message string) {
	twin.JSON(w, status, object{"error": object{
		"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A" + strconv.Itoa(code),
		"error_data": object{"messaging_product": "whatsapp", "details": message},
	}})
}
