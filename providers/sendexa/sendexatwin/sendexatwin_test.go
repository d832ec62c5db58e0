package sendexatwin_test

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
	"github.com/otpgate/otpgate/providers/sendexa/sendexatwin"
	"github.com/otpgate/otpgate/providers/twin"
)

const (
	to    = "0201234567"
	token = "c2VuZGV4YS10d2luLWtleTpzZW5kZXhhLXR3aW4tc2VjcmV0"
)

// reply is what the twin answered, as far as the tests look at it.
type reply struct {
	status int
	header http.Header

	Success   bool   `json:"success"`
	ErrorType string `json:"errorType"`
	Code      string `json:"code"`
	Data      struct {
		ID         string    `json:"id"`
		Phone      string    `json:"phone"`
		Verified   bool      `json:"verified"`
		Left       *int      `json:"attemptsRemaining"`
		RetryAfter int       `json:"retryAfter"`
		ExpiresAt  time.Time `json:"expiresAt"`
		Resends    int       `json:"resendCount"`
		Metadata   struct {
			UserID string `json:"userId"`
		} `json:"metadata"`
		Expiry struct {
			Amount    int       `json:"amount"`
			ExpiresAt time.Time `json:"expiresAt"`
		} `json:"expiry"`
	} `json:"data"`
}

// String is the part that every test compares: the status, and the reason in the field it stands in.
func (r reply) String() string {
	switch {
	case r.Success:
		return "yes"
	case r.ErrorType != "":
		return fmt.Sprint(r.status, " errorType ", r.ErrorType)
	case r.Code != "":
		return fmt.Sprint(r.status, " code ", r.Code)
	}
	return fmt.Sprint(r.status)
}

func post(t *testing.T, h http.Handler, path, body string) reply {
	t.Helper()
	return ask(t, h, path, body, "X-Api-Key", token)
}

func ask(t *testing.T, h http.Handler, path, body, header, value string) reply {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/otp/"+path, strings.NewReader(body))
	r.Header.Set(header, value)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	b, _ := io.ReadAll(w.Body)
	answer := reply{status: w.Code, header: w.Header()}
	if w.Header().Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(b, &answer); err != nil {
			t.Fatalf("%d %s: %v", w.Code, b, err)
		}
	}
	return answer
}

// opened is what a phone and the app know of a session.
type opened struct{ id, code string }

func send(t *testing.T, one *twin.Twin, body string) opened {
	t.Helper()
	if body == "" {
		body = sendBody("")
	}
	r := post(t, one, "request", body)
	if r.status != 200 || !r.Success || r.Data.ID == "" || r.Data.Phone != "233201234567" {
		t.Fatalf("got %+v", r)
	}
	return opened{r.Data.ID, code(t, one)}
}

func sendBody(more string) string { return `{"phone":"` + to + `","from":"MyBrand"` + more + `}` }

// code is the code in the newest message.
func code(t *testing.T, one *twin.Twin) string {
	t.Helper()
	_, after, ok := strings.Cut(one.Inbox.Messages(to, providers.SMS)[0].Text, "Your code is ")
	if !ok {
		t.Fatal("the SMS shows no code")
	}
	c, _, _ := strings.Cut(after, ".")
	return c
}

func byID(id, code string) string { return fmt.Sprintf(`{"id":%q,"pin":%q}`, id, code) }
func byPhone(id, code string) string {
	return fmt.Sprintf(`{"phone":%q,"code":%q,"id":%q}`, to, code, id)
}

// guesses makes guesses and compares the replies.
func guesses(t *testing.T, one *twin.Twin, body string, want ...string) {
	t.Helper()
	for i, w := range want {
		if got := post(t, one, "verify", body); got.String() != w {
			t.Errorf("guess %d got %s, want %s", i+1, got, w)
		}
	}
}

func TestCodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	one := sendexatwin.New(sendexatwin.Options{})
	s := send(t, one, "")
	guesses(t, one, byID(s.id, s.code), "yes", "400 code OTP_ALREADY_USED")
	s = send(t, one, "")
	guesses(t, one, byPhone(s.id, s.code), "yes", "400 errorType OTP_ALREADY_USED")
	s = send(t, one, "")
	guesses(t, one, fmt.Sprintf(`{"phone":"233201234567","code":%q}`, s.code), "yes", "400 errorType OTP_ALREADY_USED")
}

