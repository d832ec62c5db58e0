package redis_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
)

// The windows of a person share a key, and each goes its own way: what left one still counts in another, whichever
// gateway's clock an event was counted by, and a guess that is given back leaves one of them alone.
func TestTheWindowsOfAPersonShareAKey(t *testing.T) {
	t.Parallel()
	server := launched(t)
	s := open(t, func(o *redis.Options) { o.Addresses = []string{server.Address} })
	to := somebody()
	claims := []otp.Claim{
		recipient(to, otp.Limit{Max: 5, Window: time.Minute}), recipient(to, otp.Limit{Max: 9, Window: time.Hour}),
	}
	begin := time.Now().UTC()
	var v otp.Verification
	for _, after := range []time.Duration{0, 40 * time.Second, 20 * time.Second, 65 * time.Second, 65 * time.Second} {
		v = draft(to)
		if _, err := s.Begin(t.Context(), otp.Begin{Verification: v, Claims: claims, Now: begin.Add(after)}); err != nil {
			t.Fatal(err)
		}
	}
	used := func(after time.Duration, claims ...otp.Claim) []int {
		t.Helper()
		levels, err := s.Levels(t.Context(), claims, begin.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		var all []int
		for _, l := range levels {
			all = append(all, l.Used)
		}
		return all
	}
	for after, want := range map[time.Duration][]int{
		65 * time.Second: {4, 5}, 82 * time.Second: {3, 5}, 110 * time.Second: {2, 5}, 10 * time.Minute: {0, 5}, 2 * time.Hour: {0, 0},
	} {
		if diff := cmp.Diff(want, used(after, claims...)); diff != "" {
			t.Errorf("after %v: %s", after, diff)
		}
	}
	g := guess(v, "c1")
	failed := otp.FailureClaim(to, *g.Failures)
	if _, err := s.Reserve(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 5}, used(10*time.Minute, failed, claims[1])); diff != "" {
		t.Error(diff)
	}
	_, err := s.Release(t.Context(), otp.Release{
		Reference: v.Reference, Check: g.ID, Outcome: otp.OutcomeUnavailable, Failures: g.Failures, Now: g.Now,
	})
	if diff := cmp.Diff([]int{0, 5}, used(10*time.Minute, failed, claims[1])); err != nil || diff != "" {
		t.Error(err, diff)
	}
	c := server.Client()
	defer c.Close()
	keys, err := c.Keys(t.Context(), "*:p:*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	if end := c.PTTL(t.Context(), keys[0]).Val(); end < 24*time.Hour || end > 27*time.Hour {
		t.Errorf("forgotten after %v; the longest window has a day", end)
	}
}

// A limit that is refused counts nothing, in none of the person's windows, nor elsewhere.
func TestARefusedLimitCountsNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	to := somebody()
	app := otp.Claim{Name: "app", Key: "app 100/1h shop", Limit: otp.Limit{Max: 100, Window: time.Hour}}
	claims := []otp.Claim{
		recipient(to, otp.Limit{Max: 9, Window: time.Hour}), recipient(to, otp.Limit{Max: 1, Window: time.Minute}), app,
	}
	for n := range 3 {
		v := draft(to)
		_, err := s.Begin(t.Context(), otp.Begin{Verification: v, Claims: claims, Now: v.CreatedAt})
		if (err == nil) != (n == 0) {
			t.Fatalf("send %d: %v", n, err)
		}
	}
	levels, err := s.Levels(t.Context(), claims, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range levels {
		if l.Used != 1 {
			t.Errorf("%s %v has %d", l.Name, l.Limit, l.Used)
		}
	}
}
