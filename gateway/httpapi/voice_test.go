package httpapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// switchboard is a provider whose upstream calls people. What it is told is this call, if the token is right.
type switchboard struct {
	call providers.Call
	err  error
}

func (s switchboard) ParseCall(c providers.Callback) (providers.Call, error) {
	if !c.Token.Equal(providers.NewSecret(callbackToken)) {
		return providers.Call{}, providers.ErrForged
	}
	return s.call, s.err
}

func (switchboard) Say(text providers.Secret, locale string) (mediaType string, body []byte) {
	if text.Empty() {
		return "text/plain; charset=utf-8", []byte("goodbye")
	}
	return "text/plain; charset=utf-8", []byte(locale + ": " + text.Reveal())
}

func (s switchboard) connect(o *httpapi.Options) {
	snapshot := o.Snapshot()
	snapshot.Callers = map[string]httpapi.Caller{"own": s}
	o.Snapshot = func() httpapi.Snapshot { return snapshot }
}

func ringing(path string) *http.Request {
	req := anonymous(post(path, "sessionId=s1&isActive=1"))
	return with(req, "Content-Type", "application/x-www-form-urlencoded", "X-Request-Id", "same")
}

const voicePath = "/v1/voice/own/" + callbackToken

func TestCallsAreAnswered(t *testing.T) {
	t.Parallel()
	numbers := []string{"+233201234567", "+254711082000"}
	picked := providers.Call{ID: "s1", Numbers: numbers, Stage: providers.CallAnswered}
	ended := providers.Report{UpstreamID: "s1", State: providers.DeliveryUndelivered, Reason: "NO_ANSWER"}
	speech := otp.Speech{Reference: reference, Text: providers.NewSecret("say " + canaryCode), Locale: "fr"}
	refusal := &otp.Error{Code: otp.NotFound, Reference: reference, Err: errors.New("a call that nobody here has asked for")}
	asked := []otp.CallInput{{Provider: "own", ID: "s1", Numbers: numbers}}
	for name, test := range map[string]struct {
		board   switchboard
		err     error
		status  int
		says    string
		asked   []otp.CallInput
		reports []told
		code    string // that log and observer are told
		cause   string
	}{
		"picked up":      {board: switchboard{call: picked}, status: 200, says: "fr: say " + canaryCode, asked: asked},
		"not expected":   {board: switchboard{call: picked}, err: refusal, status: 200, says: "goodbye", asked: asked, code: "not_found", cause: "nobody here has asked for"},
		"a fault":        {board: switchboard{call: picked}, err: errors.New("disk full"), status: 200, says: "goodbye", asked: asked, code: "internal", cause: "disk full"},
		"rings":          {board: switchboard{call: providers.Call{ID: "s1", Stage: providers.CallRinging}}, status: 200},
		"somebody calls": {board: switchboard{call: providers.Call{ID: "s1", Stage: providers.CallForeign}}, status: 200, says: "goodbye", code: "not_found", cause: "calls from"},
		"ended": {
			board: switchboard{call: providers.Call{ID: "s1", Stage: providers.CallEnded, Report: ended}}, status: 200,
			reports: []told{{"own", []providers.Report{ended}}},
		},
		"not a call": {board: switchboard{err: providers.ErrMalformed}, status: 400, says: `"field":"body"`, code: "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, log, w := &fakeOTP{speech: speech, err: test.err}, new(logBuffer), new(watcher)
			app := newApp(t, fake, log.record, test.board.connect, func(o *httpapi.Options) { o.Observer = w })
			a := do(t, app, ringing(voicePath))
			if a.status != test.status || !strings.Contains(string(a.body), test.says) || test.says == "" && len(a.body) > 0 {
				t.Errorf("status %d: %s", a.status, a.body)
			}
			if diff := cmp.Diff(test.asked, fake.readOuts) + cmp.Diff(test.reports, fake.reports); diff != "" {
				t.Error(diff)
			}
			if e := w.ended[0]; e.Code != test.code || e.Route != "/v1/voice/:provider/:token" || e.Status != test.status {
				t.Errorf("observed: %+v", e)
			}
			if text := log.String(); !strings.Contains(text, test.cause) || strings.Contains(text, "canary") ||
				strings.Contains(text, "201234567") || strings.Contains(text, canaryCode) {
				t.Errorf("logged: %s", text)
			}
		})
	}
}

// What a stranger is answered is what a path that does not exist is answered.
func TestStrangersToCallsFindNothing(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"a wrong token":       voicePath + "x",
		"half a token":        voicePath[:len(voicePath)-1],
		"no token":            "/v1/voice/own",
		"an unknown provider": "/v1/voice/nobody/" + callbackToken,
	} {
		fake, log := &fakeOTP{speech: otp.Speech{Text: providers.NewSecret(canaryCode)}}, new(logBuffer)
		app := newApp(t, fake, log.record, switchboard{call: providers.Call{Stage: providers.CallAnswered}}.connect)
		a, nowhere := do(t, app, ringing(path)), do(t, app, ringing("/nowhere/at/all"))
		if diff := cmp.Diff(string(nowhere.body), string(a.body)); diff != "" || a.status != http.StatusNotFound || fake.calls() != 0 {
			t.Errorf("%s: status %d, %d calls\n%s", name, a.status, fake.calls(), diff)
		}
		if strings.Contains(log.String(), "canary") {
			t.Errorf("%s: the log shows the token: %s", name, log)
		}
	}
}
