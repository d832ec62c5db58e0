package otp_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

func TestDefaultsFillTheGaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.send(t)
	req := w.router.sent[0]
	if v.To.Address() != "+233201234567" || v.Channel != providers.SMS || v.MaxAttempts != 3 || v.Status != otp.StatusPending {
		t.Errorf("%+v", v)
	}
	if req.Hard != (routing.Hard{}) || req.Send.Wish.Length != 6 || req.Send.To.National() != "0201234567" {
		t.Errorf("%+v", req)
	}
	if got := v.ExpiresAt.Sub(v.CreatedAt); got != 5*time.Minute {
		t.Errorf("expires after %v", got)
	}
	if w.store.trips != 2 {
		t.Errorf("a send took %d steps of the store", w.store.trips)
	}
}

func TestWhatTheRequestNamesIsHard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	eight := 8
	w.send(t, func(in *otp.SendInput) {
		in.Length, in.Alphabet, in.Template, in.Locale = &eight, "alphabetic", "login", "fr-CI"
	})
	req := w.router.sent[0]
	if req.Hard != (routing.Hard{Length: true, Alphabet: true, Message: true}) || req.Send.Wish.Length != 8 {
		t.Errorf("%+v", req.Hard)
	}
	if req.Send.Message != "Shop : code {code}" {
		t.Errorf("message %q", req.Send.Message)
	}
}

func TestMistakesAreNamedByField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.app.Channels = []providers.Channel{providers.SMS, providers.Email}
	w.app.Countries = providers.Countries{"GH", "NG"}
	n := func(i int) *int { return &i }
	for name, test := range map[string]struct {
		in    otp.SendInput
		field string
	}{
		"no recipient":             {otp.SendInput{}, "to"},
		"impossible number":        {otp.SendInput{To: "+23320"}, "to"},
		"letters":                  {otp.SendInput{To: "call me"}, "to"},
		"country not allowed":      {otp.SendInput{To: "+254712345678"}, "to"},
		"bare address":             {otp.SendInput{To: "ama@localhost"}, "to"},
		"no such country":          {otp.SendInput{To: "0201234567", Country: "Ghana"}, "country"},
		"wrong country":            {otp.SendInput{To: "+233201234567", Country: "NG"}, "country"},
		"no such channel":          {otp.SendInput{To: "0201234567", Channel: "fax"}, "channel"},
		"channel not allowed":      {otp.SendInput{To: "0201234567", Channel: "voice"}, "channel"},
		"email to a number":        {otp.SendInput{To: "0201234567", Channel: "email"}, "channel"},
		"sms to an address":        {otp.SendInput{To: "ama@example.com", Channel: "sms"}, "channel"},
		"short code":               {otp.SendInput{To: "0201234567", Length: n(3)}, "code.length"},
		"long code":                {otp.SendInput{To: "0201234567", Length: n(11)}, "code.length"},
		"no such alphabet":         {otp.SendInput{To: "0201234567", Alphabet: "hex"}, "code.alphabet"},
		"short life":               {otp.SendInput{To: "0201234567", ExpiresIn: "59s"}, "expires_in"},
		"long life":                {otp.SendInput{To: "0201234567", ExpiresIn: "25h"}, "expires_in"},
		"no duration":              {otp.SendInput{To: "0201234567", ExpiresIn: "soon"}, "expires_in"},
		"no guess":                 {otp.SendInput{To: "0201234567", MaxAttempts: n(0)}, "max_attempts"},
		"eleven guesses":           {otp.SendInput{To: "0201234567", MaxAttempts: n(11)}, "max_attempts"},
		"unknown template":         {otp.SendInput{To: "0201234567", Template: "x"}, "template"},
		"message without code":     {otp.SendInput{To: "0201234567", Message: "hello"}, "message"},
		"unknown placeholder":      {otp.SendInput{To: "0201234567", Message: "{code} {secret}"}, "message"},
		"stray bracket":            {otp.SendInput{To: "0201234567", Message: "{code} {"}, "message"},
		"control character":        {otp.SendInput{To: "0201234567", Message: "{code}\x00"}, "message"},
		"endless message":          {otp.SendInput{To: "0201234567", Message: "{code}" + strings.Repeat("x", 1000)}, "message"},
		"message and template":     {otp.SendInput{To: "0201234567", Message: "{code}", Template: "login"}, "message"},
		"no locale":                {otp.SendInput{To: "0201234567", Locale: "English!"}, "locale"},
		"long purpose":             {otp.SendInput{To: "0201234567", Purpose: strings.Repeat("x", 65)}, "purpose"},
		"sender with line break":   {otp.SendInput{To: "0201234567", Sender: "a\r\nb"}, "sender"},
		"no address of a client":   {otp.SendInput{To: "0201234567", ClientIP: "localhost"}, "client.ip"},
		"metadata without key":     {otp.SendInput{To: "0201234567", Metadata: map[string]string{"": "x"}}, "metadata"},
		"much metadata":            {otp.SendInput{To: "0201234567", Metadata: map[string]string{"a": strings.Repeat("x", 5000)}}, "metadata"},
		"fallback at once":         {otp.SendInput{To: "0201234567", Fallback: []otp.FallbackInput{{"sms", "", "0s"}}}, "fallback[0].after"},
		"fallback to nowhere":      {otp.SendInput{To: "0201234567", Fallback: []otp.FallbackInput{{"fax", "", "9s"}}}, "fallback[0].channel"},
		"fallback without address": {otp.SendInput{To: "0201234567", Fallback: []otp.FallbackInput{{"email", "", "9s"}}}, "fallback[0].channel"},
		"fallback to a bad number": {otp.SendInput{To: "0201234567", Fallback: []otp.FallbackInput{{"sms", "1", "9s"}}}, "fallback[0].to"},
	} {
		_, err := w.Send(t.Context(), w.app, test.in)
		e, _ := errors.AsType[*otp.Error](err)
		if e == nil || e.Code != otp.InvalidRequest || len(e.Fields) != 1 || e.Fields[0].Field != test.field {
			t.Errorf("%s: %+v", name, err)
		}
	}
	if w.store.trips != 0 {
		t.Error("a request with mistakes reached the store")
	}
}

