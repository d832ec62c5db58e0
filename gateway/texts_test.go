package gateway_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
)

const (
	loginText = `login: {en: "{app}: {code} for {amount} {duration}"}`
	shopApp   = `shop: {name: Shop, `
	lagos     = "+2348031234567"
)

func (a answer) prefix(t *testing.T) string {
	t.Helper()
	var body struct{ Prefix string }
	if err := json.Unmarshal(a.body, &body); err != nil {
		t.Fatal(err)
	}
	return body.Prefix
}

// text is the newest message to somebody.
func (w *world) text(to string, channel providers.Channel) string {
	w.t.Helper()
	messages := w.inbox.Messages(to, channel)
	if len(messages) == 0 {
		w.t.Fatal("nothing arrived")
	}
	return messages[0].Text
}

func TestWhatArrivesIsWhatTheConfigurationSays(t *testing.T) {
	t.Parallel()
	w := start(t,
		loginText, `login:
    en: {default: "{prefix}-{code} is for {app}", email: "Dear customer, {code} is for {app}"}
    fr: "{code} est pour {app}, pendant {amount} {duration}"`,
		shopApp, shopApp+`defaults: {template: login}, webotp: example.com, android_hash: FA+9qCX9VSu, do_not_share: true, `,
	)
	for _, test := range []struct{ to, want string }{
		{lagos, `^([A-Z]{4})-\d{6} is for Shop\nDo not share it with anyone\.\nFA\+9qCX9VSu\n@example\.com #\d{6}$`},
		{"+2250701234567", `^\d{6} est pour Shop, pendant 5 minutes\nNe le communiquez à personne\.\n` +
			`FA\+9qCX9VSu\n@example\.com #\d{6}$`},
		{"ama@example.com", `^Dear customer, \d{6} is for Shop\nDo not share it with anyone\.$`},
	} {
		sent := w.send(fmt.Sprintf(`{"to":%q}`, test.to))
		channel := providers.SMS
		if strings.Contains(test.to, "@") {
			channel = providers.Email
		}
		text := w.text(test.to, channel)
		found := regexp.MustCompile(test.want).FindStringSubmatch(text)
		if found == nil {
			t.Errorf("%s: got %q", test.to, text)
			continue
		}
		if len(found) == 2 && sent.prefix(t) != found[1] || len(found) == 1 && sent.prefix(t) != "" {
			t.Errorf("%s: prefix %q beside %q", test.to, sent.prefix(t), text)
		}
		codes := digits.FindAllString(text, -1)
		if a := w.verify(sent.Reference, codes[len(codes)-1]); a.status != 200 {
			t.Errorf("%s: %d %s", test.to, a.status, a.body)
		}
	}
}

func TestAnAppsTextsAreItsOwn(t *testing.T) {
	t.Parallel()
	w := start(t, shopApp, shopApp+`templates: {login: {en: "{code} of the shop"}}, `)
	for key, want := range map[string]string{"shop-key": " of the shop", "rival-key": " for 5 minutes"} {
		w.post(key, "/v1/otp/send", fmt.Sprintf(`{"to":%q,"template":"login"}`, lagos))
		if text := w.text(lagos, providers.SMS); !strings.HasSuffix(text, want) {
			t.Errorf("%s: %q", key, text)
		}
	}
}

func TestResentCodeIsTheSameOrNew(t *testing.T) {
	t.Parallel()
	for setting, same := range map[string]bool{"": true, ", resend_code: same": true, ", resend_code: new": false} {
		w := start(t, "resend_after: 0s", "resend_after: 0s"+setting, loginText, `login: {en: "{prefix} {code}"}`,
			shopApp, shopApp+"defaults: {template: login, code: {length: 10}}, ")
		sent := w.send(fmt.Sprintf(`{"to":%q}`, lagos))
		first := w.code(lagos)
		again := w.post("shop-key", "/v1/otp/resend", fmt.Sprintf(`{"reference":%q}`, sent.Reference))
		second := w.code(lagos)
		if again.status != 200 || (first == second) != same || (sent.prefix(t) == again.prefix(t)) != same {
			t.Fatalf("%q: %s %s, then %s %s, %d", setting, sent.prefix(t), first, again.prefix(t), second, again.status)
		}
		if a := w.verify(sent.Reference, first); (a.status == 200) != same {
			t.Errorf("%q: the first code: %d %s", setting, a.status, a.body)
		}
		if a := w.verify(sent.Reference, second); !same && a.status != 200 {
			t.Errorf("%q: the second code: %d %s", setting, a.status, a.body)
		}
	}
}

func TestTextsThatAChannelDoesNotCarry(t *testing.T) {
	t.Parallel()
	w := start(t)
	long := "{code}" + strings.Repeat("x", 990)
	for _, path := range []string{"/v1/otp/send", "/v1/otp/plan"} {
		a := w.post("shop-key", path, fmt.Sprintf(`{"to":%q,"message":%q}`, lagos, long))
		if a.status != 400 || a.Code != "invalid_request" || !strings.Contains(string(a.body), "takes 7 short messages") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	w.send(fmt.Sprintf(`{"to":"ama@example.com","message":%q}`, long))
	if text := w.text("ama@example.com", providers.Email); !strings.HasSuffix(text, long[6:]) {
		t.Errorf("mail has no bound, but %d bytes arrived", len(text))
	}
}

func TestPlanTellsSegments(t *testing.T) {
	t.Parallel()
	w := start(t)
	for message, want := range map[string]string{
		"{code}": "1 gsm7", "{code} não": "1 ucs2", "{code}" + strings.Repeat("x", 160): "2 gsm7",
	} {
		p := w.plan(fmt.Sprintf(`{"to":%q,"message":%q}`, lagos, message))
		m := p.Steps[0].Candidates[0].Message
		if got := fmt.Sprint(m.Segments, " ", m.Encoding); got != want {
			t.Errorf("%.10s: %s, want %s", message, got, want)
		}
	}
	by := w.plan(`{"to":"+233201234567"}`).Steps[0].Candidates
	if by[0].Message != nil || by[1].Message == nil {
		t.Errorf("%+v", by)
	}
}
