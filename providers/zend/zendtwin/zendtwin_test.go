package zendtwin_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
	"github.com/otpgate/otpgate/providers/zend/zendtwin"
)

const to = "+233201234567"

// ask asks the twin and returns status and body.
func ask(t *testing.T, h http.Handler, method, path, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("x-api-key", zendtwin.APIKey)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	b, _ := io.ReadAll(w.Body)
	return w.Code, string(b)
}

func sendBody(to, more string) string {
	return fmt.Sprintf(`{"phone_number":%q,"app":"shop","channel":"sms"%s}`, to, more)
}

// session is what a phone and the app know of one.
type session struct {
	one      *twin.Twin
	id, code string
}

func open(t *testing.T, one *twin.Twin, more string) session {
	t.Helper()
	status, answer := ask(t, one, "POST", "/otp/send", sendBody(to, more))
	var in struct {
		ID     string
		Status string
		Length int
		Number string `json:"phone_number"`
	}
	if err := json.Unmarshal([]byte(answer), &in, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	if status != 201 || !strings.HasPrefix(in.ID, "otp_") || in.Status != "sent" || in.Number != to {
		t.Fatalf("got %d %s", status, answer)
	}
	text := one.Inbox.Messages(to, providers.SMS)[0].Text
	_, rest, _ := strings.Cut(text, "shop: your verification code is ")
	code, _, _ := strings.Cut(rest, ".")
	if len(code) != in.Length || !providers.Numeric.Admits(code) {
		t.Fatalf("the SMS reads %q", text)
	}
	return session{one, in.ID, code}
}

func (s session) verify(t *testing.T, code string) string {
	t.Helper()
	status, body := ask(t, s.one, "POST", "/otp/"+s.id+"/verify", fmt.Sprintf(`{"code":%q}`, code))
	return fmt.Sprint(status, " ", body)
}

func (s session) says(t *testing.T, code, want string) {
	t.Helper()
	if got := s.verify(t, code); !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// stands checks what the session's status answer holds.
func (s session) stands(t *testing.T, want string) {
	t.Helper()
	if status, body := ask(t, s.one, "GET", "/otp/"+s.id+"/status", ""); status != 200 || !strings.Contains(body, want) {
		t.Errorf("got %d %s, want %s", status, body, want)
	}
}

const (
	yes   = `201 {"success":true,"message":"OTP verified successfully","verified_at":`
	wrong = `201 {"success":false,"message":"Invalid OTP code","attempts_remaining":`
	used  = `201 {"success":false,"message":"OTP already verified","attempts_remaining":`
	done  = `201 {"success":false,"message":"Maximum attempts exceeded","attempts_remaining":0}`
	late  = `201 {"success":false,"message":"OTP has expired","attempts_remaining":3}`
	gone  = `404 {"statusCode":404,"message":"OTP not found","error":"Not Found"}`
)

func TestCodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	s := open(t, zendtwin.New(zendtwin.Options{}), "")
	s.stands(t, `"status":"pending","attempts":0,"max_attempts":3,`)
	s.stands(t, `"verified_at":null`)
	s.says(t, s.code, yes)
	s.stands(t, `"status":"verified","attempts":1,`)
	s.says(t, s.code, used)
	s.stands(t, `"status":"verified","attempts":1,`)
}

func TestThreeWrongCodesEndASession(t *testing.T) {
	t.Parallel()
	s := open(t, zendtwin.New(zendtwin.Options{}), "")
	for left := 2; left >= 0; left-- {
		s.says(t, "x", fmt.Sprint(wrong, left))
	}
	s.stands(t, `"status":"failed","attempts":3,`)
	s.says(t, s.code, done)
}

func TestStatusOfAWrongCodeIsChosen(t *testing.T) {
	t.Parallel()
	s := open(t, zendtwin.New(zendtwin.Options{WrongStatus: 422}), "")
	s.says(t, "x", "422"+strings.TrimPrefix(wrong, "201"))
	s.says(t, s.code, yes)
}

func TestCodeLivesAsLongAsWished(t *testing.T) {
	t.Parallel()
	for more, life := range map[string]time.Duration{
		"": 10 * time.Minute, `,"expiry":1`: time.Minute, `,"expiry":1440`: 24 * time.Hour,
	} {
		one := zendtwin.New(zendtwin.Options{})
		early, tooLate := open(t, one, more), open(t, one, more)
		one.Inbox.Clock.Advance(life - time.Second)
		early.says(t, early.code, yes)
		one.Inbox.Clock.Advance(2 * time.Second)
		tooLate.says(t, tooLate.code, late)
		tooLate.stands(t, `"status":"expired"`)
		early.stands(t, `"status":"verified"`)
	}
}

func TestOldSessionsAreCleanedUp(t *testing.T) {
	t.Parallel()
	one := zendtwin.New(zendtwin.Options{})
	s := open(t, one, "")
	one.Inbox.Clock.Advance(10*time.Minute + time.Hour + time.Second)
	s.says(t, s.code, gone)
	if status, _ := ask(t, one, "GET", "/otp/"+s.id+"/status", ""); status != 404 {
		t.Errorf("got %d", status)
	}
}

func TestCodesHaveTheLengthThatIsWished(t *testing.T) {
	t.Parallel()
	one := zendtwin.New(zendtwin.Options{})
	for more, want := range map[string]int{"": 6, `,"length":4`: 4, `,"length":10`: 10} {
		if s := open(t, one, more); len(s.code) != want {
			t.Errorf("%s gave %d digits", more, len(s.code))
		}
	}
}

func TestNewCodeLeavesTheOldOneGood(t *testing.T) {
	t.Parallel()
	one := zendtwin.New(zendtwin.Options{})
	first, second := open(t, one, ""), open(t, one, "")
	first.says(t, first.code, yes)
	second.says(t, second.code, yes)
}

func TestWhatsAppArrivesThere(t *testing.T) {
	t.Parallel()
	one := zendtwin.New(zendtwin.Options{})
	body := strings.Replace(sendBody(to, ""), `"sms"`, `"whatsapp"`, 1)
	if status, answer := ask(t, one, "POST", "/otp/send", body); status != 201 || !strings.Contains(answer, `"whatsapp"`) {
		t.Fatalf("got %d %s", status, answer)
	}
	if n := len(one.Inbox.Messages(to, providers.WhatsApp)); n != 1 || len(one.Inbox.Messages(to, providers.SMS)) != 0 {
		t.Errorf("%d messages are on WhatsApp", n)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	one := zendtwin.New(zendtwin.Options{})
	tests := map[string]struct {
		path, body string
		status     int
		text       string
	}{
		"local number":    {"/otp/send", sendBody("0201234567", ""), 400, `["phone_number must be a valid phone number"]`},
		"number too long": {"/otp/send", sendBody("+2332012345678901", ""), 400, "phone_number"},
		"no app":          {"/otp/send", `{"phone_number":"+233201234567","channel":"sms"}`, 400, "app should not be empty"},
		"channel of elsewhere": {"/otp/send", `{"phone_number":"+233201234567","app":"a","channel":"voice"}`, 400,
			"channel must be one of"},
		"no minute":           {"/otp/send", sendBody(to, `,"expiry":0`), 400, "expiry must"},
		"too many minutes":    {"/otp/send", sendBody(to, `,"expiry":1441`), 400, "expiry must"},
		"three digits":        {"/otp/send", sendBody(to, `,"length":3`), 400, "length must"},
		"eleven digits":       {"/otp/send", sendBody(to, `,"length":11`), 400, "length must"},
		"unknown field":       {"/otp/send", sendBody(to, `,"sender":"x"`), 400, "Malformed"},
		"no JSON":             {"/otp/send", "to=1", 400, "Malformed"},
		"unknown session":     {"/otp/otp_1/verify", `{"code":"123456"}`, 404, "OTP not found"},
		"no code":             {"/otp/otp_1/verify", `{}`, 400, "code should not be empty"},
		"code without JSON":   {"/otp/otp_1/verify", `code=1`, 400, "code should not be empty"},
		"magic: invalid":      {"/otp/send", sendBody("+233201239901", ""), 422, "validation_error"},
		"magic: barred":       {"/otp/send", sendBody("+233201239902", ""), 422, "recipient_blocked"},
		"magic: no balance":   {"/otp/send", sendBody("+233201239903", ""), 402, "Insufficient balance"},
		"magic: too many":     {"/otp/send", sendBody("+233201239905", ""), 429, "Too Many"},
		"magic: broken":       {"/otp/send", sendBody("+233201239906", ""), 500, "Internal server error"},
		"path of another API": {"/v1/otp/send", sendBody(to, ""), 404, ""},
	}
	for name, test := range tests {
		status, body := ask(t, one, "POST", test.path, test.body)
		if status != test.status || !strings.Contains(body, test.text) {
			t.Errorf("%s: got %d %s", name, status, body)
		}
	}
	if n := len(one.Inbox.Messages("", "")); n != 0 {
		t.Errorf("%d messages were delivered", n)
	}
}

func TestKeyIsAskedFor(t *testing.T) {
	t.Parallel()
	one := zendtwin.New(zendtwin.Options{APIKey: "another"})
	for path, method := range map[string]string{"/otp/send": "POST", "/otp/x/verify": "POST", "/otp/x/status": "GET"} {
		if status, body := ask(t, one, method, path, "{}"); status != 401 || !strings.Contains(body, `"statusCode":401`) {
			t.Errorf("%s: got %d %s", path, status, body)
		}
	}
}
