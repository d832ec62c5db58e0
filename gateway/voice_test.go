package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms/httpsmstwin"
	"github.com/otpgate/otpgate/providers/twin"
)

const (
	callToken = "e2e-call-token-that-must-not-be-seen"
	callLine  = "+254711082000"
	listener  = "+2348031234567"
	absent    = "+2348031239908" // a magic number: nobody picks up
)

// exchangeOf is a vendor that asks what to say, its calls, and what makes it that of a gateway.
func exchangeOf(t *testing.T, inbox *twin.Inbox) (*httpsmstwin.Calls, []string) {
	t.Helper()
	calls := new(httpsmstwin.Calls)
	server := httptest.NewServer(httpsmstwin.AfricasTalkingVoice(httpsmstwin.Options{Inbox: inbox, Calls: calls}))
	t.Cleanup(func() { server.Close(); calls.Wait() })
	return calls, []string{"{transports: {sms: {kind: console}", fmt.Sprintf("{transports: {sms: {kind: console}, voice: "+
		"{kind: httpsms, preset: africastalking-voice, base_url: %q, username: %s, api_key: %s, sender: %q, callback: {token: %s}}",
		server.URL, httpsmstwin.User, httpsmstwin.Key, callLine, callToken)}
}

// startCalls is a gateway whose calls are made by a vendor that asks what to say, and those calls.
func startCalls(t *testing.T) (*world, *httpsmstwin.Calls) {
	t.Helper()
	inbox := new(twin.Inbox)
	calls, change := exchangeOf(t, inbox)
	w := startWith(t, inbox, change...)
	calls.AskAt(w.callsAt())
	return w, calls
}

func (w *world) callsAt() string { return w.url + "/v1/voice/inhouse/" + callToken }

var saidSlowly = regexp.MustCompile(`[0-9](?:, [0-9]){3,9}`)

// heard is the code that a person writes down who picked up.
func (w *world) heard(to string) string {
	w.t.Helper()
	w.await(func() bool { return len(w.inbox.Messages(to, providers.Voice)) > 0 })
	text := w.inbox.Messages(to, providers.Voice)[0].Text
	said := saidSlowly.FindAllString(text, -1)
	if len(said) != 2 || said[0] != said[1] {
		w.t.Fatalf("the code was said %d times: %s", len(said), text)
	}
	return strings.ReplaceAll(said[0], ", ", "")
}

// ring posts what the vendor would, and returns what is said; the form is that of a call to listener with changes.
func (w *world) ring(address, id string, change ...string) (status int, said string) {
	w.t.Helper()
	form := url.Values{
		"isActive": {"1"}, "sessionId": {id}, "direction": {"Outbound"}, "callerNumber": {listener}, "destinationNumber": {callLine},
	}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	resp, err := http.PostForm(address, form)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// A code is heard and verifies, also by whoever picks up before the send has returned; and the end of the call is told.
func TestWhoPicksUpHearsACodeThatVerifies(t *testing.T) {
	t.Parallel()
	for name, hasty := range map[string]bool{"after the send": false, "before the send has returned": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, calls := startCalls(t)
			if hasty {
				calls.Hasty()
			}
			sent := w.send(fmt.Sprintf(`{"to":%q,"channel":"voice"}`, listener))
			code := w.heard(listener)
			w.await(func() bool { return w.status(sent.Reference).Deliveries[0].Status == "delivered" })
			if a := w.verify(sent.Reference, different(code)); a.status != http.StatusUnprocessableEntity {
				t.Errorf("wrong: %d %s", a.status, a.body)
			}
			a := w.verify(sent.Reference, code)
			if a.status != http.StatusOK || !a.Verified || len(a.Deliveries) != 1 {
				t.Errorf("right: %d %s", a.status, a.body)
			}
			w.clean(code, strings.Join(strings.Split(code, ""), ", "), callToken, httpsmstwin.Key, listener[1:])
		})
	}
}

// A call that nobody takes makes the next step due at once.
func TestACallThatNobodyTakesGivesWayToAnSMS(t *testing.T) {
	t.Parallel()
	w, calls := startCalls(t)
	sent := w.send(fmt.Sprintf(`{"to":%q,"channel":"voice","fallback":[{"channel":"sms","after":"60s"}]}`, absent))
	began := time.Now()
	w.await(func() bool { return len(w.inbox.Messages(absent, providers.SMS)) == 1 })
	if took := time.Since(began); took > time.Second {
		t.Errorf("the SMS left after %v", took)
	}
	w.await(func() bool { return len(w.status(sent.Reference).Deliveries) == 2 })
	if d := w.status(sent.Reference).Deliveries[0]; d.Status != "undelivered" || d.Reason != "undeliverable" {
		t.Errorf("%+v", d)
	}
	calls.Wait()
	if n := len(w.inbox.Messages(absent, providers.Voice)); n != 0 {
		t.Errorf("%d people listened", n)
	}
}

