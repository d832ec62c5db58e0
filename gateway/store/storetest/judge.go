package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// tried is a guess whose judge says what is to be settled. It is settled afterwards where the store did not do so in the
// step that counted it.
func tried(ctx context.Context, s otp.Store, g otp.Guess, says otp.Settlement) (otp.Verification, error) {
	g.Judge = func(*otp.Verification) *otp.Settlement { return &says }
	v, err := s.Reserve(ctx, g)
	if err != nil || v.Status == says.Status {
		return v, err
	}
	return s.Settle(ctx, says)
}

// rightly is a guess that is judged right; lastly is one that is judged wrong, and that was the last.
func (f fixture) rightly(g otp.Guess) (otp.Verification, error) {
	return tried(f.t.Context(), f.store, g, verdict(g, otp.StatusVerified))
}

func (f fixture) lastly(g otp.Guess) (otp.Verification, error) {
	return tried(f.t.Context(), f.store, g, verdict(g, otp.StatusFailed))
}

func verdict(g otp.Guess, status otp.Status) otp.Settlement {
	return otp.Settlement{
		Match: g.Match, Status: status, Check: g.ID, Provider: "hubtel-gh", Failures: g.Failures, Now: g.Now,
	}
}

func judgeTests() map[string]func(fixture) {
	return map[string]func(fixture){
		"a right guess ends the verification and is none of the wrong ones": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", failures(), after(time.Minute)))
			got, err := f.rightly(guess(v, "c2", failures(), after(2*time.Minute)))
			if err != nil || got.Status != otp.StatusVerified || got.Attempts != 2 || !got.EndedAt.Equal(after(2*time.Minute)) {
				f.t.Fatalf("%s after %d guesses at %v: %v", got.Status, got.Attempts, got.EndedAt, err)
			}
			if c := got.Checks[1]; c.Outcome != otp.OutcomeRight || !c.Counted || c.Provider != "hubtel-gh" {
				f.t.Errorf("check %+v", c)
			}
			f.same(got, f.get(v.Reference))
			claims := []otp.Claim{otp.FailureClaim(v.To, *failures())}
			levels, err := f.store.Levels(f.t.Context(), claims, after(2*time.Minute))
			if err != nil || levels[0].Used != 1 {
				f.t.Errorf("wrong guesses of the person: %+v, %v", levels, err)
			}
			f.keeps(v, otp.AlreadyVerified, f.guessed(guess(v, "c3", failures(), after(3*time.Minute))))
		},
		"the last guess that is judged wrong ends the verification": func(f fixture) {
			v := f.sent()
			for _, id := range []string{"c1", "c2"} {
				f.reserve(guess(v, id, failures(), after(time.Minute)))
			}
			got, err := f.lastly(guess(v, "c3", failures(), after(2*time.Minute)))
			if err != nil || got.Status != otp.StatusFailed || got.Checks[2].Outcome != otp.OutcomeWrong {
				f.t.Fatalf("%s, %+v: %v", got.Status, got.Checks, err)
			}
			f.same(got, f.get(v.Reference))
			f.keeps(v, otp.AttemptsExhausted, f.guessed(guess(v, "c4", failures(), after(3*time.Minute))))
		},
		"a guess about which the judge says nothing is counted": func(f fixture) {
			v := f.sent()
			for n := 1; n <= 2; n++ {
				var told []int
				g := guess(v, fmt.Sprint("c", n), failures(), after(time.Minute))
				g.Judge = func(v *otp.Verification) *otp.Settlement {
					told = append(told, v.Attempts)
					return nil
				}
				got := f.reserve(g)
				if got.Status != otp.StatusPending || got.Attempts != n || len(told) > 0 && told[len(told)-1] != n {
					f.t.Errorf("%s with %d guesses, the judge saw %v", got.Status, got.Attempts, told)
				}
				f.same(got, f.get(v.Reference))
			}
		},
		"a judge hears of the codes there are": func(f fixture) {
			v := f.sent()
			second := delivery(v, "zend-gh", "up-2-"+string(v.Reference), after(2*time.Second))
			f.deliver(otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{second}, Now: after(2 * time.Second)})
			codes := -1
			g := guess(v, "c1", failures(), after(time.Minute))
			g.Judge = func(v *otp.Verification) *otp.Settlement {
				codes = len(v.Deliveries)
				return nil
			}
			if got := f.reserve(g); codes != -1 && codes != len(got.Deliveries) {
				f.t.Errorf("the judge heard of %d codes, there are %d", codes, len(got.Deliveries))
			}
		},
		"the right guess of a person who is locked is refused": func(f fixture) {
			one := &otp.Limit{Max: 1, Window: time.Hour}
			v := f.sent()
			f.reserve(guess(v, "c1", one, after(time.Minute)))
			f.keeps(v, otp.RecipientLocked, func(context.Context) error {
				_, err := f.rightly(guess(v, "c2", one, after(2*time.Minute)))
				return err
			})
		},
		"the right guess at what has ended is refused": func(f fixture) {
			for _, end := range f.ends() {
				f.keeps(end.v, end.code, func(context.Context) error {
					_, err := f.rightly(guess(end.v, "c9", failures(), end.now))
					return err
				})
			}
		},
		"the right guess at an unknown or foreign verification is refused": func(f fixture) {
			f.strangers(func(m otp.Match) error {
				_, err := f.rightly(otp.Guess{Match: m, ID: "c1", Now: after(time.Minute)})
				return err
			})
		},
		"of a crowd with the right code, one is granted in its step": func(f fixture) {
			v := f.sent()
			fared := f.race(func(n int) error {
				_, err := f.rightly(guess(v, fmt.Sprint(n), failures(), after(time.Minute)))
				return err
			})
			if fared[""] != 1 || fared[""]+fared[otp.AlreadyVerified]+fared[otp.AttemptsExhausted] != crowd {
				f.t.Errorf("fared %v", fared)
			}
			if got := f.get(v.Reference); got.Status != otp.StatusVerified || got.Attempts > 3 {
				f.t.Errorf("%s after %d guesses", got.Status, got.Attempts)
			}
		},
		"of a crowd that is judged wrong, as many guess as there are guesses": func(f fixture) {
			v := f.sent()
			fared := f.race(func(n int) error {
				g := guess(v, fmt.Sprint(n), failures(), after(time.Minute))
				g.Judge = func(v *otp.Verification) *otp.Settlement {
					if v.AttemptsRemaining() > 0 {
						return nil
					}
					s := verdict(g, otp.StatusFailed)
					return &s
				}
				_, err := f.store.Reserve(f.t.Context(), g)
				return err
			})
			f.fared(fared, map[otp.Code]int{"": 3, otp.AttemptsExhausted: crowd - 3})
			if got := f.get(v.Reference); got.Attempts != 3 || len(got.Checks) != 3 {
				f.t.Errorf("attempts %d, checks %d", got.Attempts, len(got.Checks))
			}
		},
	}
}
