package storetest

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// settled is Settle as a step that is expected to be refused.
func (f fixture) settled(s otp.Settlement) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := f.store.Settle(ctx, s)
		return err
	}
}

func settleTests() map[string]func(fixture) {
	return map[string]func(fixture){
		"a success ends the verification and names its judge": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", failures(), after(time.Minute)))
			got := f.settle(settlement(v, otp.StatusVerified, "c1", after(2*time.Minute)))
			if got.Status != otp.StatusVerified || !got.EndedAt.Equal(after(2*time.Minute)) {
				f.t.Errorf("%s at %v", got.Status, got.EndedAt)
			}
			if c := got.Checks[0]; c.Outcome != otp.OutcomeRight || c.Provider != "hubtel-gh" {
				f.t.Errorf("check %+v", c)
			}
			f.same(got, f.get(v.Reference))
		},
		"a success counts although the time ran out while it was judged": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", failures(), after(5*time.Minute-time.Millisecond)))
			f.settle(settlement(v, otp.StatusVerified, "c1", after(5*time.Minute+time.Second)))
		},
		"the last guess can be the right one": func(f fixture) {
			v := f.sent()
			for _, id := range []string{"c1", "c2", "c3"} {
				f.reserve(guess(v, id, failures(), after(time.Minute)))
			}
			f.settle(settlement(v, otp.StatusVerified, "c3", after(time.Minute)))
		},
		"a success counts although others used up the guesses while it was judged": func(f fixture) {
			v := f.sent()
			for _, id := range []string{"c1", "c2", "c3"} {
				f.reserve(guess(v, id, failures(), after(time.Minute)))
			}
			f.settle(settlement(v, otp.StatusFailed, "c3", after(time.Minute)))
			got := f.settle(settlement(v, otp.StatusVerified, "c1", after(2*time.Minute)))
			if got.Status != otp.StatusVerified || !got.EndedAt.Equal(after(2*time.Minute)) {
				f.t.Errorf("%s at %v", got.Status, got.EndedAt)
			}
			f.same(got, f.get(v.Reference))
			f.keeps(v, otp.AlreadyVerified, f.settled(settlement(v, otp.StatusVerified, "c2", after(3*time.Minute))))
		},
		"no success follows on a guess that was given back": func(f fixture) {
			v := f.sent()
			for _, id := range []string{"c1", "c2"} {
				f.reserve(guess(v, id, failures(), after(time.Minute)))
			}
			f.release(otp.Release{
				Reference: v.Reference, Check: "c1", Outcome: otp.OutcomeUnavailable, Failures: failures(), Now: after(time.Minute),
			})
			f.settle(settlement(v, otp.StatusFailed, "c2", after(time.Minute)))
			f.keeps(v, otp.AttemptsExhausted, f.settled(settlement(v, otp.StatusVerified, "c1", after(2*time.Minute))))
		},
		"a judgement that ends nothing is noted": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", failures(), after(time.Minute)))
			s := settlement(v, otp.StatusPending, "c1", after(time.Minute))
			s.Dead = []string{v.Deliveries[0].ID}
			got := f.settle(s)
			if c := got.Checks[0]; c.Outcome != otp.OutcomeWrong || c.Provider != "hubtel-gh" {
				f.t.Errorf("check %+v", c)
			}
			if got.Status != otp.StatusPending {
				f.t.Errorf("the verification is %s", got.Status)
			}
			if got.Deliveries[0].Checkable {
				f.t.Error("the delivery is checkable still")
			}
			f.same(got, f.get(v.Reference))
		},
		"a verification is settled once": func(f fixture) {
			for _, end := range f.ends() {
				if f.get(end.v.Reference).Status == otp.StatusPending {
					continue // nobody has settled it
				}
				for _, status := range []otp.Status{otp.StatusVerified, otp.StatusFailed, otp.StatusPending} {
					f.keeps(end.v, end.code, f.settled(settlement(end.v, status, "", end.now)))
				}
			}
		},
		"a cancel is granted twice": func(f fixture) {
			v := f.sent()
			first := f.settle(settlement(v, otp.StatusCanceled, "", after(time.Minute)))
			if first.Status != otp.StatusCanceled {
				f.t.Errorf("the verification is %s", first.Status)
			}
			f.same(first, f.settle(settlement(v, otp.StatusCanceled, "", after(2*time.Minute))))
			f.same(first, f.get(v.Reference))
		},
		"a cancel of what ended otherwise is refused": func(f fixture) {
			for _, end := range f.ends() {
				seen := f.get(end.v.Reference).At(end.now).Status
				if seen == otp.StatusVerified || seen == otp.StatusExpired {
					f.keeps(end.v, end.code, f.settled(settlement(end.v, otp.StatusCanceled, "", end.now)))
				}
			}
		},
		"an unknown or foreign verification is not settled": func(f fixture) {
			f.strangers(func(m otp.Match) error {
				return f.settled(otp.Settlement{Match: m, Status: otp.StatusPending, Now: after(time.Minute)})(f.t.Context())
			})
		},
	}
}
