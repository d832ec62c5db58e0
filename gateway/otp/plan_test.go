package otp_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// planWorld is a world whose router can serve SMS and e-mail, and whose rule for SMS falls back.
func planWorld(t *testing.T, change ...func(*otp.Policy)) *world {
	t.Helper()
	w := newWorld(t, change...)
	serves := []routing.Place{{Number: 1, Spot: routing.Spot{Provider: "hubtel"}}}
	w.router.plans = map[providers.Channel]routing.Plan{
		providers.SMS: {Matched: true, Rule: "texts", Line: 7, Places: serves, Fallback: []routing.Step{
			{Channel: providers.WhatsApp, After: 30 * time.Second}, {Channel: providers.Email, After: time.Minute},
			{Channel: providers.Voice, After: time.Minute},
		}},
		providers.Email: {Matched: true, Rule: "mail", Places: serves},
		providers.Voice: {Matched: true, Rule: "calls", Places: serves},
	}
	return w
}

func (w *world) plan(t *testing.T, change ...func(*otp.SendInput)) otp.Preview {
	t.Helper()
	in := otp.SendInput{To: "0201234567"}
	for _, f := range change {
		f(&in)
	}
	p, err := w.Plan(t.Context(), w.app, in)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return p
}

// timeline is the steps of a plan in short.
func timeline(p otp.Preview) []string {
	var steps []string
	for _, s := range p.Steps {
		text := fmt.Sprintf("%s +%s %s", s.Channel, otp.FormatDuration(s.After), s.Plan.Rule)
		if s.Dropped {
			text = fmt.Sprintf("%s +%s dropped", s.Channel, otp.FormatDuration(s.After))
		}
		steps = append(steps, text)
	}
	return steps
}

func fallback(steps ...otp.FallbackInput) func(*otp.SendInput) {
	return func(in *otp.SendInput) { in.Fallback = steps }
}

func TestPlanShowsEachStepAtItsTime(t *testing.T) {
	t.Parallel()
	const mail = "ama@example.com"
	for name, test := range map[string]struct {
		change func(*otp.SendInput)
		want   []string
	}{
		"the rule's fallback, as far as it reaches the person": {
			func(*otp.SendInput) {}, []string{"sms +0s texts", "whatsapp +30s ", "voice +30s calls"},
		},
		"the request's own fallback": {
			fallback(otp.FallbackInput{Channel: "voice", After: "30s"}, otp.FallbackInput{Channel: "email", To: mail, After: "60s"}),
			[]string{"sms +0s texts", "voice +30s calls", "email +90s mail"},
		},
		"what comes after the expiry is dropped, and all that follows it": {
			fallback(
				otp.FallbackInput{Channel: "voice", After: "4m"}, otp.FallbackInput{Channel: "email", To: mail, After: "60s"},
				otp.FallbackInput{Channel: "sms", After: "1s"},
			),
			[]string{"sms +0s texts", "voice +4m calls", "email +5m dropped", "sms +301s dropped"},
		},
		"where nobody can be asked, the next step is made at once": {
			func(in *otp.SendInput) {
				in.Channel = "whatsapp"
				fallback(otp.FallbackInput{Channel: "voice", After: "30s"}, otp.FallbackInput{Channel: "sms", After: "30s"})(in)
			},
			[]string{"whatsapp +0s ", "voice +0s calls", "sms +30s texts"},
		},
		"no fallback": {
			func(in *otp.SendInput) { in.To = mail }, []string{"email +0s mail"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, timeline(planWorld(t).plan(t, test.change))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A later step's code has less left to live, and that is what providers are asked for.
func TestPlanAsksForWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := planWorld(t)
	eight := 8
	p := w.plan(t, fallback(otp.FallbackInput{Channel: "voice", After: "30s"}), func(in *otp.SendInput) { in.Length = &eight })
	first, second := w.router.planned[0], w.router.planned[1]
	if first.Send.Wish.Expiry != 5*time.Minute || second.Send.Wish.Expiry != 270*time.Second {
		t.Errorf("expiry %v, then %v", first.Send.Wish.Expiry, second.Send.Wish.Expiry)
	}
	if first.App != "shop" || !first.Hard.Length || first.Send.Wish.Length != 8 || first.Send.To.Address() != "+233201234567" {
		t.Errorf("%+v", first)
	}
	if p.To.Address() != "+233201234567" || p.Channel != providers.SMS || p.Expiry != 5*time.Minute {
		t.Errorf("%+v", p)
	}
}

func TestPlanTellsTheLimitsAndCountsNothing(t *testing.T) {
	t.Parallel()
	w := planWorld(t, func(p *otp.Policy) {
		p.Limits = otp.Limits{
			Recipient: []otp.Limit{{Max: 5, Window: 10 * time.Minute}}, App: []otp.Limit{{Max: 200, Window: time.Minute}},
			IP: []otp.Limit{{Max: 1, Window: time.Minute}},
		}
	})
	w.send(t)
	w.router.sent, w.store.trips = nil, 0
	for range 3 {
		got := map[string]int{}
		for _, l := range w.plan(t, func(in *otp.SendInput) { in.ClientIP = "192.0.2.7" }).Limits {
			got[l.Name+" "+l.Limit.String()] = l.Used
		}
		if diff := cmp.Diff(map[string]int{"recipient 5/10m": 1, "app 200/1m": 1, "ip 1/1m": 0}, got); diff != "" {
			t.Error(diff)
		}
	}
	if len(w.router.sent) != 0 || len(w.store.records) != 1 || w.store.trips != 3 {
		t.Errorf("%d sends, %d records, %d steps of the store", len(w.router.sent), len(w.store.records), w.store.trips)
	}
	w.send(t, func(in *otp.SendInput) { in.ClientIP = "192.0.2.7" }) // its only one: nothing was counted before
}

func TestPlanRefusesWhatSendRefuses(t *testing.T) {
	t.Parallel()
	w := planWorld(t)
	in := otp.SendInput{To: "call me", Channel: "fax"}
	_, planErr := w.Plan(t.Context(), w.app, in)
	_, sendErr := w.Send(t.Context(), w.app, in)
	planned, _ := errors.AsType[*otp.Error](planErr)
	sent, _ := errors.AsType[*otp.Error](sendErr)
	if diff := cmp.Diff(sent, planned); diff != "" || sent == nil {
		t.Errorf("%v\n%s", sendErr, diff)
	}
}

func TestPlanWithoutItsStore(t *testing.T) {
	t.Parallel()
	w := planWorld(t, func(p *otp.Policy) { p.Limits.Recipient = []otp.Limit{{Max: 5, Window: time.Hour}} })
	w.store.broken = errors.New("disk full")
	_, err := w.Plan(t.Context(), w.app, otp.SendInput{To: "0201234567"})
	if codeOf(t, err) != otp.StoreUnavailable {
		t.Error(err)
	}
}
