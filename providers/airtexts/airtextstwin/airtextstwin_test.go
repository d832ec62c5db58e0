package airtextstwin_test

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
	"github.com/otpgate/otpgate/providers/airtexts/airtextstwin"
	"github.com/otpgate/otpgate/providers/twin"
)

const (
	app = airtextstwin.AppID
	to  = "+258845888195" // of the vendor's page
)

// ask asks the twin and returns status and body.
func ask(t *testing.T, h http.Handler, method, path, body string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("X-API-Key", airtextstwin.APIKey)
	r.Header.Set("X-API-Secret", airtextstwin.APISecret)
	return answered(h, r)
}

func answered(h http.Handler, r *http.Request) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	b, _ := io.ReadAll(w.Body)
	return fmt.Sprint(w.Code, " ", string(b))
}

// session is what a phone and the app know of one.
type session struct{ id, code string }

func open(t *testing.T, one *twin.Twin, path, body string) session {
	t.Helper()
	var in struct {
		Success bool
		Data    struct {
			VerificationID string `json:"verification_id"`
		}
	}
	answer := ask(t, one, "POST", path, body)
	text, ok := strings.CutPrefix(answer, "200 ")
	if err := json.Unmarshal([]byte(text), &in, json.MatchCaseInsensitiveNames(true)); err != nil || !ok || !in.Success {
		t.Fatalf("got %s, %v", answer, err)
	}
	if !strings.HasPrefix(in.Data.VerificationID, "otp_") || len(in.Data.VerificationID) != 20 {
		t.Errorf("the id is %q", in.Data.VerificationID)
	}
	code, _, _ := strings.Cut(one.Inbox.Messages(to, "")[0].Text, " ")
	return session{in.Data.VerificationID, code}
}

func sendBody(more string) string { return fmt.Sprintf(`{"appid":%q,"recipient":%q%s}`, app, to, more) }

func (s session) verify(t *testing.T, one *twin.Twin) string {
	t.Helper()
	return ask(t, one, "POST", "/otp/verify", fmt.Sprintf(
		`{"appid":%q,"recipient":%q,"otp_code":%q,"verification_id":%q}`, app, to, s.code, s.id))
}

func (s session) resend() string {
	return fmt.Sprintf(`{"appid":%q,"recipient":%q,"verification_id":%q}`, app, to, s.id)
}

func (s session) status(t *testing.T, one *twin.Twin) string {
	t.Helper()
	return ask(t, one, "GET", "/otp/status?appid="+app+"&verification_id="+s.id, "")
}

func is(t *testing.T, got, status, word string) {
	t.Helper()
	if !strings.HasPrefix(got, status+" ") || !strings.Contains(got, word) {
		t.Errorf("got %s, want %s with %s", got, status, word)
	}
}

const yes = `"verified":true`

func refusal(word string) string {
	return `{"success":false,"message":"Request refused","error":"` + word + `"}`
}

func TestCodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	one := airtextstwin.New(airtextstwin.Options{})
	s := open(t, one, "/otp/send", sendBody(""))
	is(t, s.status(t, one), "200", `"status":"sent"`)
	is(t, s.verify(t, one), "200", yes)
	is(t, s.verify(t, one), "400", refusal("already_verified"))
	is(t, s.status(t, one), "200", `"status":"verified"`)
}

func TestFiveWrongCodesEndAVerification(t *testing.T) {
	t.Parallel()
	one := airtextstwin.New(airtextstwin.Options{})
	s := open(t, one, "/otp/send", sendBody(""))
	other := session{s.id, "xxxxxx"}
	for left := 4; left >= 0; left-- {
		got := other.verify(t, one)
		is(t, got, "400", `"error":"invalid_code"`)
		is(t, got, "400", fmt.Sprintf(`"data":{"verified":false,"attempts_remaining":%d}`, left))
	}
	is(t, s.verify(t, one), "400", refusal("max_attempts_reached"))
	is(t, s.status(t, one), "200", `"status":"max_attempts_reached"`)
}

