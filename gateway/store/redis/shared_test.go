package redis_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
	"github.com/otpgate/otpgate/providers"
)

// two are stores of two gateways on one Redis.
func two(t *testing.T) [2]*redis.Store {
	t.Helper()
	a := open(t)
	return [2]*redis.Store{a, open(t, func(o *redis.Options) { o.Prefix = a.Prefix() })}
}

const rounds = 100

// granted counts how many of rounds calls, spread over both stores at once, are granted.
func granted(t *testing.T, both [2]*redis.Store, call func(s *redis.Store, n int) error) int64 {
	t.Helper()
	var yes atomic.Int64
	var all sync.WaitGroup
	for n := range rounds {
		all.Go(func() {
			err := call(both[n%2], n)
			if err == nil {
				yes.Add(1)
			} else if _, ok := errors.AsType[*otp.Error](err); !ok {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return yes.Load()
}

func TestTwoGatewaysAreOne(t *testing.T) {
	t.Parallel()
	t.Run("a limit of a person holds over both", func(t *testing.T) {
		t.Parallel()
		to := somebody()
		claims := []otp.Claim{
			recipient(to, otp.Limit{Max: 7, Window: 10 * time.Minute}),
			recipient(to, otp.Limit{Max: 90, Window: 24 * time.Hour}),
		}
		both := two(t)
		n := granted(t, both, func(s *redis.Store, _ int) error {
			v := draft(to)
			_, err := s.Begin(t.Context(), otp.Begin{Verification: v, Claims: claims, Now: v.CreatedAt})
			return err
		})
		if n != 7 {
			t.Errorf("%d were begun, want 7", n)
		}
		levels, err := both[0].Levels(t.Context(), claims, time.Now().UTC())
		if err != nil || levels[0].Used != 7 || levels[1].Used != 7 {
			t.Errorf("%+v, %v", levels, err)
		}
	})
	t.Run("the limit of an app is never exceeded by many people, and what was refused is given back", func(t *testing.T) {
		t.Parallel()
		app := otp.Claim{Name: "app", Key: "app 30/1h shop", Limit: otp.Limit{Max: 30, Window: time.Hour}}
		both := two(t)
		n := granted(t, both, func(s *redis.Store, _ int) error {
			v := draft(somebody())
			claims := []otp.Claim{recipient(v.To, otp.Limit{Max: 1, Window: time.Hour}), app}
			_, err := s.Begin(t.Context(), otp.Begin{Verification: v, Claims: claims, Now: v.CreatedAt})
			if err != nil {
				levels, lost := s.Levels(t.Context(), claims[:1], v.CreatedAt)
				if lost != nil || levels[0].Used != 0 {
					t.Errorf("refused, and still counted: %+v, %v", levels, lost)
				}
			}
			return err
		})
		if n != 30 {
			t.Errorf("%d were begun, want 30", n)
		}
	})
	t.Run("one idempotency key begins once", func(t *testing.T) {
		t.Parallel()
		to := somebody()
		n := granted(t, two(t), func(s *redis.Store, _ int) error {
			v := draft(to)
			once := otp.Once{Key: "k", Fingerprint: [32]byte{1}, Lease: time.Minute, Keep: time.Hour}
			_, err := s.Begin(t.Context(), otp.Begin{Verification: v, Once: &once, Now: v.CreatedAt})
			return err
		})
		if n != 1 {
			t.Errorf("%d were begun, want 1", n)
		}
	})
	t.Run("guesses hold over both, and one success is granted", func(t *testing.T) {
		t.Parallel()
		both := two(t)
		v := sent(t, both[0])
		n := granted(t, both, func(s *redis.Store, n int) error {
			_, err := s.Reserve(t.Context(), guess(v, fmt.Sprint(n)))
			return err
		})
		if n != 3 {
			t.Errorf("%d guesses were granted, want 3", n)
		}
		n = granted(t, both, func(s *redis.Store, _ int) error {
			_, err := s.Settle(t.Context(), otp.Settlement{
				Match: guess(v, "").Match, Status: otp.StatusVerified, Now: time.Now().UTC(),
			})
			return err
		})
		if n != 1 {
			t.Errorf("%d succeeded, want 1", n)
		}
	})
	t.Run("a step that is due is handed out once", func(t *testing.T) {
		t.Parallel()
		both := two(t)
		const steps = 40
		for range steps {
			v := sent(t, both[0])
			_, err := both[0].Deliver(t.Context(), otp.Dispatch{Reference: v.Reference, Now: v.CreatedAt, Next: &otp.Schedule{
				At: v.CreatedAt, Steps: []otp.Step{{Channel: providers.Voice, To: v.To}},
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		var handed atomic.Int64
		now := time.Now().UTC()
		granted(t, both, func(s *redis.Store, _ int) error {
			due, err := s.Due(t.Context(), now, time.Minute, 10)
			handed.Add(int64(len(due)))
			return err
		})
		for range steps { // what those who came at once left to each other
			due, err := both[0].Due(t.Context(), now, time.Minute, 10)
			if err != nil {
				t.Fatal(err)
			}
			handed.Add(int64(len(due)))
		}
		if handed.Load() != steps {
			t.Errorf("%d were handed out, want %d", handed.Load(), steps)
		}
	})
}

// What ran out is ended by one of all gateways, which tells of it.
func TestWhatRanOutIsEndedOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []otp.Reference
	expired := func(all []otp.Verification) {
		mu.Lock()
		defer mu.Unlock()
		for _, v := range all {
			if v.Status != otp.StatusExpired || !v.EndedAt.Equal(v.ExpiresAt) {
				t.Errorf("%s at %v", v.Status, v.EndedAt)
			}
			told = append(told, v.Reference)
		}
	}
	a := open(t, func(o *redis.Options) { o.Expired = expired })
	b := open(t, func(o *redis.Options) { o.Prefix, o.Expired = a.Prefix(), expired })
	var want []otp.Reference
	var late time.Time
	for range 30 {
		v := sent(t, a)
		want, late = append(want, v.Reference), v.ExpiresAt.Add(time.Minute+time.Second)
	}
	ended := sent(t, a)
	_, err := a.Settle(t.Context(), otp.Settlement{
		Match: guess(ended, "").Match, Status: otp.StatusVerified, Now: ended.CreatedAt,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Sweep(t.Context(), late.Add(-30*time.Second)); err != nil || len(told) != 0 {
		t.Errorf("too early: %v, %v", told, err)
	}
	var all sync.WaitGroup
	for _, s := range []*redis.Store{a, b, a, b} {
		all.Go(func() {
			if err := s.Sweep(t.Context(), late); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	slices.Sort(told)
	slices.Sort(want)
	if !slices.Equal(told, want) {
		t.Errorf("told of %d, want %d", len(told), len(want))
	}
	got, err := b.Get(t.Context(), want[0])
	if err != nil || got.Status != otp.StatusExpired {
		t.Errorf("%s, %v", got.Status, err)
	}
}

// The id of a delivery can be known although its record does not have it: a gateway died between the two.
func TestAReportOfADeliveryThatNeverCameIsGivenUp(t *testing.T) {
	t.Parallel()
	s := open(t)
	v := sent(t, s)
	c := shared.Client()
	defer c.Close()
	key := s.Prefix() + ":{u:own:lost}"
	if err := c.Set(t.Context(), key, string(v.Reference), time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	lost := []providers.Report{{UpstreamID: "lost", State: providers.DeliveryUndelivered}}
	err := s.Report(t.Context(), otp.Reporting{Provider: "own", Reports: lost, Keep: time.Minute, Now: v.CreatedAt})
	if err != nil {
		t.Error(err)
	}
	if _, err := s.Find(t.Context(), "own", "lost"); err == nil {
		t.Error("it is found")
	}
	if got, err := s.Get(t.Context(), v.Reference); err != nil || got.Deliveries[0].Status != otp.DeliverySent {
		t.Errorf("%+v, %v", got.Deliveries, err)
	}
}
