package httpsms_test

import (
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms/httpsmstwin"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

const (
	voiceLine = "+254711082000"
	callToken = "canary-token-of-the-calls"
	callID    = "ATVId_11163e2ea9a58f3a7999fecda8eeb43a"
)

// desk is a transport whose vendor asks, and the one who answers: it says the code of the last message to the number.
type desk struct {
	transport.Transport
	mu    sync.Mutex
	codes map[string]providers.Secret
}

// answering has the calls of a twin answered.
func answering(t *testing.T, carrier transport.Transport, calls *httpsmstwin.Calls) *desk {
	t.Helper()
	d := &desk{Transport: carrier, codes: map[string]providers.Secret{}}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	calls.AskAt(server.URL)
	return d
}

func (d *desk) Deliver(ctx context.Context, m transport.Message) (transport.Receipt, error) {
	d.mu.Lock()
	d.codes[m.To.Address()] = m.Code
	d.mu.Unlock()
	return d.Transport.Deliver(ctx, m)
}

func (d *desk) Close() error { return d.Transport.(io.Closer).Close() }

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	caller := d.Transport.(transport.Caller)
	call, err := caller.ParseCall(providers.Callback{Method: r.Method, Token: secret(callToken), Body: body})
	if err != nil || call.Stage != providers.CallAnswered {
		return
	}
	d.mu.Lock()
	code := d.codes[call.Numbers[0]]
	d.mu.Unlock()
	_, answer := caller.Say(code, "en")
	_, _ = w.Write(answer)
}

func asking(t *testing.T) transport.Caller {
	t.Helper()
	return build(t, models()["africastalking-voice"].toward(t, "http://127.0.0.1:1")).(transport.Caller)
}

// posted is a form as a live call had it, with changes.
func posted(change ...string) providers.Callback {
	form := url.Values{
		"callSessionState": {"Answered"}, "sessionId": {callID}, "callerCountryCode": {"256"}, "callerCarrierName": {"Airtel"},
		"isActive": {"1"}, "callStartTime": {"2021-10-13+19:10:16"}, "direction": {"Outbound"},
		"destinationNumber": {voiceLine}, "callerNumber": {"+256701234567"},
	}
	for i := 0; i < len(change); i += 2 {
		if form.Set(change[i], change[i+1]); change[i+1] == "" {
			form.Del(change[i])
		}
	}
	return providers.Callback{Method: http.MethodPost, Token: secret(callToken), Body: []byte(form.Encode())}
}

