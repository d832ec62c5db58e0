package storetest

import (
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

func readTests() map[string]func(fixture) {
	missing := func(f fixture, provider, id string) {
		f.t.Helper()
		_, err := f.store.Find(f.t.Context(), provider, id)
		f.refused(otp.NotFound, err)
	}
	found := func(f fixture, provider, id string, want otp.Verification) {
		f.t.Helper()
		got, err := f.store.Find(f.t.Context(), provider, id)
		if err != nil {
			f.t.Fatalf("Find %s %s: %v", provider, id, err)
		}
		f.same(want, got)
	}
	return map[string]func(fixture){
		"get of an unknown reference is refused": func(f fixture) {
			for _, ref := range []otp.Reference{"", otp.NewReference(after(0), draft(after(0)).To), "'; --"} {
				_, err := f.store.Get(f.t.Context(), ref)
				f.refused(otp.NotFound, err)
			}
		},
		"get tells what is stored and not what the clock made of it": func(f fixture) {
			v := f.sent()
			if got := f.get(v.Reference); got.Status != otp.StatusPending {
				f.t.Errorf("the verification is %s", got.Status)
			}
		},
		"a delivery is found by its provider's own id": func(f fixture) {
			v := f.sent()
			found(f, "hubtel-gh", "up-"+string(v.Reference), v)
			missing(f, "other", "up-"+string(v.Reference))
			missing(f, "hubtel-gh", "unknown")
			missing(f, "hubtel-gh", "")
		},
		"what is found is as it stands now": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", nil, after(time.Minute)))
			now := f.settle(settlement(v, otp.StatusVerified, "c1", after(time.Minute)))
			found(f, "hubtel-gh", "up-"+string(v.Reference), now)
		},
		"each delivery is found, and one that was replaced is not": func(f fixture) {
			v := f.sent()
			second := delivery(v, "own", "up-2", after(time.Minute))
			f.deliver(otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{second}, Now: after(time.Minute)})
			second.Handle.UpstreamID = "up-3"
			now := f.deliver(otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{second}, Now: after(time.Minute)})
			found(f, "hubtel-gh", "up-"+string(v.Reference), now)
			found(f, "own", "up-3", now)
			missing(f, "own", "up-2")
		},
		"a delivery without an id of its provider's own is not found": func(f fixture) {
			v := f.begin()
			nameless := delivery(v, "own", "", after(0))
			f.deliver(otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{nameless}, Now: after(0)})
			missing(f, "own", "")
		},
		"a delivery that came with the beginning is found": func(f fixture) {
			v := f.begin(func(b *otp.Begin) { b.Verification = whole() })
			found(f, "hubtel-gh", "up-1", v)
		},
		"what a caller does to an answer does not reach the store": func(f fixture) {
			v := f.sent()
			got := f.reserve(guess(v, "c1", nil, after(time.Minute)))
			want := f.get(v.Reference)
			got.Deliveries[0].Checkable, got.Checks[0].Counted, got.Attempts = false, false, 0
			f.same(want, f.get(v.Reference))
			again := f.release(otp.Release{Reference: v.Reference, Check: "none", Now: after(time.Minute)})
			f.same(want, again)
		},
	}
}