func TestVerificationLivesTenMinutes(t *testing.T) {
	t.Parallel()
	one := airtextstwin.New(airtextstwin.Options{})
	first, second := open(t, one, "/otp/send", sendBody("")), open(t, one, "/otp/send", sendBody(""))
	one.Inbox.Clock.Advance(599 * time.Second)
	is(t, first.verify(t, one), "200", yes)
	one.Inbox.Clock.Advance(2 * time.Second)
	is(t, second.verify(t, one), "400", refusal("expired"))
	is(t, ask(t, one, "POST", "/otp/resend", second.resend()), "400", refusal("expired"))
	is(t, second.status(t, one), "200", `"status":"expired"`)
}

func TestResendChangesTheID(t *testing.T) {
	t.Parallel()
	one := airtextstwin.New(airtextstwin.Options{})
	first := open(t, one, "/otp/send", sendBody(`,"otp_length":8`))
	again := open(t, one, "/otp/resend", first.resend())
	if first.id == again.id || len(again.code) != 8 {
		t.Errorf("got %+v after %+v", again, first)
	}
	is(t, first.verify(t, one), "404", refusal("verification_not_found"))
	is(t, first.status(t, one), "404", refusal("verification_not_found"))
	is(t, again.verify(t, one), "200", yes)
}

func TestResendKeepsTheIDWhereToldTo(t *testing.T) {
	t.Parallel()
	one := airtextstwin.New(airtextstwin.Options{KeepID: true})
	first := open(t, one, "/otp/send", sendBody(""))
	again := open(t, one, "/otp/resend", first.resend())
	if first.id != again.id {
		t.Errorf("got %+v after %+v", again, first)
	}
	if first.code != again.code { // one in a million is the same
		is(t, first.verify(t, one), "400", "invalid_code")
	}
	is(t, again.verify(t, one), "200", yes)
}

func TestRecipientMayBeLeftOutAndMustFit(t *testing.T) {
	t.Parallel()
	one := airtextstwin.New(airtextstwin.Options{})
	s := open(t, one, "/otp/send", sendBody(""))
	guess := func(recipient string) string {
		return ask(t, one, "POST", "/otp/verify", fmt.Sprintf(
			`{"appid":%q%s,"code":%q,"verification_id":%q}`, app, recipient, s.code, s.id))
	}
	is(t, guess(`,"recipient":"+258845888196"`), "404", refusal("verification_not_found"))
	is(t, guess(""), "200", yes)
}

