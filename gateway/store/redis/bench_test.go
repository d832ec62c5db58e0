package redis_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
	"github.com/otpgate/otpgate/gateway/store/redis/redistest"
	"github.com/otpgate/otpgate/gateway/store/storetest"
)

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(b *testing.B) otp.Store { return open(b) })
}

// BenchmarkMemory tells how much of Redis' memory a verification takes: after its send, with two limits of its person,
// an upstream id and no idempotency key; after its success; and with all that the history keeps of it.
func BenchmarkMemory(b *testing.B) {
	server, err := redistest.Start(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Kill)
	s := open(b, func(o *redis.Options) { o.Addresses, o.Track = []string{server.Address}, true })
	past := s.History(30 * 24 * time.Hour)
	const many = 10_000
	for b.Loop() {
		before := used(b, server)
		all := make([]otp.Verification, many)
		for i := range all {
			all[i] = live(b, s)
		}
		b.ReportMetric(float64(used(b, server)-before)/many, "B/sent")
		for _, v := range all {
			verify(b, s, v)
		}
		b.ReportMetric(float64(used(b, server)-before)/many, "B/verified")
		for n := 1; n > 0; {
			if n, err = past.Follow(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(used(b, server)-before)/many, "B/told")
	}
}

func live(b *testing.B, s otp.Store) otp.Verification {
	v := draft(somebody())
	claims := []otp.Claim{
		recipient(v.To, otp.Limit{Max: 5, Window: 10 * time.Minute}),
		recipient(v.To, otp.Limit{Max: 10, Window: 24 * time.Hour}),
	}
	if _, err := s.Begin(b.Context(), otp.Begin{Verification: v, Claims: claims, Now: v.CreatedAt}); err != nil {
		b.Fatal(err)
	}
	_, err := s.Deliver(b.Context(), otp.Dispatch{
		Reference: v.Reference, Deliveries: []otp.Delivery{delivery(v, "up-"+string(v.Reference))}, Now: v.CreatedAt,
	})
	if err != nil {
		b.Fatal(err)
	}
	return v
}

func verify(b *testing.B, s otp.Store, v otp.Verification) {
	g := guess(v, "c-"+string(v.Reference))
	if _, err := s.Reserve(b.Context(), g); err != nil {
		b.Fatal(err)
	}
	_, err := s.Settle(b.Context(), otp.Settlement{
		Match: g.Match, Status: otp.StatusVerified, Check: g.ID, Provider: "own", Failures: g.Failures, Now: g.Now,
	})
	if err != nil {
		b.Fatal(err)
	}
}

func used(b *testing.B, s *redistest.Server) int {
	c := s.Client()
	defer c.Close()
	info, err := c.Info(b.Context(), "memory").Result()
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(info) {
		if text, ok := strings.CutPrefix(line, "used_memory:"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(text))
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatal("INFO tells no memory")
	return 0
}
