package hubteltwin_test

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
	"github.com/otpgate/otpgate/providers/hubtel/hubteltwin"
	"github.com/otpgate/otpgate/providers/twin"
)

const to = "+233201234567"

// post asks the twin and returns status and body.
func post(t *testing.T, h http.Handler, path, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.SetBasicAuth(hubteltwin.ClientID, hubteltwin.ClientSecret)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	b, _ := io.ReadAll(w.Body)
	return w.Code, string(b)
}

func sendBody(sender, to string) string {
	return fmt.Sprintf(`{"senderId":%q,"phoneNumber":%q,"countryCode":"GH"}`, sender, to)
}

// session is what a phone and the app know of one.
type session struct{ id, prefix, code string }

func open(t *testing.T, one *twin.Twin, path, body string) session {
	t.Helper()
	status, answer := post(t, one, path, body)
	var in struct {
		Message, Code string
		Data          struct{ RequestID, Prefix string }
	}
	if err := json.Unmarshal([]byte(answer), &in, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	if status != 200 || in.Code != "0000" || len(in.Data.RequestID) != 32 || len(in.Data.Prefix) != 4 {
		t.Fatalf("got %d %s", status, answer)
	}
	text := one.Inbox.Messages(to, providers.SMS)[0].Text
	code, ok := strings.CutPrefix(text, "Your code is "+in.Data.Prefix+"-")
	if !ok || len(code) != 4 || !providers.Numeric.Admits(code) {
		t.Fatalf("the SMS reads %q", text)
	}
	return session{in.Data.RequestID, in.Data.Prefix, code}
}

func (s session) verify(t *testing.T, one *twin.Twin) string {
	t.Helper()
	in := fmt.Sprintf(`{"requestId":%q,"prefix":%q,"code":%q}`, s.id, s.prefix, s.code)
	status, body := post(t, one, "/otp/verify", in)
	return fmt.Sprint(status, " ", body)
}

func (s session) resend(t *testing.T, one *twin.Twin) string {
	t.Helper()
	status, body := post(t, one, "/otp/resend", fmt.Sprintf(`{"requestId":%q}`, s.id))
	return fmt.Sprint(status, " ", body)
}

const (
	yes  = "200 "
	no   = "400 "
	gone = `400 {"message":"Request failed","code":"2001","data":null}`
)

func TestCodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	one := hubteltwin.New(hubteltwin.Options{})
	s := open(t, one, "/otp/send", sendBody("MyBrand", to))
	for i, want := range []string{yes, gone, gone} {
		if got := s.verify(t, one); got != want {
			t.Errorf("check %d: got %s", i, got)
		}
	}
}

func TestFiveWrongCodesEndASession(t *testing.T) {
	t.Parallel()
	one := hubteltwin.New(hubteltwin.Options{})
	s := open(t, one, "/otp/send", sendBody("MyBrand", to))
	wrong := s
	wrong.code = "xxxx"
	for range 5 {
		if got := wrong.verify(t, one); got != no {
			t.Errorf("a wrong code got %s", got)
		}
	}
	if got := s.verify(t, one); got != gone {
		t.Errorf("the right code got %s after five wrong ones", got)
	}
}

func TestPrefixMustFit(t *testing.T) {
	t.Parallel()
	one := hubteltwin.New(hubteltwin.Options{})
	s := open(t, one, "/otp/send", sendBody("MyBrand", to))
	other := s
	other.prefix = "AAAA"
	if got := other.verify(t, one); got != no {
		t.Errorf("another prefix got %s", got)
	}
	if got := s.verify(t, one); got != yes {
		t.Errorf("the right prefix got %s", got)
	}
}

func TestSessionLivesTenMinutes(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]string{599 * time.Second: yes, 601 * time.Second: gone} {
		one := hubteltwin.New(hubteltwin.Options{})
		s := open(t, one, "/otp/send", sendBody("MyBrand", to))
		one.Inbox.Clock.Advance(age)
		if got := s.verify(t, one); got != want {
			t.Errorf("after %v got %s", age, got)
		}
	}
}

