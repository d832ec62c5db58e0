package storetest

import (
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

func deliverTests() map[string]func(fixture) {
	return map[string]func(fixture){
		"deliver adds deliveries in order": func(f fixture) {
			v := f.begin()
			failed, taken := delivery(v, "a", "", after(0)), delivery(v, "b", "up-1", after(time.Second))
			failed.Status, failed.Checkable, failed.Class = otp.DeliveryFailed, false, "transient"
			taken.Channel = providers.WhatsApp
			got := f.deliver(otp.Dispatch{
				Reference: v.Reference, Deliveries: []otp.Delivery{failed, taken}, Now: after(time.Second),
			})
			v.Deliveries, v.Channel = []otp.Delivery{failed, taken}, providers.WhatsApp
			f.same(v, got)
			f.same(v, f.get(v.Reference))
		},
		"deliver replaces the delivery with the same id": func(f fixture) {
			v := f.sent()
			changed := v.Deliveries[0]
			changed.Status, changed.Handle.UpstreamID = otp.DeliveryUnknown, "up-new"
			got := f.deliver(otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{changed}, Now: after(time.Minute)})
			v.Deliveries = []otp.Delivery{changed}
			f.same(v, got)
			f.same(v, f.get(v.Reference))
		},
		"a replaced delivery is not checkable any more": func(f fixture) {
			v := f.sent()
			newer := delivery(v, "hubtel-gh", "up-2", after(time.Minute))
			got := f.deliver(otp.Dispatch{
				Reference: v.Reference, Deliveries: []otp.Delivery{newer}, Replaced: []string{v.Deliveries[0].ID},
				Now: after(time.Minute),
			})
			if got.Deliveries[0].Checkable || !got.Deliveries[1].Checkable {
				f.t.Errorf("deliveries: %+v", got.Deliveries)
			}
			f.same(got, f.get(v.Reference))
		},
		"a delivery that lives shorter lowers expiry and guesses": func(f fixture) {
			v := f.begin()
			d := delivery(v, "a", "up-1", after(0))
			d.ExpiresAt, d.Handle.Granted.Attempts = after(2*time.Minute), 2
			got := f.deliver(otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{d}, Now: after(0)})
			if !got.ExpiresAt.Equal(after(2*time.Minute)) || got.MaxAttempts != 2 {
				f.t.Errorf("expires %v after %d guesses", got.ExpiresAt, got.MaxAttempts)
			}
			_, err := f.store.Reserve(f.t.Context(), guess(v, "c1", nil, after(2*time.Minute)))
			f.refused(otp.Expired, err)
			f.reserve(guess(v, "c1", nil, after(2*time.Minute-time.Millisecond)))
		},
		"a send that nobody took fails the verification": func(f fixture) {
			v := f.begin()
			got := f.deliver(otp.Dispatch{Reference: v.Reference, Failed: true, Now: after(time.Second)})
			if got.Status != otp.StatusFailed || !got.EndedAt.Equal(after(time.Second)) {
				f.t.Errorf("%s at %v", got.Status, got.EndedAt)
			}
			f.same(got, f.get(v.Reference))
		},
		"a resend that nobody took leaves the live delivery": func(f fixture) {
			v := f.sent()
			got := f.deliver(otp.Dispatch{Reference: v.Reference, Failed: true, Now: after(time.Minute)})
			if got.Status != otp.StatusPending {
				f.t.Errorf("the verification is %s", got.Status)
			}
		},
		"a resend that did not happen is given back": func(f fixture) {
			v := f.sent()
			if err := f.renew(renewal(v, after(time.Minute)))(f.t.Context()); err != nil {
				f.t.Fatal(err)
			}
			got := f.deliver(otp.Dispatch{Reference: v.Reference, Refund: true, Now: after(time.Minute)})
			if got.Resends != 0 || got.ResendAt.After(after(time.Minute)) {
				f.t.Errorf("resends %d, next at %v", got.Resends, got.ResendAt)
			}
			f.same(got, f.get(v.Reference))
		},
		"the rest of the fallback is kept": func(f fixture) {
			v := f.begin()
			next := whole().Next
			f.deliver(otp.Dispatch{Reference: v.Reference, Next: &next, Now: after(0)})
			f.deliver(otp.Dispatch{Reference: v.Reference, Now: after(time.Second)})
			if diff := difference(next, f.get(v.Reference).Next); diff != "" {
				f.t.Error(diff)
			}
		},
		"a delivery that comes after the end is recorded and changes nothing else": func(f fixture) {
			for _, end := range f.ends() {
				before := f.get(end.v.Reference)
				late := delivery(before, "late", "up-late-"+string(before.Reference), end.now)
				f.deliver(otp.Dispatch{Reference: before.Reference, Deliveries: []otp.Delivery{late}, Now: end.now})
				got := f.get(before.Reference)
				before.Deliveries, before.Channel = append(before.Deliveries, late), late.Channel
				f.same(before, got)
			}
		},
		"deliver to an unknown verification is refused": func(f fixture) {
			_, err := f.store.Deliver(f.t.Context(), otp.Dispatch{Reference: otp.NewReference(after(0), draft(after(0)).To), Now: after(0)})
			f.refused(otp.NotFound, err)
		},
	}
}
