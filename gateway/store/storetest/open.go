package storetest

import (
	"fmt"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// opened fails unless what is open for address at now is exactly want, in this order.
func (f fixture) opened(address string, now time.Time, want ...otp.Verification) {
	f.t.Helper()
	got, err := f.store.Open(f.t.Context(), address, now)
	if err != nil {
		f.t.Fatalf("Open: %v", err)
	}
	if len(got) != len(want) {
		f.t.Fatalf("%d are open, want %d", len(got), len(want))
	}
	for i := range want {
		f.same(want[i], got[i])
	}
}

// begun is a verification that was begun at a time of its own.
func (f fixture) begun(at time.Time, edits ...func(*otp.Begin)) otp.Verification {
	f.t.Helper()
	fresh := func(b *otp.Begin) { b.Verification, b.Now = draft(at), at }
	return f.begin(append([]func(*otp.Begin){fresh}, edits...)...)
}

func openTests() map[string]func(fixture) {
	const ama = "+233201234567"
	return map[string]func(fixture){
		"of a person all that is pending is open, the newest first": func(f fixture) {
			first, second := f.begun(after(0)), f.begun(after(time.Second))
			f.begun(after(0), func(b *otp.Begin) {
				address(&b.Verification, providers.NewPhone("+233201234568", "GH", "0201234568"))
			})
			rival := f.begun(after(2*time.Second), func(b *otp.Begin) { b.Verification.App = "rival" })
			f.opened(ama, after(time.Minute), rival, second, first)
			f.opened("+233201234569", after(time.Minute))
			f.opened("", after(time.Minute))
		},
		"open is as it stands now": func(f fixture) {
			v := f.begun(after(0))
			sent := f.deliver(otp.Dispatch{
				Reference: v.Reference, Deliveries: []otp.Delivery{delivery(v, "own", "up-1", after(0))}, Now: after(0),
			})
			f.opened(ama, after(time.Minute), sent)
		},
		"what was ended is not open": func(f fixture) {
			for _, status := range []otp.Status{otp.StatusVerified, otp.StatusFailed, otp.StatusCanceled} {
				v := f.begun(after(0))
				f.settle(settlement(v, status, "", after(time.Second)))
			}
			f.opened(ama, after(time.Minute))
		},
		"what ran out is not open, although nobody has ended it": func(f fixture) {
			old, young := f.begun(after(0)), f.begun(after(time.Second))
			f.opened(ama, old.ExpiresAt.Add(-time.Millisecond), young, old)
			f.opened(ama, old.ExpiresAt, young)
			f.opened(ama, young.ExpiresAt)
		},
		"what has no guess left is not open": func(f fixture) {
			v := f.begun(after(0))
			for n := range v.MaxAttempts {
				f.reserve(guess(v, fmt.Sprint("c", n), nil, after(time.Second)))
			}
			f.opened(ama, after(time.Minute))
		},
		"an expiry that was lowered counts": func(f fixture) {
			v := f.begun(after(0))
			short := delivery(v, "own", "up-1", after(0))
			short.ExpiresAt = after(time.Minute)
			lowered := f.deliver(otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{short}, Now: after(0)})
			f.opened(ama, after(time.Minute-time.Millisecond), lowered)
			f.opened(ama, after(time.Minute))
		},
		"no more than the newest are open": func(f fixture) {
			var newest []otp.Verification
			for n := range otp.MaxOpen + 2 {
				newest = append([]otp.Verification{f.begun(after(time.Duration(n) * time.Second))}, newest...)
			}
			f.opened(ama, after(time.Minute), newest[:otp.MaxOpen]...)
		},
	}
}
