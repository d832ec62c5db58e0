package gateway_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
	"github.com/otpgate/otpgate/gateway/store/sqlite"
	"github.com/otpgate/otpgate/providers"
)

// Both stores tell the same of the same traffic: a gateway that moves from one to the other reads nothing new.
func TestBothStoresTellTheSame(t *testing.T) {
	t.Parallel()
	const never = time.Hour // the test lives in the past, and nothing of it may run out before it looks
	file, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "otpgate.db"), SweepEvery: never})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	shared, err := redis.Open(t.Context(), redis.Options{
		Addresses: []string{startRedis(t).Address}, Timeout: 10 * time.Second, Track: true, SweepEvery: never,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	past := shared.History(30 * 24 * time.Hour)
	begin := time.Now().UTC().Truncate(time.Hour).Add(-time.Hour)
	for n := range 60 {
		live(t, begin.Add(time.Duration(n)*time.Minute), []otp.Store{file, shared}, func() {
			for more := 1; more > 0; {
				if more, err = past.Follow(context.WithoutCancel(t.Context())); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	now := begin.Add(90 * time.Minute) // some have run out, and nobody has swept them yet
	same(t, "list", func(h otp.History) (any, error) {
		page, err := h.List(t.Context(), otp.Query{App: "shop", Limit: 200, Now: now})
		var told []string
		for _, v := range page.Items {
			told = append(told, fmt.Sprint(v.Reference, v.Status, v.Attempts, len(v.Deliveries)))
		}
		return told, err
	}, file.History(), past)
	same(t, "events", func(h otp.History) (any, error) {
		page, err := h.Events(t.Context(), otp.Query{App: "shop", Limit: 200, Now: now})
		var told []string
		for _, e := range page.Items {
			told = append(told, fmt.Sprint(e.At.UnixMilli(), e.Kind, e.Reference, e.Provider, e.Status))
		}
		return told, err
	}, file.History(), past)
	for _, by := range [][]otp.Group{nil, {otp.GroupProvider}, {otp.GroupHour, otp.GroupChannel}, {otp.GroupDay}} {
		same(t, fmt.Sprint("report by ", by), func(h otp.History) (any, error) {
			return h.Report(t.Context(), otp.ReportQuery{From: begin, Until: begin.Add(3 * time.Hour), By: by, Now: now})
		}, file.History(), past)
	}
}

func same(t *testing.T, what string, ask func(otp.History) (any, error), one, other otp.History) {
	t.Helper()
	want, err := ask(one)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ask(other)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%s: %v\n%s", what, err, diff)
	}
	if len(fmt.Sprint(want)) < 10 {
		t.Errorf("%s tells nothing: %v", what, want)
	}
}

// live begins a verification at now and does to it what people and providers do, in both stores alike.
func live(t *testing.T, now time.Time, stores []otp.Store, then func()) {
	t.Helper()
	person := rand.IntN(20)
	to := providers.NewPhone(fmt.Sprintf("+23324%07d", person), "GH", fmt.Sprintf("024%07d", person))
	v := otp.Verification{
		Reference: otp.NewReference(now, to), App: "shop", To: to, Channel: providers.SMS, Status: otp.StatusPending,
		CreatedAt: now, ExpiresAt: now.Add(5 * time.Minute), MaxAttempts: 3, MaxResends: 3,
		Metadata: map[string]string{"order": fmt.Sprint(person)},
	}
	match := otp.Match{Reference: v.Reference, App: v.App}
	failed, taken := tried(v, "hubtel-gh", otp.DeliveryFailed, 1), tried(v, "zend", otp.DeliverySent, 2)
	each := func(step func(context.Context, otp.Store) error) {
		for _, s := range stores {
			if err := step(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		then()
	}
	each(func(ctx context.Context, s otp.Store) error {
		_, err := s.Begin(ctx, otp.Begin{Verification: v, Now: now})
		return err
	})
	each(func(ctx context.Context, s otp.Store) error {
		_, err := s.Deliver(ctx, otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{failed, taken}, Now: now})
		return err
	})
	if rand.IntN(3) == 0 {
		return // it runs out
	}
	each(func(ctx context.Context, s otp.Store) error {
		_, err := s.Reserve(ctx, otp.Guess{Match: match, ID: "c1", Now: now.Add(20 * time.Second)})
		return err
	})
	end, outcome := otp.Settlement{Match: match, Check: "c1", Provider: "zend", Now: now.Add(21 * time.Second)}, rand.IntN(3)
	each(func(ctx context.Context, s otp.Store) error {
		switch outcome {
		case 0:
			end.Status = otp.StatusVerified
		case 1:
			end.Status = otp.StatusCanceled
		default:
			_, err := s.Release(ctx, otp.Release{
				Reference: v.Reference, Check: "c1", Outcome: otp.OutcomeUnavailable, Now: end.Now,
			})
			return err
		}
		_, err := s.Settle(ctx, end)
		return err
	})
	each(func(ctx context.Context, s otp.Store) error {
		return s.Report(ctx, otp.Reporting{
			Provider: "zend", Keep: time.Minute, Now: now.Add(time.Minute),
			Reports: []providers.Report{{UpstreamID: taken.Handle.UpstreamID, State: providers.DeliveryDelivered}},
		})
	})
}

func tried(v otp.Verification, provider string, status otp.DeliveryStatus, place int) otp.Delivery {
	return otp.Delivery{
		ID: provider + string(v.Reference), Provider: provider, Channel: v.Channel, To: v.To, Status: status, At: v.CreatedAt,
		Took: 40 * time.Millisecond, Place: place, Checkable: status == otp.DeliverySent, ExpiresAt: v.ExpiresAt,
		Handle: providers.Handle{UpstreamID: provider + "-" + string(v.Reference)},
		Cost:   otp.Cost{Micros: 35_000, Currency: "USD"},
	}
}