func TestMessages(t *testing.T) {
	t.Parallel()
	one := airtextstwin.New(airtextstwin.Options{})
	tests := []struct {
		body          string
		channel, from string
		length        int
		text          string
	}{
		{sendBody(""), "sms", "OTP", 6, " is your verification code."},
		{sendBody(`,"channel":"whatsapp","from":"YourApp","otp_length":4,"lang":"en"`), "whatsapp", "YourApp", 4,
			" is your verification code."},
		{sendBody(`,"sender":"YourApp","templateId":123,"lang":"pt"`), "sms", "YourApp", 6,
			" é o seu código de verificação."},
		{fmt.Sprintf(`{"appid":%q,"phone":%q}`, app, to), "sms", "OTP", 6, " is your verification code."},
		{fmt.Sprintf(`{"appid":%q,"to":%q}`, app, to), "sms", "OTP", 6, " is your verification code."},
	}
	for _, test := range tests {
		s := open(t, one, "/otp/send", test.body)
		m := one.Inbox.Messages(to, "")[0]
		if len(s.code) != test.length || !providers.Numeric.Admits(s.code) || m.Text != s.code+test.text ||
			m.From != test.from || string(m.Channel) != test.channel {
			t.Errorf("%s: got %+v", test.body, m)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	one := airtextstwin.New(airtextstwin.Options{})
	number := func(to string) string { return fmt.Sprintf(`{"appid":%q,"recipient":%q}`, app, to) }
	tests := map[string]struct{ method, path, body, status, word string }{
		"another app":           {"POST", "/otp/send", `{"appid":"x","recipient":"+258845888195"}`, "400", "invalid_appid"},
		"no plus":               {"POST", "/otp/send", number("258845888195"), "400", "invalid_recipient"},
		"no number":             {"POST", "/otp/send", number("+x58845888195"), "400", "invalid_recipient"},
		"another channel":       {"POST", "/otp/send", sendBody(`,"channel":"voice"`), "400", "invalid_channel"},
		"length 3":              {"POST", "/otp/send", sendBody(`,"otp_length":3`), "400", "invalid_length"},
		"length 9":              {"POST", "/otp/send", sendBody(`,"otp_length":9`), "400", "invalid_length"},
		"template as text":      {"POST", "/otp/send", sendBody(`,"templateId":"1"`), "400", "malformed_request"},
		"unknown field":         {"POST", "/otp/send", sendBody(`,"expiry":5`), "400", "malformed_request"},
		"verify without JSON":   {"POST", "/otp/verify", "code=1234", "400", "malformed_request"},
		"verify of another app": {"POST", "/otp/verify", `{"appid":"x"}`, "400", "invalid_appid"},
		"resend without JSON":   {"POST", "/otp/resend", "", "400", "malformed_request"},
		"resend of nothing":     {"POST", "/otp/resend", session{}.resend(), "404", "verification_not_found"},
		"status of another app": {"GET", "/otp/status?appid=x", "", "400", "invalid_appid"},
		"status of nothing":     {"GET", "/otp/status?appid=" + app, "", "404", "verification_not_found"},
		"magic: invalid":        {"POST", "/otp/send", number("+258845889901"), "400", "invalid_recipient"},
		"magic: no balance":     {"POST", "/otp/send", number("+258845889903"), "402", "insufficient_balance"},
		"magic: wrong sender":   {"POST", "/otp/send", number("+258845889904"), "400", "sender_not_approved"},
		"magic: too many":       {"POST", "/otp/send", number("+258845889905"), "429", "rate_limited"},
		"magic: broken":         {"POST", "/otp/send", number("+258845889906"), "500", "internal_error"},
		"path that is not kept": {"GET", "/otp/list", "", "404", "not found"},
	}
	for name, test := range tests {
		got := ask(t, one, test.method, test.path, test.body)
		if !strings.HasPrefix(got, test.status+" ") || !strings.Contains(got, test.word) {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if n := len(one.Inbox.Messages("", "")); n != 0 {
		t.Errorf("%d messages were delivered", n)
	}
}

func TestCredentialsAreAskedFor(t *testing.T) {
	t.Parallel()
	one := airtextstwin.New(airtextstwin.Options{APIKey: "a", APISecret: "b", Token: "c"})
	bare := airtextstwin.New(airtextstwin.Options{APIKey: "a", APISecret: "b"})
	const pair = "YTpi" // a:b
	tests := map[string]struct {
		twin   *twin.Twin
		header http.Header
		passes bool
	}{
		"headers":                     {one, http.Header{"X-Api-Key": {"a"}, "X-Api-Secret": {"b"}}, true},
		"basic":                       {one, http.Header{"Authorization": {"Basic " + pair}}, true},
		"bearer of the pair":          {one, http.Header{"Authorization": {"Bearer " + pair}}, true},
		"bearer of the token":         {one, http.Header{"Authorization": {"Bearer c"}}, true},
		"nothing":                     {one, http.Header{}, false},
		"no secret":                   {one, http.Header{"X-Api-Key": {"a"}}, false},
		"another secret":              {one, http.Header{"X-Api-Key": {"a"}, "X-Api-Secret": {"c"}}, false},
		"basic of the token":          {one, http.Header{"Authorization": {"Basic c"}}, false},
		"another bearer":              {one, http.Header{"Authorization": {"Bearer d"}}, false},
		"no bearer, as none is known": {bare, http.Header{"Authorization": {"Bearer "}}, false},
	}
	for name, test := range tests {
		for _, path := range []string{"POST /otp/send", "POST /otp/verify", "POST /otp/resend", "GET /otp/status"} {
			method, target, _ := strings.Cut(path, " ")
			r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader("{}"))
			r.Header = test.header
			if got := answered(test.twin, r); strings.HasPrefix(got, "401 ") == test.passes {
				t.Errorf("%s, %s: got %s", name, path, got)
			}
		}
	}
}
