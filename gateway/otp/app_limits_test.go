package otp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// An app's own limits stand in place of the shared ones, and count what that app does alone.
func TestLimitsOfAnAppsOwn(t *testing.T) {
	t.Parallel()
	once := []otp.Limit{{Max: 1, Window: time.Hour}}
	twice := []otp.Limit{{Max: 2, Window: time.Hour}}
	for name, test := range map[string]struct {
		shared otp.Limits
		own    otp.AppLimits
	}{
		"recipient": {otp.Limits{Recipient: once}, otp.AppLimits{Recipient: twice}},
		"app":       {otp.Limits{App: once}, otp.AppLimits{App: twice}},
		"ip":        {otp.Limits{IP: once}, otp.AppLimits{IP: twice}},
		"country":   {otp.Limits{}, otp.AppLimits{Countries: map[string][]otp.Limit{"GH": twice}}},
	} {
		w := newWorld(t, func(p *otp.Policy) {
			p.Limits, p.AppLimits = test.shared, map[string]otp.AppLimits{"shop": test.own}
		})
		other := *w.app
		other.ID = "other"
		in := otp.SendInput{To: "0201234567", ClientIP: "203.0.113.7"}
		if _, err := w.Send(t.Context(), &other, in); err != nil {
			t.Fatalf("%s: another app: %v", name, err)
		}
		for range 2 {
			if _, err := w.Send(t.Context(), w.app, in); err != nil {
				t.Fatalf("%s: the other app's send, or the shared limit, counts: %v", name, err)
			}
		}
		_, err := w.Send(t.Context(), w.app, in)
		e, _ := errors.AsType[*otp.Error](err)
		if e == nil || e.Code != otp.RateLimited || e.Limits[len(e.Limits)-1].Name != name {
			t.Errorf("%s: the third send: %v", name, err)
		}
	}
}

func TestAnEmptyLimitOfAnAppIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *otp.Policy) {
		p.Limits.Recipient = []otp.Limit{{Max: 1, Window: time.Hour}}
		p.AppLimits = map[string]otp.AppLimits{"shop": {Recipient: []otp.Limit{}}}
	})
	for range 3 {
		if _, err := w.Send(t.Context(), w.app, otp.SendInput{To: "0201234567"}); err != nil {
			t.Fatal(err)
		}
	}
}

// What may be sent to a country counts over all apps, also where an app has a limit of its own, and for resends too.
func TestLimitsOfCountries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *otp.Policy) {
		p.Limits.Countries = map[string][]otp.Limit{"GH": {{Max: 3, Window: time.Hour}}}
		own := map[string][]otp.Limit{"GH": {{Max: 9, Window: time.Hour}}}
		p.AppLimits = map[string]otp.AppLimits{"shop": {Countries: own}}
	})
	other := *w.app
	other.ID, other.Defaults.ResendAfter = "other", 0
	r, err := w.Send(t.Context(), &other, otp.SendInput{To: "0201234567"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Resend(t.Context(), &other, otp.ResendInput{Reference: string(r.Verification.Reference)}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Send(t.Context(), w.app, otp.SendInput{To: "0241234567"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Send(t.Context(), w.app, otp.SendInput{To: "0201234567"}); codeOf(t, err) != otp.RateLimited {
		t.Errorf("a fourth message to Ghana: %v", err)
	}
	for _, to := range []string{"+2348031234567", "ama@example.com"} {
		if _, err := w.Send(t.Context(), w.app, otp.SendInput{To: to}); err != nil {
			t.Errorf("%s is not in Ghana: %v", to, err)
		}
	}
}
