package hisendtwin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/hisend/hisendtwin"
	"github.com/otpgate/otpgate/providers/twin"
)

const (
	to     = "+2348031234567"
	key    = "api_key=" + hisendtwin.APIKey
	wrong  = `422 {"message":"Invalid OTP"}`
	absent = `422 {"message":"The reference is required"}`
	stray  = `422 {"message":"A parameter is unknown"}`
)

// get asks the twin for a path with its query and returns status and body.
func get(t *testing.T, h http.Handler, path string, header ...string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/otp/"+path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return fmt.Sprint(w.Code, " ", w.Body)
}

// session is what a person and the app know of one.
type session struct{ reference, code, to string }

// open sends a code; more is the query besides key and recipient.
func open(t *testing.T, one *twin.Twin, to string, channel providers.Channel, more string) session {
	t.Helper()
	answer := get(t, one, "send?"+key+"&customer_identifier="+url.QueryEscape(to)+"&channel="+string(channel)+more)
	body, ok := strings.CutPrefix(answer, "200 ")
	var in struct {
		Data struct {
			CustomerIdentifier string `json:"customer_identifier"`
			Channel            string `json:"channel"`
			Reference          string `json:"reference"`
		} `json:"data"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal([]byte(body), &in, json.RejectUnknownMembers(true)); err != nil || !ok {
		t.Fatalf("got %s, %v", answer, err)
	}
	d := in.Data
	if in.Message != "OTP generated successfully" || d.CustomerIdentifier != to || d.Channel != string(channel) ||
		len(d.Reference) != 26 || strings.ToLower(d.Reference) != d.Reference {
		t.Fatalf("got %s", answer)
	}
	code, ok := strings.CutPrefix(one.Inbox.Messages(to, channel)[0].Text, "Your code is ")
	if !ok || !providers.Numeric.Admits(code) {
		t.Fatalf("the message holds no code: %q", code)
	}
	return session{d.Reference, code, to}
}

func (s session) validate(t *testing.T, one *twin.Twin) string {
	t.Helper()
	return get(t, one, "validate?"+key+"&otp="+s.code+"&reference="+s.reference+"&otp_reference="+s.reference)
}

func (s session) yes() string {
	return `200 {"data":{"success":true,"customer_identifier":"` + s.to + `"},"message":"OTP verified successfully"}`
}

func TestCodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	one := hisendtwin.New(hisendtwin.Options{})
	for to, channel := range map[string]providers.Channel{to: providers.SMS, "a+b@example.com": providers.Email} {
		s := open(t, one, to, channel, "")
		for i, want := range []string{s.yes(), wrong, wrong} {
			if got := s.validate(t, one); got != want {
				t.Errorf("%s, check %d: got %s", channel, i, got)
			}
		}
	}
}

func TestWrongCodesAreNotCounted(t *testing.T) {
	t.Parallel()
	one := hisendtwin.New(hisendtwin.Options{})
	s := open(t, one, to, providers.WhatsApp, "")
	other := s
	other.code = "x"
	for range 50 {
		if got := other.validate(t, one); got != wrong {
			t.Fatalf("a wrong code got %s", got)
		}
	}
	if got := s.validate(t, one); got != s.yes() {
		t.Errorf("the right code got %s", got)
	}
}

func TestSessionLivesAsLongAsAsked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		more  string
		age   time.Duration
		alive bool
	}{
		{"", 299 * time.Second, true},
		{"", 301 * time.Second, false},
		{"&expiry=1", 59 * time.Second, true},
		{"&expiry=1", 61 * time.Second, false},
		{"&expiry=1440", 24*time.Hour - time.Second, true},
		{"&expiry=1440", 24*time.Hour + time.Second, false},
	}
	for _, test := range tests {
		one := hisendtwin.New(hisendtwin.Options{})
		s := open(t, one, to, providers.SMS, test.more)
		one.Inbox.Clock.Advance(test.age)
		want := wrong
		if test.alive {
			want = s.yes()
		}
		if got := s.validate(t, one); got != want {
			t.Errorf("%s after %v: got %s", test.more, test.age, got)
		}
	}
}

func TestCodeIsAsLongAsAsked(t *testing.T) {
	t.Parallel()
	one := hisendtwin.New(hisendtwin.Options{})
	for more, want := range map[string]int{"": 6, "&length=4": 4, "&length=10": 10} {
		if s := open(t, one, to, providers.SMS, more); len(s.code) != want {
			t.Errorf("%q: the code has %d digits", more, len(s.code))
		}
	}
}

func TestNewSendLeavesTheOldCodeAlive(t *testing.T) {
	t.Parallel()
	one := hisendtwin.New(hisendtwin.Options{})
	first, second := open(t, one, to, providers.SMS, ""), open(t, one, to, providers.SMS, "")
	if first.reference == second.reference {
		t.Fatal("one reference came twice")
	}
	for _, s := range []session{second, first} {
		if got := s.validate(t, one); got != s.yes() {
			t.Errorf("got %s", got)
		}
	}
}

func TestReferenceGoesByItsNames(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		only  string // name that the twin reads
		query string // %s is the reference
		want  string // start
	}{
		"either, by the first":       {"", "&reference=%s", "200"},
		"either, by the second":      {"", "&otp_reference=%s", "200"},
		"either, contradicting":      {"", "&reference=%s&otp_reference=other", absent},
		"either, by none":            {"", "", absent},
		"first only, by both":        {"reference", "&reference=%[1]s&otp_reference=%[1]s", "200"},
		"first only, by the second":  {"reference", "&otp_reference=%s", absent},
		"second only, by both":       {"otp_reference", "&reference=%[1]s&otp_reference=%[1]s", "200"},
		"second only, by the first":  {"otp_reference", "&reference=%s", absent},
		"either, of nobody":          {"", "&reference=01nobody", wrong},
		"either, written twice over": {"", "&reference=%[1]s&reference=%[1]s", stray},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := hisendtwin.New(hisendtwin.Options{ReferenceName: test.only})
			s := open(t, one, to, providers.SMS, "")
			query := test.query
			if strings.Contains(query, "%") {
				query = fmt.Sprintf(query, s.reference)
			}
			if got := get(t, one, "validate?"+key+"&otp="+s.code+query); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	one := hisendtwin.New(hisendtwin.Options{})
	const send, sms = "send?" + key + "&customer_identifier=", "&channel=sms"
	tests := map[string]struct{ path, want string }{
		"number of elsewhere":   {send + "%2B233201234567" + sms, "422 "},
		"number without a plus": {send + "2348031234567" + sms, "422 "},
		"plus that is a space":  {send + "+2348031234567" + sms, "422 "},
		"number too short":      {send + "%2B234803123456" + sms, "422 "},
		"number by e-mail":      {send + "%2B2348031234567&channel=email", "422 "},
		"address by SMS":        {send + "a%40example.com" + sms, "422 "},
		"no channel":            {send + "%2B2348031234567", "422 "},
		"channel unknown":       {send + "%2B2348031234567&channel=voice", "422 "},
		"three digits":          {send + "%2B2348031234567" + sms + "&length=3", "422 "},
		"eleven digits":         {send + "%2B2348031234567" + sms + "&length=11", "422 "},
		"length that is none":   {send + "%2B2348031234567" + sms + "&length=", "422 "},
		"no time at all":        {send + "%2B2348031234567" + sms + "&expiry=0", "422 "},
		"expiry with a unit":    {send + "%2B2348031234567" + sms + "&expiry=5m", "422 "},
		"stray parameter":       {send + "%2B2348031234567" + sms + "&sender=Shop", stray},
		"stray in a check":      {"validate?" + key + "&otp=1&reference=x&code=1", stray},
		"magic: invalid":        {send + "%2B2348031239901" + sms, "422 "},
		"magic: barred":         {send + "ada9902%40example.com&channel=email", "422 "},
		"magic: no balance":     {send + "%2B2348031239903" + sms, `422 {"message":"Insufficient wallet balance"}`},
		"magic: too many":       {send + "%2B2348031239905" + sms, "429 "},
		"magic: broken":         {send + "%2B2348031239906" + sms, "500 "},
		"path of another world": {"verify?" + key, "404 "},
	}
	for name, test := range tests {
		if got := get(t, one, test.path); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if n := len(one.Inbox.Messages("", "")); n != 0 {
		t.Errorf("%d messages were delivered", n)
	}
}

func TestKeyIsAskedFor(t *testing.T) {
	t.Parallel()
	one := hisendtwin.New(hisendtwin.Options{APIKey: "a"})
	for _, path := range []string{"send?", "validate?"} {
		for _, query := range []string{"", "api_key=b", key} {
			if got := get(t, one, path+query); !strings.HasPrefix(got, "401 ") {
				t.Errorf("%s%s: got %s", path, query, got)
			}
		}
		if got := get(t, one, path, "Api-Key", "b"); !strings.HasPrefix(got, "401 ") {
			t.Errorf("%s with another key: got %s", path, got)
		}
		if got := get(t, one, path, "Api-Key", "a"); !strings.HasPrefix(got, "422 ") {
			t.Errorf("%s with the key in a header: got %s", path, got)
		}
	}
}

func TestOnlyGetIsAnswered(t *testing.T) {
	t.Parallel()
	one := hisendtwin.New(hisendtwin.Options{})
	for _, path := range []string{"send", "validate"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/otp/"+path+"?"+key, nil)
		w := httptest.NewRecorder()
		one.ServeHTTP(w, r)
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d", path, w.Code)
		}
	}
}
