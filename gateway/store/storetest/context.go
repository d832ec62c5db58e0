package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

func contextTests() map[string]func(fixture) {
	return map[string]func(fixture){
		"nothing is begun for a caller who has left": func(f fixture) {
			v, fresh := f.sent(), draft(after(0))
			left, cancel := context.WithCancel(f.t.Context())
			cancel()
			steps := map[string]func() error{
				"Begin": func() error {
					_, err := f.store.Begin(left, otp.Begin{Verification: fresh, Claims: []otp.Claim{claim("a", 1)}, Now: after(0)})
					return err
				},
				"Renew": func() error { return f.renew(renewal(v, after(time.Minute)))(left) },
				"Deliver": func() error {
					_, err := f.store.Deliver(left, otp.Dispatch{Reference: v.Reference, Failed: true, Now: after(0)})
					return err
				},
				"Reserve": func() error { return f.guessed(guess(v, "c1", failures(), after(0)))(left) },
				"Release": func() error {
					_, err := f.store.Release(left, otp.Release{Reference: v.Reference, Now: after(0)})
					return err
				},
				"Settle": func() error { return f.settled(settlement(v, otp.StatusVerified, "", after(0)))(left) },
				"Get": func() error {
					_, err := f.store.Get(left, v.Reference)
					return err
				},
				"Find": func() error {
					_, err := f.store.Find(left, "hubtel-gh", v.Deliveries[0].Handle.UpstreamID)
					return err
				},
			}
			steps["Report"] = func() error {
				report := told(v.Deliveries[0].Handle.UpstreamID, providers.DeliveryUndelivered, after(0))
				return f.store.Report(left, otp.Reporting{
					Provider: "hubtel-gh", Reports: []providers.Report{report}, Keep: keep, Now: after(0),
				})
			}
			steps["Open"] = func() error {
				_, err := f.store.Open(left, v.To.Address(), after(0))
				return err
			}
			steps["Levels"] = func() error {
				_, err := f.store.Levels(left, []otp.Claim{claim("a", 1)}, after(0))
				return err
			}
			for verb, step := range steps {
				if err := step(); !errors.Is(err, context.Canceled) {
					f.t.Errorf("%s: %v", verb, err)
				}
			}
			f.same(v, f.get(v.Reference))
			_, err := f.store.Get(f.t.Context(), fresh.Reference)
			f.refused(otp.NotFound, err)
			f.begin(func(b *otp.Begin) { b.Claims = []otp.Claim{claim("a", 1)} })
		},
	}
}
