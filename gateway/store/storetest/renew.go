package storetest

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

func renewal(v otp.Verification, now time.Time) otp.Renewal {
	return otp.Renewal{Match: otp.Match{Reference: v.Reference, App: v.App}, Now: now}
}

func (f fixture) renew(r otp.Renewal) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := f.store.Renew(ctx, r)
		return err
	}
}

func renewTests() map[string]func(fixture) {
	return map[string]func(fixture){
		"renew counts a resend": func(f fixture) {
			v := f.sent()
			r := renewal(v, after(time.Minute))
			r.Claims = []otp.Claim{claim("a", 5)}
			begun, err := f.store.Renew(f.t.Context(), r)
			if err != nil {
				f.t.Fatal(err)
			}
			got := begun.Verification
			if got.Resends != 1 || !got.ResendAt.Equal(after(2*time.Minute)) || begun.Levels[0].Used != 1 {
				f.t.Errorf("resends %d, next at %v, levels %+v", got.Resends, got.ResendAt, begun.Levels)
			}
			f.same(got, f.get(v.Reference))
		},
		"renew is refused too soon": func(f fixture) {
			v := f.sent()
			refusal := f.keeps(v, otp.ResendTooSoon, f.renew(renewal(v, after(time.Minute-time.Second))))
			if refusal.RetryAfter != time.Second || refusal.Reference != v.Reference {
				f.t.Errorf("%+v", refusal)
			}
		},
		"renew is refused when every resend was used": func(f fixture) {
			v := f.sent()
			for n := range 2 {
				if err := f.renew(renewal(v, after(time.Duration(n+1)*time.Minute)))(f.t.Context()); err != nil {
					f.t.Fatal(err)
				}
			}
			f.keeps(v, otp.ResendsExhausted, f.renew(renewal(v, after(4*time.Minute))))
		},
		"renew is refused with the code that says how a verification ended": func(f fixture) {
			for _, end := range f.ends() {
				f.keeps(end.v, end.code, f.renew(renewal(end.v, end.now)))
			}
		},
		"renew of an unknown or foreign verification is refused alike": func(f fixture) {
			f.strangers(func(m otp.Match) error {
				return f.renew(otp.Renewal{Match: m, Now: after(time.Minute)})(f.t.Context())
			})
		},
		"a refused renewal counts no claim and keeps no key": func(f fixture) {
			v := f.sent()
			r := renewal(v, after(time.Second))
			r.Claims, r.Once = []otp.Claim{claim("a", 1)}, once("k", 1)
			f.keeps(v, otp.ResendTooSoon, f.renew(r))
			r.Now, r.Once = after(time.Minute), once("k", 2)
			if err := f.renew(r)(f.t.Context()); err != nil {
				f.t.Error(err)
			}
		},
		"a used up limit refuses a renewal, and no resend is counted": func(f fixture) {
			v := f.sent()
			r := renewal(v, after(time.Minute))
			r.Claims = []otp.Claim{claim("a", 1)}
			f.begin(func(b *otp.Begin) { b.Claims, b.Now = r.Claims, r.Now })
			f.keeps(v, otp.RateLimited, f.renew(r))
		},
		"a renewal is replayed": func(f fixture) {
			v := f.sent()
			r := renewal(v, after(time.Minute))
			r.Once = once("k", 1)
			if err := f.renew(r)(f.t.Context()); err != nil {
				f.t.Fatal(err)
			}
			f.keeps(v, otp.IdempotencyInProgress, f.renew(r))
			before := f.deliver(otp.Dispatch{Reference: v.Reference, Done: done(answer()), Now: r.Now})
			begun, err := f.store.Renew(f.t.Context(), r)
			if err != nil || difference(answer(), begun.Replay) != "" {
				f.t.Errorf("replayed %+v, error %v", begun.Replay, err)
			}
			f.same(before, f.get(v.Reference))
		},
	}
}