func TestResendKillsTheOldPair(t *testing.T) {
	t.Parallel()
	one := hubteltwin.New(hubteltwin.Options{})
	first := open(t, one, "/otp/send", sendBody("MyBrand", to))
	again := open(t, one, "/otp/resend", fmt.Sprintf(`{"requestId":%q}`, first.id))
	if first.id == again.id {
		t.Error("the request id did not change")
	}
	if got := first.verify(t, one); got != gone {
		t.Errorf("the old pair got %s", got)
	}
	if got := again.verify(t, one); got != yes {
		t.Errorf("the new pair got %s", got)
	}
	if got := first.resend(t, one); got != gone {
		t.Errorf("a resend of the old one got %s", got)
	}
}

func TestExpiredSessionIsNotSentAgain(t *testing.T) {
	t.Parallel()
	one := hubteltwin.New(hubteltwin.Options{})
	s := open(t, one, "/otp/send", sendBody("MyBrand", to))
	one.Inbox.Clock.Advance(11 * time.Minute)
	if got := s.resend(t, one); got != gone {
		t.Errorf("got %s", got)
	}
}

func TestCodeCanBeDialled(t *testing.T) {
	t.Parallel()
	one := hubteltwin.New(hubteltwin.Options{})
	const lost = "+233201239908" // its SMS never arrives
	if status, body := post(t, one, "/otp/send", sendBody("MyBrand", lost)); status != 200 {
		t.Fatalf("got %d %s", status, body)
	}
	dialled := one.Inbox.Messages(lost, providers.USSD)
	if len(dialled) != 1 || dialled[0].From != "*713*90#" || len(one.Inbox.Messages(lost, providers.SMS)) != 0 {
		t.Errorf("got %+v", dialled)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	one := hubteltwin.New(hubteltwin.Options{Senders: []string{"MyBrand"}})
	tests := map[string]struct {
		path, body string
		status     int
	}{
		"sender not approved":   {"/otp/send", sendBody("Other", to), 400},
		"sender too long":       {"/otp/send", sendBody("MyVeryLongBrand", to), 400},
		"no number":             {"/otp/send", sendBody("MyBrand", "0201234567"), 400},
		"number of elsewhere":   {"/otp/send", sendBody("MyBrand", "+2348012345678"), 400},
		"unknown field":         {"/otp/send", `{"From":"MyBrand","To":"+233201234567"}`, 400},
		"verify without JSON":   {"/otp/verify", "code=1234", 400},
		"resend without JSON":   {"/otp/resend", "", 400},
		"magic: invalid":        {"/otp/send", sendBody("MyBrand", "+233201239901"), 400},
		"magic: no balance":     {"/otp/send", sendBody("MyBrand", "+233201239903"), 402},
		"magic: wrong sender":   {"/otp/send", sendBody("MyBrand", "+233201239904"), 400},
		"magic: too many":       {"/otp/send", sendBody("MyBrand", "+233201239905"), 429},
		"magic: broken":         {"/otp/send", sendBody("MyBrand", "+233201239906"), 500},
		"path of another world": {"/api/otp/send", sendBody("MyBrand", to), 404},
	}
	for name, test := range tests {
		if status, body := post(t, one, test.path, test.body); status != test.status {
			t.Errorf("%s: got %d %s", name, status, body)
		}
	}
	if n := len(one.Inbox.Messages("", "")); n != 0 {
		t.Errorf("%d messages were delivered", n)
	}
}

func TestKeyIsAskedFor(t *testing.T) {
	t.Parallel()
	one := hubteltwin.New(hubteltwin.Options{ClientID: "a", ClientSecret: "b"})
	for _, path := range []string{"/otp/send", "/otp/verify", "/otp/resend"} {
		if status, _ := post(t, one, path, sendBody("MyBrand", to)); status != 401 {
			t.Errorf("%s: got %d", path, status)
		}
	}
}
