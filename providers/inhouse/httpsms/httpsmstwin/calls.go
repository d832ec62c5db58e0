package httpsmstwin

import (
	"context"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// Calls are the telephone calls of a twin that asks what to say. The zero Calls ask nobody, and people hear silence.
type Calls struct {
	address atomic.Pointer[string]
	under   sync.WaitGroup
	hasty   atomic.Bool
	mu      sync.Mutex
	ids     []string
}

// AskAt has the twin ask at an address from now on what to say, and tell there how calls ended.
func (c *Calls) AskAt(address string) { c.address.Store(&address) }

// Hasty has the twin ask before the answer to the request for the call has left.
func (c *Calls) Hasty() { c.hasty.Store(true) }

// Wait waits for the calls that are under way.
func (c *Calls) Wait() { c.under.Wait() }

// IDs are those of the calls so far, in order.
func (c *Calls) IDs() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.ids)
}

// dial makes the id of a call.
func (c *Calls) dial() string {
	id := "ATVId_" + newID()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids = append(c.ids, id)
	return id
}

const askTimeout = 5 * time.Second

// post tells or asks about a call, and returns the answer. It runs wrote when the request is on its way, or cannot be.
func (c *Calls) post(form url.Values, wrote func()) []byte {
	defer wrote()
	address := c.address.Load()
	if address == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { wrote() },
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, *address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return nil
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20)) // half an answer is no XML
	return text
}

// AfricasTalkingVoice is the twin for preset africastalking-voice: POST /call. What is heard stands in the inbox as a
// text.
func AfricasTalkingVoice(o Options) *twin.Twin {
	v := o.vendor("africastalking-voice")
	calls := o.Calls
	if calls == nil {
		calls = new(Calls)
	}
	v.Handle("send", "POST /call", func(w http.ResponseWriter, r *http.Request) {
		malformed := r.ParseForm() != nil
		form := r.PostForm
		to, from := form.Get("to"), form.Get("from")
		refused := map[twin.Trait]answer{
			twin.Invalid:   entry(to, "InvalidPhoneNumber", "None"),
			twin.Barred:    entry(to, "DestinationNotSupported", "None"),
			twin.NoBalance: entry(to, "InsufficientCredit", "None"),
			twin.TooMany:   {http.StatusTooManyRequests, nil},
			twin.Broken:    {http.StatusInternalServerError, nil},
			twin.WrongSender: {http.StatusCreated, object{
				"entries": []object{}, "errorMessage": "Invalid callerId: " + from,
			}},
		}
		user := v.user.Equal(providers.NewSecret(form.Get("username")))
		no, bad := refused[v.wrong(message{to: to})]
		switch {
		case malformed || !strings.HasPrefix(from, "+"):
			refused[twin.WrongSender].write(w)
		case !user || !v.hasKey(r.Header.Get("apiKey")):
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, "The supplied authentication is invalid")
		case bad:
			no.write(w)
		default:
			id := calls.dial()
			answered, asked := make(chan struct{}), make(chan struct{})
			calls.under.Go(func() {
				if !calls.hasty.Load() {
					<-answered
				}
				v.call(r, calls, id, to, from, sync.OnceFunc(func() { close(asked) }))
			})
			if calls.hasty.Load() {
				<-asked
			}
			entry(to, "Queued", id).write(w)
			close(answered)
		}
	})
	return v.Twin
}

// entry is the answer for one number.
func entry(to, status, id string) answer {
	return answer{http.StatusCreated, object{
		"entries": []object{{"phoneNumber": to, "status": status, "sessionId": id}}, "errorMessage": "None",
	}}
}

// call rings, asks what to say, and tells how it ended. It runs asked when the first of these is on its way.
func (v *vendor) call(r *http.Request, calls *Calls, id, to, from string, asked func()) {
	tell := func(more url.Values) []byte {
		form := url.Values{
			"sessionId": {id}, "direction": {"Outbound"}, "callerNumber": {to}, "destinationNumber": {from},
			"callerCountryCode": {"233"}, "callStartTime": {"2026-01-15+10:20:00"},
		}
		maps.Copy(form, more)
		return calls.post(form, asked)
	}
	end := url.Values{
		"isActive": {"0"}, "callSessionState": {"NotAnswered"}, "status": {"NotAnswered"}, "durationInSeconds": {"0"},
		"amount": {"0"}, "currencyCode": {"KES"}, "hangupCause": {"SUBSCRIBER_ABSENT"},
	}
	if v.trait(to) != twin.NeverArrives {
		heard := hear(tell(url.Values{"isActive": {"1"}, "callSessionState": {"Answered"}}))
		maps.Copy(end, url.Values{
			"callSessionState": {"Completed"}, "status": {"Completed"}, "hangupCause": {"NORMAL_CLEARING"},
		})
		if heard != "" {
			end["durationInSeconds"], end["amount"] = []string{"14"}, []string{"1.2"}
			v.Deliver(r, providers.Voice, to, from, heard)
		}
	}
	tell(end)
}

// hear is what an answer has said; empty: nothing.
func hear(answer []byte) string {
	var response struct {
		XMLName xml.Name `xml:"Response"`
		Say     []string `xml:"Say"`
	}
	if xml.Unmarshal(answer, &response) != nil {
		return ""
	}
	return strings.Join(response.Say, " ")
}