func TestFailureOfAllProviders(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		failure *routing.Failure
		try     providers.Class
		code    otp.Code
		status  otp.Status
		retry   bool
	}{
		"all down":  {&routing.Failure{Class: providers.Transient}, providers.Transient, otp.ProviderUnavailable, otp.StatusFailed, true},
		"no route":  {&routing.Failure{NoRoute: true}, providers.Unsupported, otp.NoRoute, otp.StatusFailed, false},
		"rejected":  {&routing.Failure{Class: providers.Rejected}, providers.Rejected, otp.RecipientRejected, otp.StatusFailed, false},
		"busy":      {&routing.Failure{Class: providers.Busy}, providers.Busy, otp.RateLimited, otp.StatusFailed, true},
		"uncertain": {&routing.Failure{Class: providers.Ambiguous}, providers.Ambiguous, otp.ProviderUnavailable, otp.StatusPending, true},
	} {
		w := newWorld(t)
		w.router.script = []step{{tries: []routing.Try{refused("hubtel", test.try)}, failure: test.failure}}
		r, err := w.Send(t.Context(), w.app, otp.SendInput{To: "0201234567"})
		e, _ := errors.AsType[*otp.Error](err)
		if e == nil || e.Code != test.code || e.Reference == "" || (e.RetryAfter > 0) != test.retry {
			t.Errorf("%s: %+v", name, err)
		}
		if r.Verification.Status != test.status {
			t.Errorf("%s: status %s", name, r.Verification.Status)
		}
	}
}

func TestLateAnswerMakesTheCodeCheckable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	timedOut := refused("hubtel", providers.Ambiguous)
	w.router.script = []step{{tries: []routing.Try{timedOut, taken("zend", "r2")}}}
	v := w.send(t)
	if v.Deliveries[0].Status != otp.DeliveryUnknown || len(v.Live(time.Now())) != 1 {
		t.Fatalf("%+v", v.Deliveries)
	}
	answer := taken("hubtel", "r1")
	answer.At = timedOut.At
	w.router.late(answer)
	if _, err := w.check(t, v.Reference, "1234"); err != nil {
		t.Errorf("the code that came late: %v", err)
	}
}

