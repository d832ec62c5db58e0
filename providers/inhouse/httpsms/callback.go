package httpsms

import (
	"cmp"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-json/jsontext"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/upstream"
)

// Callback is how the vendor of a preset calls to tell what became of messages. Empty: it does not.
type Callback struct {
	URL    string           `yaml:"url"`    // without the token, for a vendor who is told with each message
	Token  providers.Secret `yaml:"token"`  // that stands at the end of the URL, for a vendor who signs nothing
	Secret providers.Secret `yaml:"secret"` // of the signature, for one who does
}

// minToken is the shortest token, in characters.
const minToken = 20

func (c Callback) wanted() bool { return c.URL != "" || !c.Token.Empty() || !c.Secret.Empty() }

// address is where the vendor calls; empty: it knows from its dashboard.
func (c Callback) address() string {
	if c.URL == "" {
		return ""
	}
	address := strings.TrimRight(c.URL, "/")
	if !c.Token.Empty() {
		address += "/" + c.Token.Reveal()
	}
	return address
}

// notices are the callbacks of a vendor. Without an id there are none.
type notices struct {
	format     format
	id, status string           // where the message's id stands, and the word for what became of it; in JSON a path
	signatures []string         // headers, one with the HMAC of the raw body, in hex; none: a token in the path
	hash       func() hash.Hash // of the HMAC
	named      bool             // each message names the URL; else it is entered on the vendor's dashboard
	asks       bool             // the vendor asks what to say at an address of its own, and tells there how the call ended
}

func (n notices) signed() bool { return len(n.signatures) > 0 }

// format is how a callback is written.
type format uint8

const (
	inQuery format = iota // of a GET
	inForm                // of a POST
	asJSON                // of a POST
)

// check refuses what does not go together.
func (c Callback) check(n notices, insecure bool, refuse func(text string, path ...string)) {
	switch {
	case !c.wanted() && n.asks:
		refuse(fmt.Sprintf("is missing: the vendor asks at …/v1/voice/<provider>/<token> what to say; write at least %d "+
			"letters, digits, - and _", minToken), "callback", "token")
		return
	case !c.wanted():
		return
	}
	if n.id == "" {
		refuse("is for the presets "+strings.Join(heard(), ", "), "callback")
		return
	}
	switch signed := n.signed(); {
	case signed && !upstream.Visible(c.Secret.Reveal()):
		refuse("is missing or holds white space: the vendor signs with it", "callback", "secret")
	case signed && !c.Token.Empty():
		refuse("is for vendors who sign nothing: leave it out", "callback", "token")
	case !signed && !validToken(c.Token.Reveal()):
		why := fmt.Sprintf("must have at least %d letters, digits, - and _: the vendor signs nothing", minToken)
		refuse(why, "callback", "token")
	case !signed && !c.Secret.Empty():
		refuse("is for vendors who sign: leave it out", "callback", "secret")
	}
	switch {
	case n.named && c.URL == "":
		refuse("is missing: write such as https://otp.example.com/v1/callbacks/inhouse, without the token", "callback", "url")
	case n.named:
		wrong := func(text, _ string) { refuse(text, "callback", "url") }
		upstream.CheckBaseURL(about{"url", wrong}, c.URL, insecure)
	case c.URL != "":
		refuse("is entered on the vendor's dashboard: leave it out", "callback", "url")
	}
}

// heard are the presets whose vendors call.
func heard() []string {
	var names []string
	for name, p := range presets() {
		if p.notices.id != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func validToken(s string) bool {
	return len(s) >= minToken && providers.Alphanumeric.Admits(strings.NewReplacer("-", "", "_", "").Replace(s))
}

// ParseCallback implements [transport.CallbackParser]. Some vendors repeat the text of the message, and with it the
// code: nothing is read but the id and the word.
func (s *sender) ParseCallback(c providers.Callback) ([]transport.Report, error) {
	n := s.notices
	switch {
	case n.id == "" || n.asks || !s.callback.wanted():
		return nil, providers.ErrNoCallbacks
	case !n.genuine(c, s.callback):
		return nil, providers.ErrForged
	}
	id, word, ok := n.read(c)
	if !ok || len(id) > longestID || !upstream.Visible(id) {
		return nil, providers.ErrMalformed
	}
	state, shown := stateOf(word)
	return []transport.Report{{ID: id, State: state, Code: shown}}, nil
}

// longestID is that of a message's id, in bytes.
const longestID = 128

func (n notices) genuine(c providers.Callback, with Callback) bool {
	if !n.signed() {
		return !with.Token.Empty() && with.Token.Equal(c.Token)
	}
	signature := ""
	for _, header := range n.signatures {
		signature = cmp.Or(signature, c.Header.Get(header))
	}
	return upstream.Signed(n.hash, with.Secret, c.Body, strings.TrimPrefix(signature, "sha256="))
}

// read finds the id and the word in a callback.
func (n notices) read(c providers.Callback) (id, word string, ok bool) {
	if posted := n.format != inQuery; c.Method != http.MethodPost && posted || c.Method != http.MethodGet && !posted {
		return "", "", false
	}
	switch n.format {
	case inQuery:
		return c.Query.Get(n.id), c.Query.Get(n.status), true
	case inForm:
		form, err := url.ParseQuery(string(c.Body))
		return form.Get(n.id), form.Get(n.status), err == nil
	default:
		doc := document(c.Body)
		return told(doc, n.id), told(doc, n.status), doc != nil
	}
}

// told is a simple value of a document; empty: there is none.
func told(doc jsontext.Value, where string) string {
	p, _ := parsePath(where)
	if found := p.find(doc); len(found) == 1 {
		return found[0]
	}
	return ""
}

// stateOf is what a vendor's word means, and the word as it is shown to operators. They write it in many ways, and only
// the letters count. A word that nobody knows means nothing.
func stateOf(word string) (state providers.DeliveryState, shown string) {
	shown = letters(word)
	switch shown {
	case "delivered", "delivrd", "success", "messagedelivered":
		return providers.DeliveryDelivered, shown
	case "undelivered", "undeliv", "notdelivered", "failed", "messagefailed", "rejected", "rejectd", "expired",
		"absentsubscriber", "dndactiveonphonenumber":
		return providers.DeliveryUndelivered, shown
	}
	return "", ""
}

// letters are those of a vendor's word, in lower case.
func letters(word string) string {
	return strings.Map(func(r rune) rune {
		if !providers.Alphabetic.Admits(string(r)) {
			return -1
		}
		return unicode.ToLower(r)
	}, word)
}
