package storetest

import (
	"errors"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// ended is a verification that has ended, and the code with which everything that comes at now is refused.
type ended struct {
	v    otp.Verification
	now  time.Time
	code otp.Code
}

// ends are verifications that ended in each of the ways there are.
func (f fixture) ends() []ended {
	f.t.Helper()
	verified, canceled, failed := f.sent(), f.sent(), f.begin()
	f.reserve(guess(verified, "c1", nil, after(time.Minute)))
	f.settle(settlement(verified, otp.StatusVerified, "c1", after(time.Minute)))
	f.settle(settlement(canceled, otp.StatusCanceled, "", after(time.Minute)))
	f.deliver(otp.Dispatch{Reference: failed.Reference, Failed: true, Now: after(time.Minute)})
	guessed := f.sent()
	for _, id := range []string{"c1", "c2", "c3"} {
		f.reserve(guess(guessed, id, nil, after(time.Minute)))
	}
	expired := f.sent()
	return []ended{
		{verified, after(2 * time.Minute), otp.AlreadyVerified},
		{canceled, after(2 * time.Minute), otp.Canceled},
		{failed, after(2 * time.Minute), otp.AttemptsExhausted},
		{guessed, after(2 * time.Minute), otp.AttemptsExhausted},
		{expired, after(5 * time.Minute), otp.Expired}, // to the moment
		{guessed, after(5 * time.Minute), otp.Expired},
		{verified, after(time.Hour), otp.AlreadyVerified}, // an end is not overtaken by the clock
		{canceled, after(time.Hour), otp.Canceled},
	}
}

// strangers runs step on a verification that is not there, and on one to which each part of the match does not apply.
// All must be refused with the same words, so that nobody learns what exists.
func (f fixture) strangers(step func(otp.Match) error) {
	f.t.Helper()
	v := f.sent()
	for what, m := range map[string]otp.Match{
		"unknown":       {Reference: otp.NewReference(after(0), draft(after(0)).To), App: v.App},
		"no reference":  {App: v.App},
		"foreign":       {Reference: v.Reference, App: "other"},
		"other person":  {Reference: v.Reference, App: v.App, To: "+233209999999"},
		"other purpose": {Reference: v.Reference, App: v.App, Purpose: "payment"},
	} {
		refusal := f.refused(otp.NotFound, step(m))
		_, err := f.store.Get(f.t.Context(), "unknown")
		if diff := difference(f.refused(otp.NotFound, err), refusal); diff != "" {
			f.t.Errorf("%s: refused otherwise than an unknown one (-unknown +got):\n%s", what, diff)
		}
	}
	f.same(v, f.get(v.Reference))
	if err := step(otp.Match{Reference: v.Reference, App: v.App, To: v.To.Address(), Purpose: v.Purpose}); err != nil {
		f.t.Errorf("with everything right: %v", err)
	}
}

// plain fails unless err is the store's own failure and not a refusal.
func (f fixture) plain(err error) {
	f.t.Helper()
	if err == nil {
		f.t.Fatal("no error")
	}
	if refusal, ok := errors.AsType[*otp.Error](err); ok {
		f.t.Fatalf("refused with %v, want a failure of the store", refusal)
	}
}