func TestCodeOfAnUncertainDeliveryIsNotWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.router.script = []step{{
		tries: []routing.Try{refused("hubtel", providers.Ambiguous)}, failure: &routing.Failure{Class: providers.Ambiguous},
	}}
	r, _ := w.Send(t.Context(), w.app, otp.SendInput{To: "0201234567"})
	if _, err := w.check(t, r.Verification.Reference, "1234"); codeOf(t, err) != otp.ProviderUnavailable {
		t.Error(err)
	}
	if got := w.store.records[r.Verification.Reference].Attempts; got != 0 {
		t.Errorf("counted %d", got)
	}
}

func TestProvidersTermsLowerTheVerifications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	try := taken("zend", "r1")
	try.Handle.Granted.Expiry, try.Handle.Granted.Attempts = time.Minute, 2
	w.router.script = []step{{tries: []routing.Try{try}}}
	v := w.send(t)
	if v.MaxAttempts != 2 || v.ExpiresAt.Sub(try.At) != time.Minute {
		t.Errorf("%d attempts, expires after %v", v.MaxAttempts, v.ExpiresAt.Sub(try.At))
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]otp.Limits{
		"recipient": {Recipient: []otp.Limit{{Max: 9, Window: 24 * time.Hour}, {Max: 2, Window: time.Minute}}},
		"app":       {App: []otp.Limit{{Max: 2, Window: time.Second}}},
		"ip":        {IP: []otp.Limit{{Max: 2, Window: 10 * time.Minute}}},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(p *otp.Policy) { p.Limits = limits })
			in := otp.SendInput{To: "0201234567", ClientIP: "2001:db8::1"}
			for range 2 {
				r, err := w.Send(t.Context(), w.app, in)
				if err != nil || len(r.Levels) == 0 {
					t.Fatalf("%s: %v", name, err)
				}
			}
			in.ClientIP = "2001:db8::2" // the same household
			_, err := w.Send(t.Context(), w.app, in)
			e, _ := errors.AsType[*otp.Error](err)
			if e == nil || e.Code != otp.RateLimited || e.RetryAfter <= 0 || len(e.Limits) == 0 {
				t.Fatalf("%s: %+v", name, err)
			}
			time.Sleep(e.RetryAfter)
			if _, err := w.Send(t.Context(), w.app, in); err != nil {
				t.Errorf("%s: after Retry-After: %v", name, err)
			}
		})
	}
}

// A fallback to somebody else's address writes to a person too.
func TestLimitsBearOnEveryRecipientOfTheFallback(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *otp.Policy) { p.Limits.Recipient = []otp.Limit{{Max: 1, Window: time.Hour}} })
	in := otp.SendInput{To: "0201234567", Fallback: []otp.FallbackInput{{Channel: "email", To: "ama@example.com", After: "30s"}}}
	if _, err := w.Send(t.Context(), w.app, in); err != nil {
		t.Fatal(err)
	}
	in.To = "0241234567"
	if _, err := w.Send(t.Context(), w.app, in); codeOf(t, err) != otp.RateLimited {
		t.Errorf("the same mailbox again: %v", err)
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rendered := 0
	in := otp.SendInput{To: "0201234567", Once: &otp.OnceInput{Key: "k", Render: func(v otp.Verification, err error) otp.Answer {
		rendered++
		return otp.Answer{Status: 201, Body: []byte(v.Reference)}
	}}}
	one, err := w.Send(t.Context(), w.app, in)
	if err != nil || one.Replayed || string(one.Answer.Body) != string(one.Verification.Reference) {
		t.Fatalf("first: %+v, %v", one, err)
	}
	two, err := w.Send(t.Context(), w.app, in)
	if err != nil || !two.Replayed || !cmp.Equal(one.Answer, two.Answer) || rendered != 1 || len(w.router.sent) != 1 {
		t.Errorf("second: %+v, %v", two, err)
	}
}

func TestAnswerWorthRepeatingFreesTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.router.script = []step{
		{tries: []routing.Try{refused("hubtel", providers.Transient)}, failure: &routing.Failure{Class: providers.Transient}},
		{tries: []routing.Try{taken("hubtel", "r1")}},
	}
	in := otp.SendInput{To: "0201234567", Once: &otp.OnceInput{Key: "k", Render: func(otp.Verification, error) otp.Answer {
		return otp.Answer{Status: 201}
	}}}
	if _, err := w.Send(t.Context(), w.app, in); codeOf(t, err) != otp.ProviderUnavailable {
		t.Fatal(err)
	}
	if r, err := w.Send(t.Context(), w.app, in); err != nil || r.Replayed {
		t.Errorf("the repeat: %+v, %v", r, err)
	}
}

