package storetest

import (
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// once guards a request by a key, for a lease of a minute and an answer that is kept for a day.
func once(key string, fingerprint byte) *otp.Once {
	return &otp.Once{
		Key: key, Fingerprint: [32]byte{31: fingerprint}, Lease: time.Minute, Keep: 24 * time.Hour,
	}
}

func answer() *otp.Answer {
	return &otp.Answer{Status: 201, ContentType: "application/json", Body: []byte("{\"a\": \"\x00\xff\"}\n")}
}

// done finishes the request of key "k"; nil sets the key free.
func done(a *otp.Answer) *otp.Done { return &otp.Done{Key: "k", Answer: a, Keep: 24 * time.Hour} }

func onceTests() map[string]func(fixture) {
	return map[string]func(fixture){
		"an answered request is replayed byte for byte, and nothing is done": func(f fixture) {
			v := f.guarded(answer())
			again := draft(after(time.Hour))
			begun := f.again(again, once("k", 1), after(time.Hour))
			if begun.Replay == nil || difference(answer(), begun.Replay) != "" {
				f.t.Fatalf("replayed %+v", begun.Replay)
			}
			_, err := f.store.Get(f.t.Context(), again.Reference)
			f.refused(otp.NotFound, err)
			if got := f.get(v.Reference); len(got.Deliveries) != 0 {
				f.t.Errorf("the first verification has changed: %+v", got)
			}
		},
		"a replay counts no claim": func(f fixture) {
			f.guarded(answer())
			_, err := f.store.Begin(f.t.Context(), otp.Begin{
				Verification: draft(after(0)), Claims: []otp.Claim{claim("a", 1)}, Once: once("k", 1), Now: after(0),
			})
			if err != nil {
				f.t.Fatal(err)
			}
			f.begin(func(b *otp.Begin) { b.Claims = []otp.Claim{claim("a", 1)} })
		},
		"an answer without a body is replayed": func(f fixture) {
			f.guarded(&otp.Answer{Status: 204})
			begun := f.again(draft(after(0)), once("k", 1), after(0))
			if begun.Replay == nil || begun.Replay.Status != 204 || len(begun.Replay.Body) != 0 {
				f.t.Errorf("replayed %+v", begun.Replay)
			}
		},
		"a key with another request is a mismatch, answered or not": func(f fixture) {
			v := f.begin(func(b *otp.Begin) { b.Once = once("k", 1) })
			f.refused(otp.IdempotencyMismatch, f.tryAgain(once("k", 2), after(time.Hour)))
			f.deliver(otp.Dispatch{Reference: v.Reference, Done: done(answer()), Now: after(0)})
			f.refused(otp.IdempotencyMismatch, f.tryAgain(once("k", 2), after(time.Hour)))
		},
		"an unfinished request holds its key as long as its lease": func(f fixture) {
			f.begin(func(b *otp.Begin) { b.Once = once("k", 1) })
			refusal := f.refused(otp.IdempotencyInProgress, f.tryAgain(once("k", 1), after(time.Minute-time.Millisecond)))
			if refusal.RetryAfter <= 0 || refusal.RetryAfter > time.Second {
				f.t.Errorf("retry after %v", refusal.RetryAfter)
			}
			taken := f.again(draft(after(time.Minute)), once("k", 1), after(time.Minute))
			if taken.Replay != nil || taken.Verification.Reference == "" {
				f.t.Errorf("took over with %+v", taken)
			}
			f.get(taken.Verification.Reference)
			f.refused(otp.IdempotencyInProgress, f.tryAgain(once("k", 1), after(2*time.Minute-time.Millisecond)))
		},
		"who was taken over does not answer or free the key any more": func(f fixture) {
			late := f.begin(func(b *otp.Begin) { b.Once = once("k", 1) })
			taken := f.again(draft(after(time.Minute)), once("k", 1), after(time.Minute)).Verification
			for _, a := range []*otp.Answer{answer(), nil} {
				f.deliver(otp.Dispatch{Reference: late.Reference, Done: done(a), Now: after(time.Minute)})
				f.refused(otp.IdempotencyInProgress, f.tryAgain(once("k", 1), after(time.Minute)))
			}
			own := &otp.Answer{Status: 201, Body: []byte("second")}
			f.deliver(otp.Dispatch{Reference: taken.Reference, Done: done(own), Now: after(time.Minute)})
			if got := f.again(draft(after(0)), once("k", 1), after(time.Hour)).Replay; difference(own, got) != "" {
				f.t.Errorf("replayed %+v", got)
			}
		},
		"the first answer stands": func(f fixture) {
			v := f.guarded(answer())
			for _, a := range []*otp.Answer{{Status: 500}, nil} {
				f.deliver(otp.Dispatch{Reference: v.Reference, Done: done(a), Now: after(0)})
			}
			if got := f.again(draft(after(0)), once("k", 1), after(0)).Replay; difference(answer(), got) != "" {
				f.t.Errorf("replayed %+v", got)
			}
		},
		"a key that is set free serves any request": func(f fixture) {
			f.guarded(nil)
			if begun := f.again(draft(after(0)), once("k", 2), after(0)); begun.Replay != nil {
				f.t.Errorf("replayed %+v", begun.Replay)
			}
		},
		"an answer is kept for its time and no longer": func(f fixture) {
			f.guarded(answer())
			f.refused(otp.IdempotencyMismatch, f.tryAgain(once("k", 2), after(24*time.Hour-time.Millisecond)))
			if begun := f.again(draft(after(0)), once("k", 2), after(24*time.Hour)); begun.Replay != nil {
				f.t.Errorf("replayed %+v", begun.Replay)
			}
		},
		"an answer to an unknown key is not kept": func(f fixture) {
			v := f.begin()
			f.deliver(otp.Dispatch{Reference: v.Reference, Done: done(answer()), Now: after(0)})
			if begun := f.again(draft(after(0)), once("k", 1), after(0)); begun.Replay != nil {
				f.t.Errorf("replayed %+v", begun.Replay)
			}
		},
		"keys do not meet each other": func(f fixture) {
			f.guarded(answer())
			if begun := f.again(draft(after(0)), once("other", 2), after(0)); begun.Replay != nil {
				f.t.Errorf("replayed %+v", begun.Replay)
			}
		},
	}
}

// guarded is a verification whose request had the key k and was finished with a.
func (f fixture) guarded(a *otp.Answer) otp.Verification {
	f.t.Helper()
	v := f.begin(func(b *otp.Begin) { b.Once = once("k", 1) })
	f.deliver(otp.Dispatch{Reference: v.Reference, Done: done(a), Now: after(0)})
	return v
}

// again begins v under a key that was seen before.
func (f fixture) again(v otp.Verification, o *otp.Once, now time.Time) otp.Begun {
	f.t.Helper()
	begun, err := f.store.Begin(f.t.Context(), otp.Begin{Verification: v, Once: o, Now: now})
	if err != nil {
		f.t.Fatalf("Begin again: %v", err)
	}
	return begun
}

func (f fixture) tryAgain(o *otp.Once, now time.Time) error {
	_, err := f.store.Begin(f.t.Context(), otp.Begin{Verification: draft(now), Once: o, Now: now})
	return err
}
