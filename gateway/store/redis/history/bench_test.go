package history_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis/history"
	"github.com/otpgate/otpgate/gateway/store/redis/redistest"
	"github.com/otpgate/otpgate/providers"
)

// queue is a source with a list of changes that all are to be taken in.
type queue struct {
	*records
	changes []*history.Change
}

func (q *queue) Changed(_ context.Context, n int) ([]*history.Change, error) {
	return q.changes[:min(n, len(q.changes))], nil
}

func (q *queue) Followed(_ context.Context, changes []*history.Change) error {
	q.changes = q.changes[len(changes):]
	return nil
}

// BenchmarkFollow tells what it takes to take in a verification that was sent, and again when it is verified: of Redis'
// processor, of its memory, and of the time of the one who follows. What the source takes is not in it.
func BenchmarkFollow(b *testing.B) {
	server, err := redistest.Start(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Kill)
	client := server.Client()
	b.Cleanup(func() { _ = client.Close() })
	busy := func() float64 { return told(b, client, "used_cpu_user") + told(b, client, "used_cpu_sys") }
	const many = 8 * 512
	begun := 0
	for b.Loop() {
		source := &queue{records: newRecords()}
		past := follower(client, source)
		all := make([]otp.Verification, many)
		for i := range all {
			begun++
			all[i] = bare(begun)
		}
		for _, phase := range []struct {
			name string
			step func(*otp.Verification)
		}{{"sent", carry}, {"verified", succeed}} {
			source.changes = make([]*history.Change, many)
			for i := range all {
				phase.step(&all[i])
				record, err := otp.EncodeRecord(all[i])
				if err != nil {
					b.Fatal(err)
				}
				source.changes[i] = &history.Change{
					Verification: all[i].Clone(), At: all[i].CreatedAt,
					Version: "2 0123456789ab " + strconv.Itoa(len(record)),
				}
			}
			processor, used, began := busy(), told(b, client, "used_memory"), time.Now()
			for len(source.changes) > 0 {
				if _, err := past.Follow(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(time.Since(began).Seconds()*1e6/many, "µs/"+phase.name)
			b.ReportMetric((told(b, client, "used_memory")-used)/many, "B/"+phase.name)
			b.ReportMetric((busy()-processor)*1e6/many, "redis-µs/"+phase.name)
		}
	}
}

// bare is a verification as a send makes it, of person n.
func bare(n int) otp.Verification {
	at := time.Now().UTC()
	to := providers.NewPhone(fmt.Sprintf("+23320%07d", n), "GH", fmt.Sprintf("020%07d", n))
	return otp.Verification{
		Reference: otp.NewReference(at, to), App: "shop", To: to, Channel: providers.SMS, Purpose: "login",
		Wish:   providers.CodeWish{Length: 6, Alphabet: providers.Numeric, Expiry: 5 * time.Minute, Attempts: 3},
		Sender: "Shop", Message: "{app}: your code is {code}. It expires in {amount} {duration}.", Locale: "en",
		ClientIP: "203.0.113.7", Status: otp.StatusPending, CreatedAt: at, ExpiresAt: at.Add(5 * time.Minute),
		MaxAttempts: 3, MaxResends: 3, ResendAfter: 30 * time.Second, ResendAt: at.Add(30 * time.Second),
	}
}

func carry(v *otp.Verification) {
	v.Deliver(otp.Dispatch{Now: v.CreatedAt, Deliveries: []otp.Delivery{{
		ID: "d-" + string(v.Reference), Provider: "own", Channel: v.Channel, To: v.To, Status: otp.DeliverySent,
		At: v.CreatedAt, Took: 40 * time.Millisecond, Rule: "rest", Place: 1, Checkable: true, ExpiresAt: v.ExpiresAt,
		Handle: providers.Handle{UpstreamID: "up-" + string(v.Reference), State: make([]byte, 48)},
	}}})
}

func succeed(v *otp.Verification) {
	match, now := otp.Match{Reference: v.Reference, App: v.App}, v.CreatedAt.Add(9*time.Second)
	_ = v.Reserve(otp.Guess{Match: match, ID: "c-" + string(v.Reference), Now: now}, nil)
	_ = v.Settle(otp.Settlement{
		Match: match, Status: otp.StatusVerified, Check: v.Checks[0].ID, Provider: "own", Now: now,
	}, nil)
}

// told is a number of INFO.
func told(b *testing.B, c *redis.Client, name string) float64 {
	b.Helper()
	for line := range strings.Lines(c.Info(b.Context()).Val()) {
		if text, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("INFO tells no %s", name)
	return 0
}