func TestWhatAVendorTellsOfItsCalls(t *testing.T) {
	t.Parallel()
	ended := func(change ...string) providers.Callback {
		return posted(append([]string{"isActive", "0", "callSessionState", "Completed", "status", "Completed",
			"durationInSeconds", "14", "hangupCause", "NORMAL_CLEARING", "amount", "1.2", "currencyCode", "UGX"}, change...)...)
	}
	told := func(state providers.DeliveryState, reason string) providers.Call {
		return providers.Call{Stage: providers.CallEnded, Report: providers.Report{UpstreamID: callID, State: state, Reason: reason}}
	}
	const delivered, undelivered = providers.DeliveryDelivered, providers.DeliveryUndelivered
	tests := map[string]struct {
		request providers.Callback
		want    providers.Call
	}{
		"picked up":                  {posted(), providers.Call{Stage: providers.CallAnswered}},
		"picked up, without a state": {posted("callSessionState", ""), providers.Call{Stage: providers.CallAnswered}},
		"rings":                      {posted("callSessionState", "Ringing"), providers.Call{Stage: providers.CallRinging}},
		"somebody calls":             {posted("direction", "Inbound"), providers.Call{Stage: providers.CallForeign}},
		"listened to":                {ended(), told(delivered, "")},
		"hung up at once":            {ended("durationInSeconds", "2"), told(undelivered, "hung_up")},
		"not taken": {
			ended("status", "NotAnswered", "callSessionState", "NotAnswered", "durationInSeconds", "0", "hangupCause", "SUBSCRIBER_ABSENT"),
			told(undelivered, "SUBSCRIBER_ABSENT"),
		},
		"a cause that holds a number": {
			ended("durationInSeconds", "0", "hangupCause", "NO_ANSWER of +256701234567"), told(undelivered, "NO_ANSWERof"),
		},
		"no cause":              {ended("durationInSeconds", "0", "hangupCause", ""), told(undelivered, "completed")},
		"a status nobody knows": {ended("status", "Expired"), told(undelivered, "NORMAL_CLEARING")},
		"no duration":           {ended("durationInSeconds", ""), told("", "")},
	}
	for name, test := range tests {
		got, err := asking(t).ParseCall(test.request)
		test.want.ID, test.want.Numbers = callID, []string{"+256701234567", voiceLine}
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func TestCallsThatAreNotTaken(t *testing.T) {
	t.Parallel()
	forged, get, broken := posted(), posted(), posted()
	forged.Token, get.Method, broken.Body = secret("canary-token-of-somebody"), http.MethodGet, []byte("a=%zz")
	for name, test := range map[string]struct {
		request providers.Callback
		want    error
	}{
		"a wrong token": {forged, providers.ErrForged},
		"a GET":         {get, providers.ErrMalformed},
		"no form":       {broken, providers.ErrMalformed},
		"no call":       {posted("sessionId", ""), providers.ErrMalformed},
		"a long id":     {posted("sessionId", strings.Repeat("x", 129)), providers.ErrMalformed},
		"no state":      {posted("isActive", ""), providers.ErrMalformed},
	} {
		if _, err := asking(t).ParseCall(test.request); err != test.want { //nolint:errorlint // it is returned bare
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := asking(t).(transport.CallbackParser).ParseCallback(posted()); err != providers.ErrNoCallbacks { //nolint:errorlint // the same
		t.Errorf("as a delivery report: %v", err)
	}
}

// The words are XML whatever is said, and nobody's voice is asked for where none is set.
func TestWhatIsSaidIsXML(t *testing.T) {
	t.Parallel()
	const head = `<?xml version="1.0" encoding="UTF-8"?>` + "\n<Response>"
	for _, test := range []struct{ text, locale, want string }{
		{"1, 2, 3, 4.", "en-GH", `<Say voice="woman">1, 2, 3, 4.</Say>`},
		{"1, 2, 3, 4.", "fr", `<Say>1, 2, 3, 4.</Say>`},
		{`</Say><Dial phoneNumbers="+1"/>&`, "fr", `<Say>&lt;/Say&gt;&lt;Dial phoneNumbers=&#34;+1&#34;/&gt;&amp;</Say>`},
		{"", "en", "<Reject></Reject>"},
	} {
		kind, body := asking(t).Say(secret(test.text), test.locale)
		if got := string(body); got != head+test.want+"</Response>" || kind != "text/plain; charset=utf-8" {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

// The line that calls belongs to the account: what an app calls itself is no number.
func TestAppsDoNotChooseTheLine(t *testing.T) {
	t.Parallel()
	s := models()["africastalking-voice"].start(t, nil)
	m := s.model.message(1)
	m.Sender = "Shop"
	receipt, err := s.carrier.Deliver(t.Context(), m)
	if err != nil || !strings.HasPrefix(receipt.ID, "ATVId_") {
		t.Fatalf("%+v %v", receipt, err)
	}
	form, err := url.ParseQuery(s.Requests("send")[0].Body)
	want := url.Values{"username": {canaryUser}, "from": {voiceLine}, "to": {"+233201230001"}}
	if diff := cmp.Diff(want, form); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestSettingsOfCallsAreChecked(t *testing.T) {
	t.Parallel()
	const line = `preset: africastalking-voice, username: shop, api_key: canary, sender: "+254711082000", `
	const parts = `url: "https://a.test", accept: [200], `
	folder := t.TempDir()
	if err := httpsmstwin.Record(folder, "en"); err != nil {
		t.Fatal(err)
	}
	const token = `callback: {token: canary-token-of-the-calls}`
	for text, want := range map[string][]string{
		line + token:                       nil,
		line:                               {"callback.token: is missing: the vendor asks at …/v1/voice/<provider>/<token> what to say"},
		line + `callback: {token: canary}`: {"callback.token: must have at least 20 letters"},
		line + `callback: {url: "https://a.test", secret: a}`: {"callback.token: must", "callback.url: is entered"},
		line + token + `, voices: {en-GH: woman, fr: "a b", "": x}`: {
			"voices.: voices go by languages", "voices.en-GH: voices go by languages", "voices.fr: is no voice",
		},
		`preset: arkesel, api_key: canary, sender: Shop, voices: {en: woman}`:                        {"voices: are for presets that are asked"},
		`preset: arkesel-voice, api_key: canary, recordings: ` + folder:                              nil,
		`preset: arkesel-voice, api_key: canary, sender: "0540000000", recordings: ` + folder:        nil,
		`preset: arkesel-voice, api_key: canary, sender: Shop, recordings: ` + folder:                {"sender: is the number that calls"},
		`preset: arkesel-voice, api_key: canary`:                                                     {"recordings: is missing: name the folder"},
		`preset: arkesel-voice, api_key: canary, recordings: here`:                                   {"recordings: is a folder that cannot be read: write its whole"},
		`preset: arkesel, api_key: canary, sender: Shop, recordings: ` + folder:                      {"recordings: is used nowhere"},
		parts + `recordings: ` + folder + `, multipart: {to: "{to}", file: "{audio}"}`:               nil,
		parts + `recordings: ` + folder + `, multipart: {to: "{to}", file: "{audio}!"}`:              {"multipart.file: holds a placeholder", "recordings: is used nowhere", "body: nothing carries"},
		parts + `recordings: ` + folder + `, multipart: {to: "{to}", 'a"b': "{audio}"}`:              {`multipart.a"b: is no name of a field`},
		parts + `recordings: ` + folder + `, multipart: {to: "{to}", file: "{audio}"}, form: {a: b}`: {"multipart: there is one body"},
		parts + `recordings: ` + folder + `, multipart: {to: "{to}", file: "{audio}"}, body: "{}"`:   {"form: there is one body"},
		parts + `multipart: {to: "{to}", text: "{text}"}`:                                            nil,
		parts + `method: GET, multipart: {to: "{to}", text: "{text}"}`:                               {"method: a GET has no body"},
		parts + `headers: {Content-Type: text/plain}, multipart: {to: "{to}", text: "{text}"}`:       {"headers.Content-Type: a form has its own"},
		`preset: arkesel, api_key: canary, sender: Shop, multipart: {a: b}`:                          {"multipart: is what the preset knows"},
	} {
		o := options(t, "{"+text+"}")
		var said block
		o.Check(&said)
		if len(said) != len(want) {
			t.Errorf("%s: said %q", text, said)
			continue
		}
		for i := range want {
			if !strings.HasPrefix(said[i], want[i]) || strings.Contains(said[i], "canary") {
				t.Errorf("%s: said %q", text, said[i])
			}
		}
	}
}

// The request for a call is what the vendor's example shows, with a file in which the code is said twice.
func TestARecordedCall(t *testing.T) {
	t.Parallel()
	s := models()["arkesel-voice"].start(t, nil)
	m := s.model.message(1)
	m.Sender = "Shop" // the line is the account's
	if _, err := s.carrier.Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	sent := s.Requests("send")[0]
	kind, params, err := mime.ParseMediaType(sent.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || sent.Header.Get("Api-Key") != canaryKey {
		t.Fatalf("%s %v", kind, err)
	}
	form, err := multipart.NewReader(strings.NewReader(sent.Body), params["boundary"]).ReadForm(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"recipients[]": {"233201230001"}, "voice_id": {"0540000000"}, "retry": {"false"}}
	if diff := cmp.Diff(want, form.Value); diff != "" {
		t.Error(diff)
	}
	file := form.File["voice_file"][0]
	if file.Filename != "code.wav" || file.Header.Get("Content-Type") != "audio/wav" {
		t.Errorf("%s %v", file.Filename, file.Header)
	}
	if got := s.Inbox.Messages("", "")[0].Text; got != "Your code is 739146." {
		t.Error(got)
	}
	m.Code = secret("ABC123")
	if e := refusal(t, deliver(t, s.carrier, m)); e.Class != providers.Unsupported {
		t.Errorf("letters: %v", e)
	}
}

func deliver(t *testing.T, carrier transport.Transport, m transport.Message) error {
	t.Helper()
	_, err := carrier.Deliver(t.Context(), m)
	return err
}