func TestVerifiedTellsTheMetadataByNumber(t *testing.T) {
	t.Parallel()
	one := sendexatwin.New(sendexatwin.Options{})
	s := send(t, one, sendBody(`,"metadata":{"userId":"12345"}`))
	r := post(t, one, "verify", byPhone("", s.code))
	if !r.Data.Verified || r.Data.Metadata.UserID != "12345" || r.Data.ID != s.id {
		t.Errorf("got %+v", r)
	}
}

func TestTriesAreCounted(t *testing.T) {
	t.Parallel()
	one := sendexatwin.New(sendexatwin.Options{})
	s := send(t, one, sendBody(`,"maxAmountOfValidationRetries":2`))
	for want := 1; want >= 0; want-- {
		r := post(t, one, "verify", byID(s.id, "wrong1"))
		if r.String() != "400 code INVALID_OTP" || r.Data.Left == nil || *r.Data.Left != want {
			t.Errorf("got %s with %v left, want %d", r, r.Data.Left, want)
		}
	}
	guesses(t, one, byID(s.id, s.code), "400 code MAX_ATTEMPTS_EXCEEDED")
	guesses(t, one, byPhone(s.id, s.code), "400 errorType MAX_ATTEMPTS_EXCEEDED")
	send(t, one, "") // nothing live is in the way any more
}

func TestCodeExpires(t *testing.T) {
	t.Parallel()
	for expiry, span := range map[string]time.Duration{
		`{"amount":2,"duration":"minutes"}`: 2 * time.Minute, `{"amount":24,"duration":"hours"}`: 24 * time.Hour,
	} {
		for age, want := range map[time.Duration]string{-30 * time.Second: "yes", time.Second: "400 code EXPIRED_OTP"} {
			one := sendexatwin.New(sendexatwin.Options{})
			s := send(t, one, sendBody(`,"expiry":`+expiry))
			one.Inbox.Clock.Advance(span + age)
			guesses(t, one, byID(s.id, s.code), want)
		}
	}
}

func TestAnswersAreByTheTwinsClock(t *testing.T) {
	t.Parallel()
	one := sendexatwin.New(sendexatwin.Options{})
	one.Inbox.Clock.Advance(100 * time.Hour)
	r := post(t, one, "request", sendBody(""))
	told, err := http.ParseTime(r.header.Get("Date"))
	if err != nil {
		t.Fatal(err)
	}
	left, amount := r.Data.Expiry.ExpiresAt.Sub(told), r.Data.Expiry.Amount
	if left < 9*time.Minute || left > 11*time.Minute || amount != 10 {
		t.Errorf("a code of %d minutes ends in %v", amount, left)
	}
}

func TestLiveCodeIsInTheWay(t *testing.T) {
	t.Parallel()
	one := sendexatwin.New(sendexatwin.Options{})
	send(t, one, "")
	r := post(t, one, "request", sendBody(""))
	if r.String() != "429" || r.Data.RetryAfter < 540 || r.Data.RetryAfter > 600 || r.Data.ExpiresAt.IsZero() {
		t.Errorf("got %s to wait %d until %v", r, r.Data.RetryAfter, r.Data.ExpiresAt)
	}
	if n := len(one.Inbox.Messages("", "")); n != 1 {
		t.Errorf("%d messages were delivered", n)
	}
	one.Inbox.Clock.Advance(11 * time.Minute)
	send(t, one, "")
}

func TestResendByNumberMakesANewSession(t *testing.T) {
	t.Parallel()
	one := sendexatwin.New(sendexatwin.Options{})
	first := send(t, one, "")
	guesses(t, one, byPhone("", "wrong1"), "400 errorType INVALID_OTP")
	r := post(t, one, "resend", `{"phone":"`+to+`"}`)
	if wait := r.Data.RetryAfter; r.String() != "429 errorType RESEND_COOLDOWN" || wait < 1 || wait > 30 {
		t.Errorf("got %s to wait %d", r, wait)
	}
	one.Inbox.Clock.Advance(30 * time.Second)
	r = post(t, one, "resend", `{"phone":"`+to+`","id":"`+first.id+`"}`)
	if !r.Success || r.Data.ID == "" || r.Data.ID == first.id || r.Data.Resends != 1 {
		t.Fatalf("got %+v", r)
	}
	guesses(t, one, byPhone(first.id, first.code), "404 errorType OTP_NOT_FOUND")
	guesses(t, one, byPhone(r.Data.ID, "wrong1"), "400 errorType INVALID_OTP", "400 errorType INVALID_OTP")
	guesses(t, one, byPhone(r.Data.ID, code(t, one)), "yes")
}