func TestProvidersLearnWhatBecameOfTheirCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.router.script = []step{{tries: []routing.Try{refused("a", providers.Transient), taken("hubtel", "r1")}}}
	v := w.send(t)
	if _, err := w.check(t, v.Reference, "1234"); err != nil {
		t.Fatal(err)
	}
	lost := w.send(t)
	otp.Teach(w.learnt, w.store.records[lost.Reference].At(lost.ExpiresAt))
	if got := w.learnt["hubtel"]; got != [2]int{1, 2} || len(w.learnt) != 1 {
		t.Errorf("learnt %v", w.learnt)
	}
}

func TestNoSendWithoutItsRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.broken = errors.New("gone")
	_, err := w.Send(t.Context(), w.app, otp.SendInput{To: "0201234567"})
	if codeOf(t, err) != otp.StoreUnavailable || len(w.router.sent) != 0 {
		t.Errorf("%v, sent %d", err, len(w.router.sent))
	}
}

func TestFallbackAtOnceWhenAChannelIsUsedUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.router.script = []step{{failure: &routing.Failure{NoRoute: true}}, {tries: []routing.Try{taken("hubtel", "r1")}}}
	v := w.send(t, func(in *otp.SendInput) {
		in.Channel = "whatsapp"
		in.Fallback = []otp.FallbackInput{{"sms", "", "30s"}, {"email", "ama@example.com", "60s"}}
	})
	if v.Channel != providers.SMS || len(w.router.sent) != 2 || len(v.Next.Steps) != 1 {
		t.Fatalf("%+v", v)
	}
	if v.Next.Steps[0].Channel != providers.Email || v.Next.At.IsZero() {
		t.Errorf("next %+v", v.Next)
	}
}

// A step that nobody serves does not make a final answer of one that is worth repeating.
func TestAStepWithoutARouteDecidesNothing(t *testing.T) {
	t.Parallel()
	nowhere := step{failure: &routing.Failure{NoRoute: true}}
	for name, test := range map[string]struct {
		first  step
		code   otp.Code
		status otp.Status
	}{
		"all down":                      {failing(providers.Transient), otp.ProviderUnavailable, otp.StatusFailed},
		"a code that may be on its way": {failing(providers.Ambiguous), otp.ProviderUnavailable, otp.StatusPending},
		"must wait":                     {failing(providers.Busy), otp.RateLimited, otp.StatusFailed},
		"barred":                        {failing(providers.Rejected), otp.RecipientRejected, otp.StatusFailed},
		"no route":                      {nowhere, otp.NoRoute, otp.StatusFailed},
	} {
		w := newWorld(t)
		w.router.script = []step{test.first, nowhere}
		r, err := w.Send(t.Context(), w.app, otp.SendInput{
			To: "0201234567", Fallback: []otp.FallbackInput{{"email", "ama@example.com", "30s"}},
		})
		if codeOf(t, err) != test.code || r.Verification.Status != test.status || len(w.router.sent) != 2 {
			t.Errorf("%s: %v, %s, sent %d", name, err, r.Verification.Status, len(w.router.sent))
		}
	}
}

// failing is a step in which everybody who was asked failed in this way.
func failing(class providers.Class) step {
	return step{tries: []routing.Try{refused("hubtel", class)}, failure: &routing.Failure{Class: class}}
}

func TestBarredNumberEndsItsStepsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.router.script = []step{
		{tries: []routing.Try{refused("a", providers.Rejected)}, failure: &routing.Failure{Class: providers.Rejected}},
		{tries: []routing.Try{taken("hubtel", "r1")}},
	}
	v := w.send(t, func(in *otp.SendInput) {
		in.Fallback = []otp.FallbackInput{{"whatsapp", "", "30s"}, {"email", "ama@example.com", "60s"}}
	})
	if len(w.router.sent) != 2 || w.router.sent[1].Send.Channel != providers.Email || v.Status != otp.StatusPending {
		t.Errorf("%+v", w.router.sent)
	}
}
