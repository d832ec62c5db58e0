package redis_test

import (
	"strconv"
	"strings"
	"sync"
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

// BenchmarkLifeInRedis tells what a verification takes of Redis, one after the other: of its memory after the send, with
// two limits of its person, an upstream id and no idempotency key; after its success; and with all that the history keeps
// of it. Then of its processor and of the network, for all of that together.
func BenchmarkLifeInRedis(b *testing.B) {
	server, err := redistest.Start(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Kill)
	s := open(b, func(o *redis.Options) { o.Addresses, o.Track = []string{server.Address}, true })
	past := s.History(30 * 24 * time.Hour)
	const many = 10_000
	busy := func() float64 {
		return info(b, server, "cpu", "used_cpu_user") + info(b, server, "cpu", "used_cpu_sys")
	}
	carried := func() float64 {
		return info(b, server, "stats", "total_net_input_bytes") + info(b, server, "stats", "total_net_output_bytes")
	}
	used := func() float64 { return info(b, server, "memory", "used_memory") }
	for b.Loop() {
		before, processor, network := used(), busy(), carried()
		all := make([]otp.Verification, many)
		for i := range all {
			all[i] = live(b, s)
		}
		b.ReportMetric((used()-before)/many, "B/sent")
		for _, v := range all {
			verify(b, s, v)
		}
		b.ReportMetric((used()-before)/many, "B/verified")
		b.ReportMetric((busy()-processor)*1e6/many, "µs/verified")
		began := time.Now()
		for n := 1; n > 0; {
			if n, err = past.Follow(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(many/time.Since(began).Seconds(), "told/s")
		b.ReportMetric((used()-before)/many, "B/told")
		b.ReportMetric((busy()-processor)*1e6/many, "µs/told")
		b.ReportMetric((carried()-network)/many, "B-carried/told")
	}
}

// BenchmarkCrowd tells what the same life takes of Redis' processor when 64 requests live it at once, with a
// limit of the app and an idempotency key besides: calls share round trips then.
func BenchmarkCrowd(b *testing.B) {
	server, err := redistest.Start(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Kill)
	s := open(b, func(o *redis.Options) { o.Addresses, o.Track = []string{server.Address}, true })
	const many, each = 64, 300
	for b.Loop() {
		before := info(b, server, "cpu", "used_cpu_user") + info(b, server, "cpu", "used_cpu_sys")
		began := time.Now()
		var all sync.WaitGroup
		for range many {
			all.Go(func() {
				for range each {
					verify(b, s, guarded(b, s))
				}
			})
		}
		all.Wait()
		after := info(b, server, "cpu", "used_cpu_user") + info(b, server, "cpu", "used_cpu_sys")
		b.ReportMetric((after-before)*1e6/(many*each), "µs/verified")
		b.ReportMetric(many*each/time.Since(began).Seconds(), "verified/s")
	}
}

// guarded is live with all that a send may have.
func guarded(b *testing.B, s otp.Store) otp.Verification {
	v := draft(somebody())
	claims := []otp.Claim{
		recipient(v.To, otp.Limit{Max: 5, Window: 10 * time.Minute}),
		recipient(v.To, otp.Limit{Max: 10, Window: 24 * time.Hour}),
		{Name: "app", Key: "app shop", Limit: otp.Limit{Max: 1_000_000, Window: time.Second}},
	}
	once := otp.Once{Key: string(v.Reference), Fingerprint: [32]byte{7}, Lease: time.Minute, Keep: 24 * time.Hour}
	if _, err := s.Begin(b.Context(), otp.Begin{Verification: v, Claims: claims, Once: &once, Now: v.CreatedAt}); err != nil {
		b.Error(err)
	}
	_, err := s.Deliver(b.Context(), otp.Dispatch{
		Reference: v.Reference, Deliveries: []otp.Delivery{delivery(v, "up-"+string(v.Reference))}, Now: v.CreatedAt,
		Done: &otp.Done{Key: once.Key, Answer: &otp.Answer{Status: 201, ContentType: "application/json", Body: make([]byte, 600)}, Keep: once.Keep},
	})
	if err != nil {
		b.Error(err)
	}
	return v
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

// verify is a right guess at a code that was made here.
func verify(b *testing.B, s otp.Store, v otp.Verification) {
	g := guess(v, "c-"+string(v.Reference))
	right := otp.Settlement{
		Match: g.Match, Status: otp.StatusVerified, Check: g.ID, Provider: "own", Failures: g.Failures, Now: g.Now,
	}
	g.Judge = func(*otp.Verification) *otp.Settlement { return &right }
	v, err := s.Reserve(b.Context(), g)
	if err == nil && v.Status == otp.StatusPending { // it was not remembered
		_, err = s.Settle(b.Context(), right)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// info is a number that the server tells about itself.
func info(b *testing.B, s *redistest.Server, section, name string) float64 {
	c := s.Client()
	defer c.Close()
	told, err := c.Info(b.Context(), section).Result()
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(told) {
		if text, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("INFO %s tells no %s", section, name)
	return 0
}
