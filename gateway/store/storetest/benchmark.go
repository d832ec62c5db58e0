package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// callers is how many goroutines use the store at once in a benchmark.
const callers = 64

// Benchmark measures each verb, and the life of a verification that the four verbs make up, with 64 callers at once.
// Each verification belongs to a person of its own, and bears on two limits of messages and one of wrong guesses.
func Benchmark(b *testing.B, open func(b *testing.B) otp.Store) {
	whole := func(l *life) { l.begin(); l.deliver(); l.reserve(); l.settle() }
	for _, m := range []struct {
		name   string
		step   func(*life)
		before []func(*life)
	}{
		{name: "Begin", step: (*life).begin},
		{name: "Deliver", step: (*life).deliver, before: []func(*life){(*life).begin}},
		{name: "Reserve", step: (*life).reserve, before: []func(*life){(*life).begin, (*life).deliver}},
		{name: "Settle", step: (*life).settle, before: []func(*life){(*life).begin, (*life).deliver, (*life).reserve}},
		{name: "Get", step: (*life).get, before: []func(*life){(*life).begin, (*life).deliver}},
		{name: "Life", step: whole},
	} {
		b.Run(m.name, func(b *testing.B) {
			lives := newLives(b, open(b))
			for _, step := range m.before {
				each(lives, step)
			}
			b.ReportAllocs()
			b.ResetTimer()
			each(lives, m.step)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "per_s")
		})
	}
}

// each runs step on every life, by 64 goroutines.
func each(lives []life, step func(*life)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(lives)); i = next.Add(1) - 1 {
				step(&lives[i])
			}
		})
	}
	all.Wait()
}

// life is one verification and where it stands.
type life struct {
	b     *testing.B
	store otp.Store
	v     otp.Verification
	now   time.Time
}

func newLives(b *testing.B, s otp.Store) []life {
	lives := make([]life, b.N)
	for i := range lives {
		now := after(time.Duration(i) * 50 * time.Microsecond)
		v := draft(now)
		address(&v, providers.NewPhone(fmt.Sprintf("+23320%07d", i), "GH", fmt.Sprintf("020%07d", i)))
		lives[i] = life{b: b, store: s, v: v, now: now}
	}
	return lives
}

func (l *life) begin() {
	person := l.v.To.Address()
	short := otp.Limit{Max: 5, Window: 10 * time.Minute}
	long := otp.Limit{Max: 20, Window: 24 * time.Hour}
	_, err := l.store.Begin(context.Background(), otp.Begin{
		Verification: l.v, Now: l.now,
		Claims: []otp.Claim{
			{Name: "recipient", Key: "recipient 5/10m " + person, Limit: short},
			{Name: "recipient", Key: "recipient 20/24h " + person, Limit: long},
		},
	})
	l.must(err)
}

func (l *life) deliver() {
	d := delivery(l.v, "hubtel-gh", "up-"+string(l.v.Reference), l.now)
	_, err := l.store.Deliver(context.Background(), otp.Dispatch{
		Reference: l.v.Reference, Deliveries: []otp.Delivery{d}, Now: l.now,
	})
	l.must(err)
}

func (l *life) reserve() {
	_, err := l.store.Reserve(context.Background(), guess(l.v, "c1", failures(), l.now))
	l.must(err)
}

func (l *life) settle() {
	s := settlement(l.v, otp.StatusVerified, "c1", l.now)
	s.Failures = failures()
	_, err := l.store.Settle(context.Background(), s)
	l.must(err)
}

func (l *life) get() {
	_, err := l.store.Get(context.Background(), l.v.Reference)
	l.must(err)
}

func (l *life) must(err error) {
	if err != nil {
		l.b.Error(err)
	}
}

// failures is the limit of wrong guesses that most tests use.
func failures() *otp.Limit { return &otp.Limit{Max: 10, Window: 24 * time.Hour} }
