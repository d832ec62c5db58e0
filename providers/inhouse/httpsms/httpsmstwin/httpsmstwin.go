// Package httpsmstwin behaves like the SMS APIs for which the transport httpsms has presets, one constructor for each.
//
// Requests, and the answers to messages that were taken, are as the vendors or those who call them show them. What
// nobody shows is assumed as follows, and no preset may rely on it:
//
//   - Hubtel: the sub-codes of its old table stand where success has its 0, beside the status of that table. Bodies of
//     401, 402 and 429 are empty.
//   - Sendexa: refusals have the envelope and the words of its core pages, and those of its OTP pages for a number.
//   - Zend: refusals have the envelope of NestJS; a bad number and an unknown sender are both 422.
//   - Arkesel: an unknown sender is 422, no balance 402, a wrong key 403, each with {"status":"error"}; calls are
//     answered like messages.
//   - mNotify: refusals are 200 with a code of four digits that is not 2000; a wrong key is 401.
//   - Termii: refusals are 400 or 404 with a sentence; a wrong key is 401, no balance 402. A code to be read out may be
//     a text of digits.
//   - Africa's Talking: a wrong key is 401 with a sentence that is no JSON. A call from a number that is none is refused
//     as a whole.
//   - All: 429 comes with Retry-After, and a failure of the vendor is 500.
package httpsmstwin

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// What a twin takes that was told nothing else.
const (
	User = "httpsms-twin-user"
	Key  = "httpsms-twin-key"
)

// Options are the settings of a twin. The zero Options are fine.
type Options struct {
	Name    string                     // in the inbox; empty: that of the preset
	User    string                     // client_id, username, or api_key where there is an api_secret; empty: [User]
	Key     string                     // client_secret, api_secret, or the only api_key; empty: [Key]
	Inbox   *twin.Inbox                // nil: one of its own
	Trait   func(to string) twin.Trait // of a number; nil: [twin.TraitOf]
	Wrapped bool                       // of Hubtel: answers stand below data
	Calls   *Calls                     // of Africa's Talking's voice: where it asks what to say; nil: nowhere
}

// All are the twins by the names of their presets.
func All() map[string]func(Options) *twin.Twin {
	return map[string]func(Options) *twin.Twin{
		"africastalking": AfricasTalking, "africastalking-voice": AfricasTalkingVoice, "arkesel": Arkesel,
		"arkesel-voice": ArkeselVoice, "hubtel-sms": Hubtel, "mnotify": MNotify, "sendexa-sms": Sendexa, "termii": Termii,
		"termii-voice": TermiiVoice, "zend-messages": Zend,
	}
}

// vendor is what all of these twins share.
type vendor struct {
	*twin.Twin
	user, key providers.Secret
	trait     func(to string) twin.Trait
}

func (o Options) vendor(preset string) *vendor {
	v := &vendor{
		Twin:  twin.New(cmp.Or(o.Name, preset), o.Inbox),
		user:  providers.NewSecret(cmp.Or(o.User, User)),
		key:   providers.NewSecret(cmp.Or(o.Key, Key)),
		trait: o.Trait,
	}
	if v.trait == nil {
		v.trait = twin.TraitOf
	}
	return v
}

// hasKey tells whether a request shows the right key.
func (v *vendor) hasKey(key string) bool { return v.key.Equal(providers.NewSecret(key)) }

// hasBasic tells whether a request has the right Basic authentication.
func (v *vendor) hasBasic(r *http.Request) bool {
	user, key, _ := r.BasicAuth()
	return v.user.Equal(providers.NewSecret(user)) && v.hasKey(key)
}

// answer is a status and a JSON body; nil: none.
type answer struct {
	status int
	body   any
}

func (a answer) write(w http.ResponseWriter) {
	if a.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "30")
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	twin.JSON(w, a.status, a.body)
}

// message is what somebody wants to have carried, by SMS if it names no channel.
type message struct {
	to, from, text string
	channel        providers.Channel
}

// wrong is the trait of a message that no vendor would carry; else that of its number.
func (v *vendor) wrong(m message) twin.Trait {
	const longestSender, shortestNumber, longestNumber = 11, 8, 15
	digits := strings.TrimPrefix(m.to, "+")
	switch {
	case len(digits) < shortestNumber || len(digits) > longestNumber || strings.Trim(digits, "0123456789") != "":
		return twin.Invalid
	case utf8.RuneCountInString(m.from) > longestSender:
		return twin.WrongSender
	}
	return v.trait(m.to)
}

// carry answers a message: by the refusal for its trait if there is one, else with taken once it is delivered.
func (v *vendor) carry(w http.ResponseWriter, r *http.Request, m message, refused map[twin.Trait]answer, taken answer) {
	if no, ok := refused[v.wrong(m)]; ok {
		no.write(w)
		return
	}
	v.Deliver(r, cmp.Or(m.channel, providers.SMS), m.to, m.from, m.text)
	taken.write(w)
}

// object is a JSON object.
type object map[string]any

// newID is an id that no other message has.
func newID() string { return strings.ToLower(rand.Text()) }
