package otp_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// spoken are templates in several languages, with texts for some channels.
func spoken(p *otp.Policy) {
	p.Templates = map[string]otp.Template{
		"login": {
			"en": {Default: "{app}: {code}", On: map[providers.Channel]string{
				providers.Email: "Dear customer of {app}: {code}",
			}},
			"fr": {Default: "{app} : code {code}"}, "pt-BR": {Default: "{app}: código {code}"},
		},
		"english": {"en": {Default: "{code}"}},
		"german":  {"de": {Default: "{code} ist Ihr Code"}, "nl": {Default: "{code} is uw code"}},
	}
	p.Own = map[string]map[string]otp.Template{"shop": {"mine": {"en": {Default: "mine {code}"}}}}
}

func TestEachChannelHasItsText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, spoken)
		failure := &routing.Failure{Class: providers.Transient}
		w.router.script = []step{{failure: failure}, {tries: []routing.Try{taken("hubtel", "r1")}}}
		v := w.send(t, func(in *otp.SendInput) {
			in.Template = "login"
			in.Fallback = []otp.FallbackInput{{"email", "ama@example.com", "30s"}}
		})
		time.Sleep(30 * time.Second)
		for _, channel := range []string{"whatsapp", "sms"} {
			time.Sleep(30 * time.Second)
			in := otp.ResendInput{Reference: string(v.Reference), Channel: channel}
			if _, err := w.Resend(t.Context(), w.app, in); err != nil {
				t.Fatal(err)
			}
		}
		var texts []string
		for _, req := range w.router.sent {
			texts = append(texts, string(req.Send.Channel)+" "+req.Send.Message)
		}
		want := []string{
			"sms Shop: {code}", "email Dear customer of Shop: {code}", "whatsapp Shop: {code}", "sms Shop: {code}",
		}
		if diff := cmp.Diff(want, texts); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTextsOfAnAppWinOverTheFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, spoken, func(p *otp.Policy) {
		p.Own["shop"]["login"] = otp.Template{"en": {Default: "of the shop: {code}"}}
		p.Own["bank"] = map[string]otp.Template{"english": {"en": {Default: "of the bank: {code}"}}}
	})
	for template, want := range map[string]string{
		"login": "of the shop: {code}", "english": "{code}", "mine": "mine {code}",
	} {
		w.router.sent = nil
		w.send(t, func(in *otp.SendInput) { in.Template, in.Locale = template, "en" })
		if got := w.router.sent[0].Send.Message; got != want {
			t.Errorf("%s is %q, want %q", template, got, want)
		}
	}
	w.app.ID = "bank"
	_, err := w.Send(t.Context(), w.app, otp.SendInput{To: "0201234567", Template: "mine"})
	if e, _ := errors.AsType[*otp.Error](err); e == nil || len(e.Fields) != 1 || e.Fields[0].Field != "template" {
		t.Errorf("the text of another app: %v", err)
	}
}

const (
	toGhana      = "+233201234567"
	toIvoryCoast = "+2250701234567"
	toBrazil     = "+5511912345678"
	toMozambique = "+258841234567"
	toTanzania   = "+255712345678"
)

func TestLocaleIsThatOfRequestElseCountryElseApp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		to, asked, home, template string
		want, message             string
	}{
		"the request's":               {toIvoryCoast, "en", "pt", "login", "en", "Shop: {code}"},
		"its language":                {toGhana, "fr-CI", "en", "login", "fr", "Shop : code {code}"},
		"the country's":               {toIvoryCoast, "", "en", "login", "fr", "Shop : code {code}"},
		"the country's own form":      {toBrazil, "", "en", "login", "pt-BR", "Shop: código {code}"},
		"a form of another country":   {toMozambique, "", "en", "login", "en", "Shop: {code}"},
		"the app's":                   {toGhana, "", "fr", "login", "fr", "Shop : code {code}"},
		"the app's, as a last resort": {toIvoryCoast, "", "nl", "german", "nl", "{code} is uw code"},
		"of the text there is":        {toIvoryCoast, "", "fr", "english", "en", "{code}"},
		"asked for, and not there":    {toIvoryCoast, "sw", "fr", "login", "en", "Shop: {code}"},
		"first by name":               {toGhana, "", "en", "german", "de", "{code} ist Ihr Code"},
		"no text, a country":          {toTanzania, "", "en", "", "sw-TZ", ""},
		"no text, an app":             {toGhana, "", "en", "", "en", ""},
		"no text, a request":          {toTanzania, "en-TZ", "fr", "", "en-TZ", ""},
		"an address":                  {"ama@example.com", "", "fr", "login", "fr", "Shop : code {code}"},
	} {
		w := newWorld(t, spoken)
		w.app.Defaults.Locale, w.app.Defaults.Template = test.home, test.template
		w.send(t, func(in *otp.SendInput) { in.To, in.Locale = test.to, test.asked })
		if got := w.router.sent[0].Send; got.Locale != test.want || got.Message != test.message {
			t.Errorf("%s: %s %q, want %s %q", name, got.Locale, got.Message, test.want, test.message)
		}
	}
}