func TestResendByIDKeepsTheID(t *testing.T) {
	t.Parallel()
	one := sendexatwin.New(sendexatwin.Options{})
	s := send(t, one, sendBody(`,"pinLength":10`))
	one.Inbox.Clock.Advance(30 * time.Second) // would do by number
	if r := post(t, one, "resend/"+s.id, ""); r.String() != "429 code RESEND_COOLDOWN" {
		t.Errorf("got %s", r)
	}
	one.Inbox.Clock.Advance(30 * time.Second)
	if r := post(t, one, "resend/"+s.id, ""); !r.Success || r.Data.ID != "" {
		t.Fatalf("got %+v", r)
	}
	guesses(t, one, byID(s.id, s.code), "400 code INVALID_OTP")
	one.Inbox.Clock.Advance(9*time.Minute + 30*time.Second) // the first code would have expired
	guesses(t, one, byID(s.id, code(t, one)), "yes")
}

func TestSessionIsSentAgainThreeTimes(t *testing.T) {
	t.Parallel()
	one := sendexatwin.New(sendexatwin.Options{})
	send(t, one, "")
	for _, want := range []string{"yes", "yes", "yes", "400 errorType MAX_RESENDS_EXCEEDED"} {
		one.Inbox.Clock.Advance(30 * time.Second)
		if r := post(t, one, "resend", `{"phone":"`+to+`"}`); r.String() != want {
			t.Errorf("got %s, want %s", r, want)
		}
	}
}

func TestNothingToResend(t *testing.T) {
	t.Parallel()
	one := sendexatwin.New(sendexatwin.Options{})
	s := send(t, one, "")
	guesses(t, one, byID(s.id, s.code), "yes")
	for path, body := range map[string]string{
		"resend/" + s.id: "", "resend/x": "", "resend": `{"phone":"` + to + `"}`,
	} {
		if r := post(t, one, path, body); r.status != 400 || r.ErrorType+r.Code != "NO_PREVIOUS_OTP" {
			t.Errorf("%s: got %s", path, r)
		}
	}
}

func TestSomebodyElsesSession(t *testing.T) {
	t.Parallel()
	one := sendexatwin.New(sendexatwin.Options{})
	s := send(t, one, "")
	guesses(t, one, fmt.Sprintf(`{"phone":"0201111111","code":%q,"id":%q}`, s.code, s.id), "404 errorType OTP_NOT_FOUND")
	guesses(t, one, fmt.Sprintf(`{"phone":"x","code":%q,"id":%q}`, s.code, s.id), "404 errorType OTP_NOT_FOUND")
	guesses(t, one, byID("x", s.code), "404 code OTP_NOT_FOUND")
}

func TestCodesAreOfTheirType(t *testing.T) {
	t.Parallel()
	for pinType, alphabet := range map[string]providers.Alphabet{
		"NUMERIC": providers.Numeric, "ALPHABETIC": providers.Alphabetic, "ALPHANUMERIC": providers.Alphanumeric,
	} {
		for _, length := range []int{4, 10} {
			one := sendexatwin.New(sendexatwin.Options{})
			s := send(t, one, sendBody(fmt.Sprintf(`,"pinType":%q,"pinLength":%d`, pinType, length)))
			if len(s.code) != length || !alphabet.Admits(s.code) || strings.ToUpper(s.code) != s.code {
				t.Errorf("%s of %d: got a code of %d", pinType, length, len(s.code))
			}
		}
	}
}

func TestTextOfTheCaller(t *testing.T) {
	t.Parallel()
	one := sendexatwin.New(sendexatwin.Options{})
	const text = `"{code} lives {amount} {duration}. Your code is {code}."`
	s := send(t, one, sendBody(`,"message":`+text+`,"expiry":{"amount":3,"duration":"hours"}`))
	want := s.code + " lives 3 hours. Your code is " + s.code + "."
	if m := one.Inbox.Messages(to, providers.SMS)[0]; m.Text != want || m.From != "MyBrand" || m.Twin != "sendexa" {
		t.Errorf("got %+v", m)
	}
}

