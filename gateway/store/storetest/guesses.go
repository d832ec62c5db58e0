package storetest

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// guessed is Reserve as a step that is expected to be refused.
func (f fixture) guessed(g otp.Guess) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := f.store.Reserve(ctx, g)
		return err
	}
}

func (f fixture) release(r otp.Release) otp.Verification {
	f.t.Helper()
	v, err := f.store.Release(f.t.Context(), r)
	if err != nil {
		f.t.Fatalf("Release: %v", err)
	}
	return v
}

func reserveTests() map[string]func(fixture) {
	return map[string]func(fixture){
		"reserve counts a guess as wrong until it is judged": func(f fixture) {
			v := f.sent()
			got := f.reserve(guess(v, "c1", failures(), after(time.Minute)))
			v.Attempts = 1
			v.Checks = []otp.Check{{ID: "c1", At: after(time.Minute), Outcome: otp.OutcomeWrong, Counted: true, IP: "192.0.2.7"}}
			f.same(v, got)
			f.same(v, f.get(v.Reference))
		},
		"reserve grants as many guesses as there are": func(f fixture) {
			v := f.sent()
			for _, id := range []string{"c1", "c2", "c3"} {
				f.reserve(guess(v, id, failures(), after(time.Minute)))
			}
			f.keeps(v, otp.AttemptsExhausted, f.guessed(guess(v, "c4", failures(), after(time.Minute))))
		},
		"reserve is refused with the code that says how a verification ended": func(f fixture) {
			for _, end := range f.ends() {
				refusal := f.keeps(end.v, end.code, f.guessed(guess(end.v, "c9", nil, end.now)))
				if refusal.Reference != end.v.Reference {
					f.t.Errorf("the refusal tells of %q", refusal.Reference)
				}
			}
		},
		"reserve of an unknown or foreign verification is refused alike": func(f fixture) {
			f.strangers(func(m otp.Match) error {
				return f.guessed(otp.Guess{Match: m, ID: "c1", Now: after(time.Minute)})(f.t.Context())
			})
		},
	}
}

func releaseTests() map[string]func(fixture) {
	back := func(v otp.Verification, check string) otp.Release {
		return otp.Release{
			Reference: v.Reference, Check: check, Outcome: otp.OutcomeUnavailable, Failures: failures(),
			Now: after(2 * time.Minute),
		}
	}
	return map[string]func(fixture){
		"a released guess can be made again": func(f fixture) {
			v := f.sent()
			for _, id := range []string{"c1", "c2", "c3"} {
				f.reserve(guess(v, id, failures(), after(time.Minute)))
			}
			got := f.release(back(v, "c2"))
			if c := got.Checks[1]; got.Attempts != 2 || c.Counted || c.Outcome != otp.OutcomeUnavailable {
				f.t.Errorf("attempts %d, check %+v", got.Attempts, c)
			}
			f.same(got, f.get(v.Reference))
			f.reserve(guess(v, "c4", failures(), after(3*time.Minute)))
		},
		"a guess is released once": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", failures(), after(time.Minute)))
			f.reserve(guess(v, "c2", failures(), after(time.Minute)))
			first := f.release(back(v, "c1"))
			f.same(first, f.release(back(v, "c1")))
		},
		"the release of an unknown guess gives nothing back": func(f fixture) {
			v := f.sent()
			before := f.reserve(guess(v, "c1", failures(), after(time.Minute)))
			f.same(before, f.release(back(v, "c9")))
		},
		"a release buries dead deliveries": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", nil, after(time.Minute)))
			r := back(v, "c1")
			r.Dead = []string{v.Deliveries[0].ID}
			if got := f.release(r); got.Deliveries[0].Checkable {
				f.t.Error("the delivery is checkable still")
			}
		},
		"the release at an unknown verification is refused": func(f fixture) {
			_, err := f.store.Release(f.t.Context(), otp.Release{Reference: otp.NewReference(after(0), draft(after(0)).To), Now: after(0)})
			f.refused(otp.NotFound, err)
		},
	}
}
