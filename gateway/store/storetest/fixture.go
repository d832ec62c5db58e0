package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// after is d after the moment at which every test begins. That lies far ahead, so that no clock of a store's own ends
// anything before the test does.
func after(d time.Duration) time.Time {
	return time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC).Add(d)
}

// fixture is a store with short words for what tests do to it.
type fixture struct {
	t     *testing.T
	store otp.Store
}

// draft is a verification as send would begin it at now: five minutes, three guesses, two resends a minute apart.
func draft(now time.Time) otp.Verification {
	to := providers.NewPhone("+233201234567", "GH", "0201234567")
	return otp.Verification{
		Reference: otp.NewReference(now, to),
		App:       "shop",
		To:        to,
		Channel:   providers.SMS,
		Purpose:   "login",
		Wish:      providers.CodeWish{Length: 6, Alphabet: providers.Numeric, Expiry: 5 * time.Minute, Attempts: 3},
		Hard:      otp.HardWish{Length: true},
		Sender:    "Shop",
		Message:   "{code} is your code",
		Locale:    "en-GH",
		Metadata:  map[string]string{"order": "17"},
		ClientIP:  "192.0.2.7",
		Status:    otp.StatusPending,
		CreatedAt: now, ExpiresAt: now.Add(5 * time.Minute),
		MaxAttempts: 3, MaxResends: 2, ResendAfter: time.Minute, ResendAt: now.Add(time.Minute),
	}
}

// address makes v one of the person at to.
func address(v *otp.Verification, to providers.Recipient) {
	v.To, v.Reference = to, otp.NewReference(v.CreatedAt, to)
}

// delivery is one that provider took at now, good as long as v.
func delivery(v otp.Verification, provider, upstreamID string, now time.Time) otp.Delivery {
	return otp.Delivery{
		ID: string(otp.NewReference(now, v.To)), Provider: provider, Channel: v.Channel, To: v.To, Status: otp.DeliverySent,
		At: now, Took: 40 * time.Millisecond, Rule: "ghana", Place: 1,
		Handle:    providers.Handle{UpstreamID: upstreamID, Prefix: "ABCD", State: []byte{1, 2, 3}},
		Checkable: true, ExpiresAt: v.ExpiresAt,
	}
}

// begin starts a verification at the beginning of the test, with what edits change of it.
func (f fixture) begin(edits ...func(*otp.Begin)) otp.Verification {
	f.t.Helper()
	b := otp.Begin{Verification: draft(after(0)), Now: after(0)}
	for _, edit := range edits {
		edit(&b)
	}
	begun, err := f.store.Begin(f.t.Context(), b)
	if err != nil {
		f.t.Fatalf("Begin: %v", err)
	}
	return begun.Verification
}

// sent is a verification with one live delivery.
func (f fixture) sent(edits ...func(*otp.Begin)) otp.Verification {
	f.t.Helper()
	v := f.begin(edits...)
	return f.deliver(otp.Dispatch{
		Reference:  v.Reference,
		Deliveries: []otp.Delivery{delivery(v, "hubtel-gh", "up-"+string(v.Reference), after(time.Second))},
		Now:        after(time.Second),
	})
}

func (f fixture) deliver(d otp.Dispatch) otp.Verification {
	f.t.Helper()
	v, err := f.store.Deliver(f.t.Context(), d)
	if err != nil {
		f.t.Fatalf("Deliver: %v", err)
	}
	return v
}

// guess is a guess at v under a limit of wrong guesses; nil: none.
func guess(v otp.Verification, id string, limit *otp.Limit, now time.Time) otp.Guess {
	return otp.Guess{
		Match: otp.Match{Reference: v.Reference, App: v.App}, ID: id, IP: "192.0.2.7", Failures: limit, Now: now,
	}
}

func (f fixture) reserve(g otp.Guess) otp.Verification {
	f.t.Helper()
	v, err := f.store.Reserve(f.t.Context(), g)
	if err != nil {
		f.t.Fatalf("Reserve %s: %v", g.ID, err)
	}
	return v
}

// settlement ends v as status by the check with the given id.
func settlement(v otp.Verification, status otp.Status, check string, now time.Time) otp.Settlement {
	return otp.Settlement{
		Match: otp.Match{Reference: v.Reference, App: v.App}, Status: status, Check: check, Provider: "hubtel-gh", Now: now,
	}
}

func (f fixture) settle(s otp.Settlement) otp.Verification {
	f.t.Helper()
	v, err := f.store.Settle(f.t.Context(), s)
	if err != nil {
		f.t.Fatalf("Settle: %v", err)
	}
	return v
}

func (f fixture) get(ref otp.Reference) otp.Verification {
	f.t.Helper()
	v, err := f.store.Get(f.t.Context(), ref)
	if err != nil {
		f.t.Fatalf("Get: %v", err)
	}
	return v
}

// keeps runs step, which must be refused with code, and fails when v is not the same before and after it.
func (f fixture) keeps(v otp.Verification, code otp.Code, step func(context.Context) error) otp.Error {
	f.t.Helper()
	before := f.get(v.Reference)
	refusal := f.refused(code, step(f.t.Context()))
	f.same(before, f.get(v.Reference))
	return refusal
}

// refused fails unless err is a refusal with code, and one that a developer can read.
func (f fixture) refused(code otp.Code, err error) otp.Error {
	f.t.Helper()
	refusal, ok := errors.AsType[*otp.Error](err)
	if !ok {
		f.t.Fatalf("got %v, want a refusal with %s", err, code)
	}
	if refusal.Code != code {
		f.t.Fatalf("refused with %s, want %s", refusal, code)
	}
	if refusal.Detail == "" {
		f.t.Errorf("the refusal %s has no sentence for the developer", code)
	}
	return *refusal
}

// same compares verifications as they are stored.
func (f fixture) same(want, got otp.Verification) {
	f.t.Helper()
	if diff := difference(want, got); diff != "" {
		f.t.Errorf("the verification differs (-want +got):\n%s", diff)
	}
}

// kept is a verification as far as stores keep it.
type kept otp.Verification

func difference(want, got any) string {
	return cmp.Diff(want, got,
		cmp.Comparer(func(a, b providers.Recipient) bool { return a == b }),
		cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) }),
		cmp.Transformer("kept", func(v otp.Verification) any {
			record, err := otp.EncodeRecord(v)
			if err != nil {
				return err.Error()
			}
			decoded, err := otp.DecodeRecord(record)
			if err != nil {
				return err.Error()
			}
			return kept(decoded)
		}),
	)
}
