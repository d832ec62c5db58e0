package storetest

import (
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// lockTests are about the wrong guesses of one person, which are counted over all verifications of every app.
func lockTests() map[string]func(fixture) {
	two := &otp.Limit{Max: 2, Window: time.Hour}
	locked := func(f fixture, v otp.Verification, now time.Time) otp.Error {
		f.t.Helper()
		return f.keeps(v, otp.RecipientLocked, f.guessed(guess(v, "locked", two, now)))
	}
	return map[string]func(fixture){
		"a person's wrong guesses lock every verification": func(f fixture) {
			a, b := f.sent(), f.sent(func(b *otp.Begin) { b.Verification.App = "other" })
			f.reserve(guess(a, "c1", two, after(time.Minute)))
			f.reserve(guess(b, "c1", two, after(time.Minute)))
			refusal := locked(f, f.sent(), after(2*time.Minute))
			if refusal.RetryAfter < 58*time.Minute || refusal.RetryAfter > time.Hour {
				f.t.Errorf("retry after %v", refusal.RetryAfter)
			}
		},
		"a lock opens when the guesses are old": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", two, after(0)))
			f.reserve(guess(v, "c2", two, after(0)))
			later := after(time.Hour + time.Minute)
			fresh := f.begin(func(b *otp.Begin) { b.Verification, b.Now = draft(later), later })
			f.reserve(guess(fresh, "c1", two, later))
		},
		"another person is not locked": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", two, after(0)))
			f.reserve(guess(v, "c2", two, after(0)))
			other := f.sent(func(b *otp.Begin) {
				address(&b.Verification, providers.NewPhone("+233209999999", "GH", "0209999999"))
			})
			f.reserve(guess(other, "c1", two, after(time.Minute)))
		},
		"a refused guess locks nobody": func(f fixture) {
			v := f.sent()
			for range 3 {
				f.keeps(v, otp.Expired, f.guessed(guess(v, "late", two, after(time.Hour))))
			}
			f.reserve(guess(v, "c1", two, after(time.Minute)))
			f.reserve(guess(v, "c2", two, after(time.Minute)))
			locked(f, v, after(time.Minute))
		},
		"a released guess unlocks": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", two, after(time.Minute)))
			f.reserve(guess(v, "c2", two, after(time.Minute)))
			r := otp.Release{
				Reference: v.Reference, Check: "c1", Outcome: otp.OutcomeUnavailable, Failures: two,
				Now: after(2 * time.Minute),
			}
			f.release(r)
			f.release(r) // gives nothing back a second time
			f.reserve(guess(v, "c3", two, after(2*time.Minute)))
			locked(f, v, after(2*time.Minute))
		},
		"a success takes its own guess back and no other": func(f fixture) {
			v, other := f.sent(), f.sent()
			f.reserve(guess(v, "c1", two, after(time.Minute)))
			f.reserve(guess(v, "c2", two, after(time.Minute)))
			s := settlement(v, otp.StatusVerified, "c2", after(2*time.Minute))
			s.Failures = two
			f.settle(s)
			f.reserve(guess(other, "c1", two, after(2*time.Minute)))
			locked(f, other, after(2*time.Minute))
		},
		"a settlement that is refused takes nothing back": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", two, after(time.Minute)))
			f.reserve(guess(v, "c2", two, after(time.Minute)))
			f.settle(settlement(v, otp.StatusCanceled, "", after(time.Minute)))
			s := settlement(v, otp.StatusVerified, "c2", after(2*time.Minute))
			s.Failures = two
			f.keeps(v, otp.Canceled, f.settled(s))
			locked(f, f.sent(), after(2*time.Minute))
		},
	}
}