// The gateway does not know what language a request's own text is in, and does not guess it from the number.
func TestLocaleOfARequestsOwnText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.app.Defaults.Locale = "en"
	for asked, want := range map[string]string{"": "en", "fr": "fr"} {
		w.router.sent = nil
		w.send(t, func(in *otp.SendInput) {
			in.To, in.Message, in.Locale = toIvoryCoast, "{code} for {amount} {duration}", asked
		})
		if got := w.router.sent[0].Send.Locale; got != want {
			t.Errorf("asked for %q: %q", asked, got)
		}
	}
}

func TestAnAppsNameBringsNothingButItsLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, spoken)
	w.app.Name = "S{code}h\r\no\x1b\u0085p{"
	for _, change := range []func(*otp.SendInput){
		func(in *otp.SendInput) { in.Template = "login" },
		func(in *otp.SendInput) { in.Message = "{app}: {code}" },
		func(in *otp.SendInput) { in.To, in.Template = "ama@example.com", "login" },
	} {
		w.router.sent = nil
		w.send(t, change)
		req := w.router.sent[0].Send
		if n := strings.Count(req.Message, "{code}"); n != 1 || !strings.Contains(req.Message, "Scodehop: {code}") {
			t.Errorf("%q", req.Message)
		}
	}
}

func TestMessageThatAChannelDoesNotCarry(t *testing.T) {
	t.Parallel()
	long := "{code}" + strings.Repeat("x", 30)
	for name, in := range map[string]otp.SendInput{
		"at once": {To: "0201234567", Message: long},
		"of a fallback": {To: "0201234567", Message: long, Fallback: []otp.FallbackInput{
			{"voice", "", "30s"},
		}},
	} {
		w := newWorld(t)
		_, err := w.Send(t.Context(), w.app, in)
		e, _ := errors.AsType[*otp.Error](err)
		if e == nil || e.Code != otp.InvalidRequest || len(e.Fields) != 1 || e.Fields[0].Field != "message" ||
			e.Fields[0].Message != "the text is too long" || w.store.trips != 0 {
			t.Errorf("%s: %+v", name, err)
		}
		if _, err := w.Plan(t.Context(), w.app, in); codeOf(t, err) != otp.InvalidRequest {
			t.Errorf("%s: planned with %v", name, err)
		}
	}
}

func TestPlanTellsTheSizeOfTextsWrittenHere(t *testing.T) {
	t.Parallel()
	w := planWorld(t)
	own := routing.Place{Number: 2, Spot: routing.Spot{Provider: "own"}, Message: strings.Repeat("x", 25)}
	for channel, plan := range w.router.plans {
		plan.Places = append(slices.Clone(plan.Places), own)
		w.router.plans[channel] = plan
	}
	p := w.plan(t, fallback(otp.FallbackInput{"voice", "", "30s"}))
	want := map[string]otp.Size{"own": {Segments: 3, Encoding: "gsm7"}}
	if diff := cmp.Diff(want, p.Steps[0].Sizes); diff != "" || p.Steps[1].Sizes["own"].Segments != 0 {
		t.Errorf("%s, then %v", diff, p.Steps[1].Sizes)
	}
}

func TestEndingGoesWithEveryDelivery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.app.Ending = providers.Ending{DoNotShare: true, Android: "FA+9qCX9VSu", WebOTP: "example.com"}
		v := w.send(t, func(in *otp.SendInput) { in.Fallback = []otp.FallbackInput{{"sms", "", "40s"}} })
		time.Sleep(30 * time.Second)
		if _, err := w.resend(t, v.Reference); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n, err := w.Escalate(t.Context(), dueNow{w.store}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if len(w.router.sent) != 3 {
			t.Fatalf("%d requests", len(w.router.sent))
		}
		for i, req := range w.router.sent {
			if req.Send.Ending != w.app.Ending {
				t.Errorf("request %d: %+v", i, req.Send.Ending)
			}
		}
	})
}

func TestCountriesWithALanguage(t *testing.T) {
	t.Parallel()
	spoken := map[string]string{
		"+221771234567": "fr-SN", "+2250701234567": "fr-CI", "+33612345678": "fr-FR", "+243812345678": "fr-CD",
		"+258841234567": "pt-MZ", "+244923123456": "pt-AO", "+351912345678": "pt-PT", "+5511912345678": "pt-BR",
		"+255712345678": "sw-TZ", "+254712345678": "en", "+233201234567": "en", "+2348031234567": "en", "+12025550123": "en",
	}
	for _, to := range slices.Sorted(maps.Keys(spoken)) {
		w := newWorld(t)
		w.app.Defaults.Locale = "en"
		w.send(t, func(in *otp.SendInput) { in.To = to })
		if got := w.router.sent[0].Send.Locale; got != spoken[to] {
			t.Errorf("%s: %s, want %s", to, got, spoken[to])
		}
	}
}

// dueNow hands out every verification whose next step is due.
type dueNow struct{ *memory }

func (d dueNow) Due(_ context.Context, now time.Time, _ time.Duration, _ int) ([]otp.Verification, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var due []otp.Verification
	for _, v := range d.records {
		if !v.Next.At.IsZero() && !now.Before(v.Next.At) {
			due = append(due, v.Clone())
		}
	}
	return due, nil
}