func TestSandboxNumbersAndCodes(t *testing.T) {
	t.Parallel()
	for _, phone := range []string{"0555539152", "0555539154"} {
		one := sendexatwin.New(sendexatwin.Options{})
		r := post(t, one, "request", `{"phone":"`+phone+`","from":"MyBrand"}`)
		for guess, want := range map[string]string{
			"000000": "400 code INVALID_OTP", "111111": "400 code EXPIRED_OTP", "999999": "400 code MAX_ATTEMPTS_EXCEEDED",
		} {
			guesses(t, one, byID(r.Data.ID, guess), want)
		}
		guesses(t, one, byID(r.Data.ID, "123456"), "yes", "400 code OTP_ALREADY_USED")
	}
	one := sendexatwin.New(sendexatwin.Options{})
	if r := post(t, one, "request", `{"phone":"0555539153","from":"MyBrand"}`); r.String() != "400" {
		t.Errorf("got %s", r)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	one := sendexatwin.New(sendexatwin.Options{Senders: []string{"MyBrand"}})
	magic := func(tail string) string { return `{"phone":"020123` + tail + `","from":"MyBrand"}` }
	const parameters, number, sender = "400 code INVALID_PARAMETERS", "400", "400 errorType SENDER_ID_NOT_APPROVED"
	tests := map[string]struct{ path, body, want string }{
		"sender not approved":     {"request", `{"phone":"0201234567","from":"Other"}`, sender},
		"sender too long":         {"request", `{"phone":"0201234567","from":"MyVeryLongBrand"}`, sender},
		"no sender":               {"request", `{"phone":"0201234567"}`, parameters},
		"plus":                    {"request", `{"phone":"+233201234567","from":"MyBrand"}`, number},
		"number of elsewhere":     {"request", `{"phone":"2348012345678","from":"MyBrand"}`, number},
		"number too short":        {"request", `{"phone":"020123456","from":"MyBrand"}`, number},
		"no code in the text":     {"request", sendBody(`,"message":"Hello"`), parameters},
		"three characters":        {"request", sendBody(`,"pinLength":3`), parameters},
		"eleven characters":       {"request", sendBody(`,"pinLength":11`), parameters},
		"unknown type":            {"request", sendBody(`,"pinType":"RUNES"`), parameters},
		"more than a day":         {"request", sendBody(`,"expiry":{"amount":1441,"duration":"minutes"}`), parameters},
		"25 hours":                {"request", sendBody(`,"expiry":{"amount":25,"duration":"hours"}`), parameters},
		"seconds":                 {"request", sendBody(`,"expiry":{"amount":60,"duration":"seconds"}`), parameters},
		"eleven tries":            {"request", sendBody(`,"maxAmountOfValidationRetries":11`), parameters},
		"unknown field":           {"request", sendBody(`,"to":"0201234567"`), parameters},
		"mixed dialects":          {"verify", `{"id":"x","pin":"1","phone":"0201234567","code":"1"}`, parameters},
		"verify without JSON":     {"verify", "code=1234", parameters},
		"resend without JSON":     {"resend", "", parameters},
		"resend without a number": {"resend", `{"id":"x"}`, parameters},
		"magic: invalid":          {"request", magic("9901"), number},
		"magic: barred":           {"request", magic("9902"), number},
		"magic: no balance":       {"request", magic("9903"), "402 code INSUFFICIENT_BALANCE"},
		"magic: wrong sender":     {"request", magic("9904"), sender},
		"magic: too many":         {"request", magic("9905"), "429 errorType RATE_LIMIT_EXCEEDED"},
		"magic: broken":           {"request", magic("9906"), "502 code PROVIDER_ERROR"},
		"path of another world":   {"send", sendBody(""), "404"},
	}
	for name, test := range tests {
		if r := post(t, one, test.path, test.body); r.String() != test.want {
			t.Errorf("%s: got %s, want %s", name, r, test.want)
		}
	}
	if n := len(one.Inbox.Messages("", "")); n != 0 {
		t.Errorf("%d messages were delivered", n)
	}
}

func TestTokenIsAskedFor(t *testing.T) {
	t.Parallel()
	one := sendexatwin.New(sendexatwin.Options{APIKey: "a", APISecret: "b"})
	const want = "401 code INVALID_TOKEN"
	for _, path := range []string{"request", "verify", "resend", "resend/x"} {
		if r := post(t, one, path, sendBody("")); r.String() != want {
			t.Errorf("%s: got %s", path, r)
		}
	}
	for header, value := range map[string]string{"X-Api-Key": "YTpi", "Authorization": "Basic YTpi"} {
		if r := ask(t, one, "verify", byID("x", "1"), header, value); r.String() != "404 code OTP_NOT_FOUND" {
			t.Errorf("%s: got %s", header, r)
		}
	}
	for header, value := range map[string]string{"X-Api-Key": "a", "Authorization": "Bearer YTpi", "X-Nothing": ""} {
		if r := ask(t, one, "verify", byID("x", "1"), header, value); r.String() != want {
			t.Errorf("%s: got %s", header, r)
		}
	}
}
