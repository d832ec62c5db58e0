package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// crowd is how many callers come at once.
const crowd = 100

// race lets a crowd take step at the same moment, and counts how they fared: by the code of the refusal, and under ""
// those who were granted it.
func (f fixture) race(step func(caller int) error) map[otp.Code]int {
	f.t.Helper()
	errs := make([]error, crowd)
	start := make(chan struct{})
	var all sync.WaitGroup
	for n := range crowd {
		all.Go(func() {
			<-start
			errs[n] = step(n)
		})
	}
	close(start)
	all.Wait()
	fared := make(map[otp.Code]int)
	for _, err := range errs {
		if err == nil {
			fared[""]++
			continue
		}
		refusal, ok := errors.AsType[*otp.Error](err)
		if !ok {
			f.t.Fatalf("the store failed: %v", err)
		}
		fared[refusal.Code]++
	}
	return fared
}

func (f fixture) fared(got map[otp.Code]int, want map[otp.Code]int) {
	f.t.Helper()
	if diff := difference(want, got); diff != "" {
		f.t.Errorf("the crowd fared otherwise (-want +got):\n%s", diff)
	}
}

func crowdTests() map[string]func(fixture) {
	return map[string]func(fixture){
		"of a crowd, exactly as many guess as there are guesses": func(f fixture) {
			v := f.sent()
			f.fared(f.race(func(n int) error {
				return f.guessed(guess(v, fmt.Sprint(n), failures(), after(time.Minute)))(f.t.Context())
			}), map[otp.Code]int{"": 3, otp.AttemptsExhausted: crowd - 3})
			if got := f.get(v.Reference); got.Attempts != 3 || len(got.Checks) != 3 {
				f.t.Errorf("attempts %d, checks %d", got.Attempts, len(got.Checks))
			}
		},
		"of a crowd at many verifications, one person guesses no more than the limit": func(f fixture) {
			all := make([]otp.Verification, crowd)
			for n := range all {
				all[n] = f.sent()
			}
			f.fared(f.race(func(n int) error {
				return f.guessed(guess(all[n], "c1", failures(), after(time.Minute)))(f.t.Context())
			}), map[otp.Code]int{"": 10, otp.RecipientLocked: crowd - 10})
		},
		"of a crowd with the right code, one is granted": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", failures(), after(time.Minute)))
			f.fared(f.race(func(int) error {
				return f.settled(settlement(v, otp.StatusVerified, "c1", after(time.Minute)))(f.t.Context())
			}), map[otp.Code]int{"": 1, otp.AlreadyVerified: crowd - 1})
		},
		"cancel and verify at once end a verification in one way": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", failures(), after(time.Minute)))
			fared := f.race(func(n int) error {
				status := otp.StatusVerified
				if n%2 == 0 {
					status = otp.StatusCanceled
				}
				return f.settled(settlement(v, status, "c1", after(time.Minute)))(f.t.Context())
			})
			switch f.get(v.Reference).Status {
			case otp.StatusVerified:
				f.fared(fared, map[otp.Code]int{"": 1, otp.AlreadyVerified: crowd - 1})
			case otp.StatusCanceled: // which every cancel is granted
				f.fared(fared, map[otp.Code]int{"": crowd / 2, otp.Canceled: crowd / 2})
			default:
				f.t.Errorf("the verification is %s", f.get(v.Reference).Status)
			}
		},
		"of a crowd with one idempotency key, one begins": func(f fixture) {
			f.fared(f.race(func(int) error { return f.tryAgain(once("k", 1), after(0)) }),
				map[otp.Code]int{"": 1, otp.IdempotencyInProgress: crowd - 1})
		},
		"of a crowd under one limit, as many begin as it allows": func(f fixture) {
			f.fared(f.race(func(int) error {
				_, err := f.store.Begin(f.t.Context(), otp.Begin{
					Verification: draft(after(0)), Claims: []otp.Claim{claim("a", crowd), claim("b", 7)}, Now: after(0),
				})
				return err
			}), map[otp.Code]int{"": 7, otp.RateLimited: crowd - 7})
			begun, err := f.store.Begin(f.t.Context(), otp.Begin{
				Verification: draft(after(0)), Claims: []otp.Claim{claim("a", crowd)}, Now: after(0),
			})
			if err != nil || begun.Levels[0].Used != 8 {
				f.t.Errorf("levels %+v, error %v", begun.Levels, err)
			}
		},
		"of a crowd that resends, one is granted": func(f fixture) {
			v := f.sent()
			f.fared(f.race(func(int) error { return f.renew(renewal(v, after(time.Minute)))(f.t.Context()) }),
				map[otp.Code]int{"": 1, otp.ResendTooSoon: crowd - 1})
		},
		"a crowd gives one guess back once": func(f fixture) {
			v := f.sent()
			for _, id := range []string{"c1", "c2", "c3"} {
				f.reserve(guess(v, id, failures(), after(time.Minute)))
			}
			f.fared(f.race(func(int) error {
				_, err := f.store.Release(f.t.Context(), otp.Release{
					Reference: v.Reference, Check: "c1", Outcome: otp.OutcomeUnavailable, Failures: failures(),
					Now: after(time.Minute),
				})
				return err
			}), map[otp.Code]int{"": crowd})
			if got := f.get(v.Reference); got.Attempts != 2 {
				f.t.Errorf("attempts %d", got.Attempts)
			}
		},
		"a crowd's deliveries are all recorded": func(f fixture) {
			v := f.begin()
			f.fared(f.race(func(n int) error {
				one := delivery(v, "a", fmt.Sprint("up-", n), after(0))
				_, err := f.store.Deliver(f.t.Context(), otp.Dispatch{
					Reference: v.Reference, Deliveries: []otp.Delivery{one}, Now: after(0),
				})
				return err
			}), map[otp.Code]int{"": crowd})
			if got := f.get(v.Reference); len(got.Deliveries) != crowd {
				f.t.Errorf("%d deliveries", len(got.Deliveries))
			}
		},
	}
}
