package httpsms

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/spoken"
	"github.com/otpgate/otpgate/providers/upstream"
)

// caller is a sender whose vendor makes the call and asks here what to say: it implements [transport.Caller] besides.
type caller struct {
	*sender
	voices map[string]string // by language
}

// shortestHearing is how many seconds a call lasts at least in which a code was heard. Six digits with pauses take
// longer.
const shortestHearing = 5

// ParseCall reads what Africa's Talking posts about a call, as a form: isActive=1 when somebody picked up, isActive=0
// when it ended.
//
// Sources: docs.africastalking.com/voice/callhandler for the fields, of which callerNumber is the person's in both
// directions; requests of live calls, as the operators of Verboice have published them, for callSessionState ("Answered",
// "NotAnswered"), status and hangupCause ("SUBSCRIBER_ABSENT"), and durationInSeconds=0 where nobody picked up.
// Assumed: that a call which was taken ends with the status "Completed", and that a state before the answer, if one is
// ever posted, is called Queued, Dialing or Ringing.
func (c *caller) ParseCall(cb providers.Callback) (providers.Call, error) {
	if !c.notices.genuine(cb, c.callback) {
		return providers.Call{}, providers.ErrForged
	}
	form, err := url.ParseQuery(string(cb.Body))
	id, active := form.Get("sessionId"), form.Get("isActive")
	if err != nil || cb.Method != http.MethodPost || len(id) > longestID || !upstream.Visible(id) ||
		active != "0" && active != "1" {
		return providers.Call{}, providers.ErrMalformed
	}
	call := providers.Call{ID: id, Numbers: []string{form.Get("callerNumber"), form.Get("destinationNumber")}}
	switch state := letters(form.Get("callSessionState")); {
	case letters(form.Get("direction")) == "inbound":
		call.Stage = providers.CallForeign
	case active == "0":
		call.Stage, call.Report = providers.CallEnded, ending(id, form)
	case state == "queued", state == "dialing", state == "ringing":
		call.Stage = providers.CallRinging
	default:
		call.Stage = providers.CallAnswered
	}
	return call, nil
}

// ending is what became of a call. Whether a person listened or a mailbox cannot be told.
func ending(id string, form url.Values) providers.Report {
	r := providers.Report{UpstreamID: id, State: providers.DeliveryUndelivered}
	seconds, err := strconv.Atoi(form.Get("durationInSeconds"))
	status := letters(form.Get("status"))
	taken := slices.Contains([]string{"", "completed", "answered", "success"}, status)
	switch {
	case err != nil:
		r.State = ""
	case seconds >= shortestHearing && taken:
		r.State = providers.DeliveryDelivered
	case seconds > 0 && seconds < shortestHearing:
		r.Reason = "hung_up"
	default:
		r.Reason = cause(form.Get("hangupCause"))
		if r.Reason == "" {
			r.Reason = status
		}
	}
	return r
}

// cause is a vendor's word as it is shown to operators: letters and underscores, so that no number is among it.
func cause(word string) string {
	return strings.Map(func(r rune) rune {
		if r != '_' && !providers.Alphabetic.Admits(string(r)) {
			return -1
		}
		return r
	}, word)
}

// response is what Africa's Talking wants to hear. Source: docs.africastalking.com/voice/say and /voice/reject.
type response struct {
	XMLName xml.Name  `xml:"Response"`
	Say     *say      `xml:"Say"`
	Reject  *struct{} `xml:"Reject"`
}

type say struct {
	Voice string `xml:"voice,attr,omitempty"`
	Text  string `xml:",chardata"`
}

// Say writes XML, and calls it plain text as the vendor's own samples do.
func (c *caller) Say(text providers.Secret, locale string) (mediaType string, body []byte) {
	r := response{Reject: &struct{}{}}
	if !text.Empty() {
		r = response{Say: &say{Voice: c.voices[spoken.Language(locale)], Text: text.Reveal()}}
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	_ = xml.NewEncoder(&b).Encode(r) // texts can always be written, and a buffer takes everything
	return "text/plain; charset=utf-8", b.Bytes()
}
