package storetest

import (
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

func beginTests() map[string]func(fixture) {
	return map[string]func(fixture){
		"begin records the whole verification": func(f fixture) {
			want := whole()
			f.same(want, f.begin(func(b *otp.Begin) { b.Verification = want }))
			f.same(want, f.get(want.Reference))
		},
		"begin records a recipient by e-mail": func(f fixture) {
			v := f.begin(func(b *otp.Begin) {
				b.Verification.To, b.Verification.Channel = providers.NewEmail("ama@example.com"), providers.Email
			})
			if got := f.get(v.Reference).To.Address(); got != "ama@example.com" {
				f.t.Errorf("the recipient is %q", got)
			}
		},
		"begin refuses a reference that is taken, and harms the one that has it in no way": func(f fixture) {
			v := f.sent()
			_, err := f.store.Begin(f.t.Context(), otp.Begin{
				Verification: v, Claims: []otp.Claim{claim("a", 1)}, Now: after(time.Second),
			})
			f.plain(err)
			f.same(v, f.get(v.Reference))
			f.begin(func(b *otp.Begin) { b.Claims = []otp.Claim{claim("a", 1)} })
		},
		"claims are counted and their levels answered": func(f fixture) {
			claims := []otp.Claim{claim("a", 3), claim("b", 5)}
			for n := 1; n <= 3; n++ {
				begun, err := f.store.Begin(f.t.Context(), otp.Begin{Verification: draft(after(0)), Claims: claims, Now: after(0)})
				if err != nil {
					f.t.Fatal(err)
				}
				if a, b := begun.Levels[0], begun.Levels[1]; a.Used != n || b.Used != n || a.Limit.Max != 3 || b.Name != "b" {
					f.t.Errorf("levels after %d: %+v", n, begun.Levels)
				}
			}
		},
		"a used up limit refuses, and nothing is counted or recorded": func(f fixture) {
			f.begin(func(b *otp.Begin) { b.Claims = []otp.Claim{claim("b", 1)} })
			refused := draft(after(0))
			_, err := f.store.Begin(f.t.Context(), otp.Begin{
				Verification: refused, Claims: []otp.Claim{claim("a", 1), claim("b", 1), claim("c", 1)}, Now: after(0),
				Once: once("k", 1),
			})
			refusal := f.refused(otp.RateLimited, err)
			if refusal.RetryAfter < time.Minute || refusal.RetryAfter > time.Minute+time.Second || len(refusal.Limits) != 3 {
				f.t.Errorf("retry after %v, limits %+v", refusal.RetryAfter, refusal.Limits)
			}
			_, err = f.store.Get(f.t.Context(), refused.Reference)
			f.refused(otp.NotFound, err)
			f.begin(func(b *otp.Begin) { // a, c and the key are as free as before
				b.Claims, b.Once = []otp.Claim{claim("a", 1), claim("c", 1)}, once("k", 2)
			})
		},
		"an event leaves the window, and not before": func(f fixture) {
			begin := func(now time.Time) error {
				_, err := f.store.Begin(f.t.Context(), otp.Begin{
					Verification: draft(now), Claims: []otp.Claim{claim("a", 1)}, Now: now,
				})
				return err
			}
			if err := begin(after(0)); err != nil {
				f.t.Fatal(err)
			}
			f.refused(otp.RateLimited, begin(after(time.Minute-time.Millisecond)))
			if err := begin(after(time.Minute + time.Minute/32)); err != nil {
				f.t.Error(err)
			}
		},
		"two claims under one key are counted twice": func(f fixture) {
			both := []otp.Claim{claim("a", 3), claim("a", 3)}
			f.begin(func(b *otp.Begin) { b.Claims = both })
			begun, err := f.store.Begin(f.t.Context(), otp.Begin{
				Verification: draft(after(0)), Claims: []otp.Claim{claim("a", 3)}, Now: after(0),
			})
			if err != nil || begun.Levels[0].Used != 3 {
				f.t.Errorf("levels %+v, error %v", begun.Levels, err)
			}
		},
	}
}

// claim counts against max events a minute.
func claim(name string, limit int) otp.Claim {
	return otp.Claim{Name: name, Key: "test " + name, Limit: otp.Limit{Max: limit, Window: time.Minute}}
}

// whole is a verification in which every field is set.
func whole() otp.Verification {
	v := draft(after(0))
	v.Hard, v.Key = otp.HardWish{Length: true, Alphabet: true, Message: true}, "order-17"
	v.Attempts, v.Resends = 1, 1
	first, second := delivery(v, "hubtel-gh", "up-1", after(time.Second)), delivery(v, "own", "", after(time.Minute))
	first.Status, first.Reason, first.Class, first.Code = otp.DeliveryUnknown, "timeout", "ambiguous", "504"
	first.Handle.Granted = providers.Granted{
		Length: 4, Alphabet: providers.Numeric, Expiry: 5 * time.Minute, Attempts: 3,
	}
	second.Channel, second.USSD, second.Place, second.Checkable = providers.USSD, "*713*7#", 2, false
	second.Status, second.ReportedAt = otp.DeliveryDelivered, after(61*time.Second)
	v.Deliveries = []otp.Delivery{first, second}
	v.Checks = []otp.Check{{
		ID: "c1", At: after(time.Minute + 123*time.Nanosecond), Outcome: otp.OutcomeWrong, Counted: true,
		Provider: "hubtel-gh", IP: "2001:db8::7",
	}}
	v.Next = otp.Schedule{
		At:    after(90 * time.Second),
		Steps: []otp.Step{{Channel: providers.Email, To: providers.NewEmail("ama@example.com"), After: time.Minute}},
	}
	return v
}