// Nobody who asks about a call hears a code but the vendor, about its own call, in time, once.
func TestHostileCalls(t *testing.T) {
	t.Parallel()
	w, calls := startCalls(t)
	calls.AskAt("http://127.0.0.1:1") // the test asks itself
	sent := w.send(fmt.Sprintf(`{"to":%q,"channel":"voice"}`, listener))
	calls.Wait()
	if n := len(calls.IDs()); n != 1 {
		t.Fatalf("%d calls were made", n)
	}
	id := calls.IDs()[0]
	for name, c := range map[string]struct {
		address, id string
		change      []string
		status      int
	}{
		"a wrong token":         {w.callsAt() + "x", id, nil, 404},
		"an unknown provider":   {w.url + "/v1/voice/nobody/" + callToken, id, nil, 404},
		"one that makes none":   {w.url + "/v1/voice/hubtel-gh/" + callToken, id, nil, 404},
		"as a delivery report":  {w.url + "/v1/callbacks/inhouse/" + callToken, id, nil, 404},
		"an unknown call":       {w.callsAt(), id + "x", nil, 200},
		"another number":        {w.callsAt(), id, []string{"callerNumber", "+2348031234568"}, 200},
		"somebody calls us":     {w.callsAt(), id, []string{"direction", "Inbound"}, 200},
		"nobody has picked up":  {w.callsAt(), id, []string{"callSessionState", "Ringing"}, 200},
		"neither this nor that": {w.callsAt(), id, []string{"isActive", "2"}, 400},
		"about no call":         {w.callsAt(), "", nil, 400},
	} {
		status, said := w.ring(c.address, c.id, c.change...)
		if status != c.status || strings.Contains(said, "<Say") {
			t.Errorf("%s: %d %s", name, status, said)
		}
	}
	status, said := w.ring(w.callsAt(), id)
	code := strings.ReplaceAll(saidSlowly.FindString(said), ", ", "")
	if status != http.StatusOK || code == "" {
		t.Fatalf("the vendor itself: %d %s", status, said)
	}
	for range 3 {
		if status, said := w.ring(w.callsAt(), id); status != http.StatusOK || !strings.Contains(said, "<Reject>") {
			t.Errorf("again: %d %s", status, said)
		}
	}
	if d := w.status(sent.Reference).Deliveries[0]; d.Status != "sent" || d.Reason != "read_out" {
		t.Errorf("%+v", d)
	}
	if a := w.verify(sent.Reference, code); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.clean(code, callToken, httpsmstwin.Key, listener[1:])
	w.logMu.Lock()
	defer w.logMu.Unlock()
	for _, why := range []string{
		"inhouse: the callback has no right signature or token", "nobody here has asked for", "another number than the one",
		"somebody called the number", "read out before",
	} {
		if !strings.Contains(w.log.String(), why) {
			t.Errorf("the log does not tell of %q", why)
		}
	}
}

// Of two gateways on one store, the one that is asked need not be the one that had the call made.
func TestACallOfOneGatewayIsAnsweredByTheOther(t *testing.T) {
	t.Parallel()
	calls, change := exchangeOf(t, new(twin.Inbox))
	a, b := pair(t, change...)
	sent := a.send(fmt.Sprintf(`{"to":%q,"channel":"voice"}`, listener))
	calls.Wait() // they ask nobody
	id := calls.IDs()[0]
	_, said := b.ring(b.callsAt(), id)
	code := strings.ReplaceAll(saidSlowly.FindString(said), ", ", "")
	for _, w := range []*world{a, b} {
		if _, said := w.ring(w.callsAt(), id); !strings.Contains(said, "<Reject>") {
			t.Errorf("again: %s", said)
		}
	}
	if status, _ := a.ring(a.callsAt(), id, "isActive", "0", "status", "Completed", "durationInSeconds", "14"); status != http.StatusOK {
		t.Errorf("the end: %d", status)
	}
	got := b.verify(sent.Reference, code)
	if got.status != http.StatusOK || got.Deliveries[0].Status != "delivered" || got.Deliveries[0].Reason != "" {
		t.Errorf("%d %s", got.status, got.body)
	}
}
