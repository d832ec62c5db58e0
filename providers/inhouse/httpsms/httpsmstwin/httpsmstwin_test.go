package httpsmstwin_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers/inhouse/httpsms/httpsmstwin"
	"github.com/otpgate/otpgate/providers/twin"
)

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// ask sends one request to a twin.
func ask(t *testing.T, one *twin.Twin, path, mediaType, body string, change func(*http.Request)) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", mediaType)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	one.ServeHTTP(w, r)
	answer, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(answer)
}

func basic(r *http.Request) { r.SetBasicAuth(httpsmstwin.User, httpsmstwin.Key) }

func header(name string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, httpsmstwin.Key) }
}

// TestTwinsComplain: what a vendor would not carry is refused in the vendor's manner, so that a slip of a preset shows.
func TestTwinsComplain(t *testing.T) {
	t.Parallel()
	type new = func(httpsmstwin.Options) *twin.Twin
	at, calls := "/version1/messaging", "/call"
	for name, test := range map[string]struct {
		new    new
		path   string
		body   string
		change func(*http.Request)
		status int
		says   string
	}{
		"hubtel, no key":        {httpsmstwin.Hubtel, "/v1/messages/send", `{}`, nil, 401, ""},
		"hubtel, no JSON":       {httpsmstwin.Hubtel, "/v1/messages/send", `{`, basic, 400, `"status":8`},
		"hubtel, another field": {httpsmstwin.Hubtel, "/v1/messages/send", `{"Phone":"1"}`, basic, 400, `"status":8`},
		"hubtel, no sender": {
			httpsmstwin.Hubtel, "/v1/messages/send", `{"To":"+233201234567"}`, basic, 400, `"status":2`,
		},
		"hubtel, no number": {
			httpsmstwin.Hubtel, "/v1/messages/send", `{"From":"Shop","To":"me"}`, basic, 400, `"status":1`,
		},
		"hubtel, long sender": {
			httpsmstwin.Hubtel, "/v1/messages/send", `{"From":"twelve-chars","To":"+233201234567"}`, basic, 400, `"status":2`,
		},
		"sendexa, no key": {httpsmstwin.Sendexa, "/v1/sms/send", `{}`, nil, 401, "INVALID_TOKEN"},
		"sendexa, no sender": {
			httpsmstwin.Sendexa, "/v1/sms/send", `{"to":"233201234567"}`, basic, 400, "INVALID_PARAMETERS",
		},
		"zend, no key": {httpsmstwin.Zend, "/messages", `{}`, nil, 401, "unauthorized"},
		"zend, any channel": {
			httpsmstwin.Zend, "/messages", `{"to":"+233201234567"}`, header("x-api-key"), 422, "validation",
		},
		"zend, an empty sender": {
			httpsmstwin.Zend, "/messages", `{"preferred_channels":["sms"],"sender_id":""}`,
			header("x-api-key"), 422, "validation",
		},
		"arkesel, no key": {httpsmstwin.Arkesel, "/api/v2/sms/send", `{}`, nil, 403, "error"},
		"arkesel, nobody": {
			httpsmstwin.Arkesel, "/api/v2/sms/send", `{"sender":"Shop"}`, header("api-key"), 422, "error",
		},
		"mnotify, no key": {httpsmstwin.MNotify, "/sms/quick", `{}`, nil, 401, "4000"},
		"mnotify, no OTP": {
			httpsmstwin.MNotify, "/sms/quick?key=" + httpsmstwin.Key, `{"recipient":["233201234567"],"sender":"Shop"}`,
			nil, 400, "4003",
		},
		"termii, no key": {
			httpsmstwin.Termii, "/api/sms/send", `{"type":"plain","channel":"dnd"}`, nil, 401, "Unauthorized",
		},
		"termii, another channel": {
			httpsmstwin.Termii, "/api/sms/send", `{"type":"plain","channel":"email"}`, nil, 400, "Bad request",
		},
		"termii, no sender": {
			httpsmstwin.Termii, "/api/sms/send", `{"type":"plain","channel":"dnd","api_key":"` + httpsmstwin.Key + `"}`,
			nil, 404, "Invalid Sender Id",
		},
		"termii voice, no key": {httpsmstwin.TermiiVoice, "/api/sms/otp/call", `{"code":"0123"}`, nil, 401, "Unauthorized"},
		"termii voice, letters": {
			httpsmstwin.TermiiVoice, "/api/sms/otp/call", `{"code":"012A"}`, nil, 400, "Bad request",
		},
		"termii voice, three digits": {
			httpsmstwin.TermiiVoice, "/api/sms/otp/call", `{"code":"012"}`, nil, 400, "Bad request",
		},
		"termii voice, a number": {
			httpsmstwin.TermiiVoice, "/api/sms/otp/call", `{"code":1234}`, nil, 400, "Bad request",
		},
		"arkesel voice, no key": {httpsmstwin.ArkeselVoice, "/api/v2/sms/voice/send", `{}`, nil, 403, "error"},
		"arkesel voice, no file": {
			httpsmstwin.ArkeselVoice, "/api/v2/sms/voice/send", `{}`, header("api-key"), 422, "error",
		},
		"africa voice, no key": {
			httpsmstwin.AfricasTalkingVoice, calls, "from=%2B254711082000&username=" + httpsmstwin.User, nil, 401, "invalid",
		},
		"africa voice, no line": {httpsmstwin.AfricasTalkingVoice, calls, "from=Shop", header("apiKey"), 201, "Invalid callerId"},
		"africa voice, no number": {
			httpsmstwin.AfricasTalkingVoice, calls, "from=%2B254711082000&to=me&username=" + httpsmstwin.User, header("apiKey"),
			201, "InvalidPhoneNumber",
		},
		"africa, no key": {
			httpsmstwin.AfricasTalking, at, "bulkSMSMode=1&username=" + httpsmstwin.User, nil, 401, "invalid",
		},
		"africa, another user": {
			httpsmstwin.AfricasTalking, at, "bulkSMSMode=1&username=x", header("apiKey"), 401, "invalid",
		},
		"africa, no bulk": {httpsmstwin.AfricasTalking, at, "username=x", header("apiKey"), 400, ""},
		"africa, no form": {httpsmstwin.AfricasTalking, at, "a=%zz", header("apiKey"), 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mediaType := jsonType
			if test.path == at || test.path == calls {
				mediaType = formType
			}
			one := test.new(httpsmstwin.Options{})
			status, says := ask(t, one, test.path, mediaType, test.body, test.change)
			if status != test.status || !strings.Contains(says, test.says) {
				t.Errorf("got %d %s", status, says)
			}
			if len(one.Inbox.Messages("", "")) != 0 {
				t.Error("something was delivered")
			}
		})
	}
}

func TestTwinsShareAnInbox(t *testing.T) {
	t.Parallel()
	var inbox twin.Inbox
	one := httpsmstwin.Hubtel(httpsmstwin.Options{Name: "mine", Inbox: &inbox, Wrapped: true})
	const hello = `{"From":"Shop","To":"+233201234567","Content":"hello"}`
	status, says := ask(t, one, "/v1/messages/send", jsonType, hello, basic)
	if status != http.StatusCreated || !strings.Contains(says, `"data":{`) {
		t.Errorf("got %d %s", status, says)
	}
	m := inbox.Messages("0201234567", "")
	if len(m) != 1 || m[0].From != "Shop" || m[0].Text != "hello" || m[0].Twin != "mine" {
		t.Errorf("arrived: %+v", m)
	}
}

func TestMagicNumbersNeedNoSettings(t *testing.T) {
	t.Parallel()
	one := httpsmstwin.Hubtel(httpsmstwin.Options{})
	status, _ := ask(t, one, "/v1/messages/send", jsonType, `{"From":"Shop","To":"+233201239905"}`, basic)
	if status != http.StatusTooManyRequests || len(one.Inbox.Messages("", "")) != 0 {
		t.Errorf("got %d", status)
	}
}
