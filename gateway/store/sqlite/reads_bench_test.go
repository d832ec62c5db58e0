package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// benchEvents is how many events the store of [BenchmarkReads] holds, of the last thirty days.
const benchEvents = 1_000_000

// readsVariable names the file of the store of [BenchmarkReads], which is kept and used again; without it, each run
// makes one and deletes it.
const readsVariable = "OTPGATE_BENCH_READS"

// BenchmarkReads asks a store with a million events for pages and reports, by common and by rare values, of one app and
// of all, and tells the 99th percentile in milliseconds.
func BenchmarkReads(b *testing.B) {
	s, crowd, now := filled(b)
	for _, m := range benchQueries(crowd, now) {
		m.q.Now, m.q.Limit = now, 50
		all := m.q
		if m.q.App == "" {
			m.q.App = "shop"
			benchQuestion(b, s, "any app/"+m.name, all)
		}
		benchQuestion(b, s, "one app/"+m.name, m.q)
	}
	for name, by := range map[string][]otp.Group{
		"all": nil, "day": {otp.GroupDay}, "hour and provider": {otp.GroupHour, otp.GroupProvider},
		"everything": {otp.GroupHour, otp.GroupCountry, otp.GroupChannel, otp.GroupProvider},
	} {
		b.Run("report/"+name, func(b *testing.B) {
			q := otp.ReportQuery{App: "shop", From: now.Add(-30 * 24 * time.Hour).Truncate(time.Hour), By: by, Now: now}
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				rows, err := s.History().Report(context.Background(), q)
				if err != nil || len(rows) == 0 {
					b.Fatal(len(rows), err)
				}
				took = append(took, time.Since(began))
			}
			percentile(b, took)
		})
	}
}

// filled is a store with a million events, who they are about, and when the last of them happened.
func filled(b *testing.B) (*Store, *crowd, time.Time) {
	path, kept := os.LookupEnv(readsVariable)
	if !kept {
		path = filepath.Join(b.TempDir(), "otpgate.db")
	}
	s := testStore(b, Options{Path: path, SweepEvery: 24 * time.Hour})
	crowd, now := newCrowd(), time.Now().UTC().Truncate(time.Millisecond)
	page, err := s.History().List(b.Context(), otp.Query{Limit: 1, Now: now})
	switch {
	case err != nil:
		b.Fatal(err)
	case len(page.Items) == 0:
		crowd.fill(b, s, now)
	default:
		crowd.ref, now = page.Items[0].Reference, page.Items[0].CreatedAt
	}
	return s, crowd, now
}

// benchQuestion asks for verifications, and for what happened to them.
func benchQuestion(b *testing.B, s *Store, name string, q otp.Query) {
	b.Run(name+"/logs", func(b *testing.B) {
		benchPages(b, q, func(q otp.Query) (int, string, error) {
			page, err := s.History().Events(context.Background(), q)
			return len(page.Items), page.Next, err
		})
	})
	if q.Reference != "" || q.Event != "" {
		return
	}
	b.Run(name+"/list", func(b *testing.B) {
		benchPages(b, q, func(q otp.Query) (int, string, error) {
			page, err := s.History().List(context.Background(), q)
			return len(page.Items), page.Next, err
		})
	})
}

type benchQuery struct {
	name string
	q    otp.Query
}

func benchQueries(c *crowd, now time.Time) []benchQuery {
	month := now.Add(-30 * 24 * time.Hour)
	return []benchQuery{
		{"all", otp.Query{}},
		{"common status", otp.Query{Status: otp.StatusVerified}},
		{"rare status", otp.Query{Status: otp.StatusCanceled}},
		{"expired", otp.Query{Status: otp.StatusExpired}},
		{"pending", otp.Query{Status: otp.StatusPending}},
		{"rare provider", otp.Query{Provider: "rare"}},
		{"rare country", otp.Query{Country: "TG"}},
		{"rare channel", otp.Query{Channel: providers.Voice}},
		{"rare purpose", otp.Query{Purpose: "payment"}},
		{"old provider", otp.Query{Provider: "old"}},
		{"two common that never meet", otp.Query{Provider: "hubtel-gh", Country: "NG"}},
		{"three common that never meet", otp.Query{Status: otp.StatusVerified, Provider: "hubtel-gh", Country: "NG"}},
		{"a common and a rare", otp.Query{Status: otp.StatusVerified, Provider: "rare"}},
		{"a common and an old", otp.Query{Status: otp.StatusVerified, Provider: "old"}},
		{"event without such a provider", otp.Query{Event: otp.EventCreated, Provider: "hubtel-gh"}},
		{"event", otp.Query{Event: otp.EventDelivery}},
		{"rare event", otp.Query{Event: otp.EventCanceled}},
		{"one recipient", otp.Query{To: c.recipients[1]}},
		{"busy recipient", otp.Query{To: c.recipients[0]}},
		{"reference", otp.Query{Reference: c.ref}},
		{"unique metadata", otp.Query{Metadata: map[string]string{"order": "100000"}}},
		{"common metadata", otp.Query{Metadata: map[string]string{"tenant": "3"}}},
		{"rare metadata", otp.Query{Metadata: map[string]string{"tenant": "rare"}}},
		{"common metadata that meets nothing", otp.Query{Metadata: map[string]string{"tenant": "3"}, Country: "KE"}},
		{"common metadata and a rare country", otp.Query{Metadata: map[string]string{"tenant": "3"}, Country: "TG"}},
		{"common metadata and a common country", otp.Query{Metadata: map[string]string{"tenant": "3"}, Country: "NG"}},
		{"busy recipient that meets nothing", otp.Query{To: c.recipients[0], Provider: "nobody"}},
		{"an old day", otp.Query{From: month.Add(24 * time.Hour), Until: month.Add(48 * time.Hour)}},
		{"a rare app", otp.Query{App: "rare"}},
	}
}

// benchPages reads first pages, and those that come after, in turn.
func benchPages(b *testing.B, q otp.Query, read func(otp.Query) (int, string, error)) {
	var took []time.Duration
	rows := 0
	for b.Loop() {
		began := time.Now()
		n, next, err := read(q)
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
		rows, q.Cursor = rows+n, next
	}
	b.ReportMetric(float64(rows)/float64(len(took)), "rows/page")
	percentile(b, took)
}

func percentile(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99_ms")
}

// crowd is who the store of [BenchmarkReads] is full of.
type crowd struct {
	random     *rand.Rand
	recipients []string // the first gets one message of a hundred
	ref        otp.Reference
	events     int
	lives      int
}

func newCrowd() *crowd {
	c := &crowd{random: rand.New(rand.NewPCG(1, 2))}
	for n := range 100_000 {
		c.recipients = append(c.recipients, fmt.Sprintf("+23320%07d", n))
	}
	return c
}

// fill writes lives of verifications by the steps that the verbs take, without their limits.
func (c *crowd) fill(b *testing.B, s *Store, now time.Time) {
	began := time.Now()
	span := 30 * 24 * time.Hour
	for c.events < benchEvents {
		_, err := write(b.Context(), s.writer, func(t tx) (struct{}, error) {
			for range 500 {
				at := now.Add(-span + time.Duration(float64(span)*float64(c.events)/benchEvents))
				if err := c.live(t, at.Truncate(time.Millisecond)); err != nil {
					return struct{}{}, err
				}
			}
			return struct{}{}, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("%d verifications, %d events, made in %v", c.lives, c.events, time.Since(began).Round(time.Second))
}

// one is true once in n times.
func (c *crowd) one(n int) bool { return c.random.IntN(n) == 0 }

// live takes one verification from its beginning to its end.
func (c *crowd) live(t tx, at time.Time) error {
	v, provider := c.draft(at)
	record, err := otp.EncodeRecord(v)
	if err != nil {
		return err
	}
	if err := t.insert(v, record, at); err != nil {
		return err
	}
	c.lives, c.ref = c.lives+1, v.Reference
	step := func(now time.Time, do func(*otp.Verification)) {
		if err != nil {
			return
		}
		var s *stored
		if s, err = t.load(v.Reference); err != nil {
			return
		}
		do(s.Verification)
		c.events += len(otp.Changes(*s.before, *s.Verification, now))
		err = t.save(s, now)
	}
	c.events++
	sent := otp.Delivery{
		ID: string(v.Reference), Provider: provider, Channel: v.Channel, To: v.To, Status: otp.DeliverySent, At: at,
		Took: 143 * time.Millisecond, Rule: "ghana", Place: 1, Checkable: true, ExpiresAt: v.ExpiresAt,
		Handle: providers.Handle{UpstreamID: string(v.Reference), Prefix: "ABCD"},
		Cost:   otp.Cost{Micros: 35_000, Currency: "USD"},
	}
	step(at.Add(time.Second), func(v *otp.Verification) {
		v.Deliver(otp.Dispatch{Deliveries: []otp.Delivery{sent}, Now: at.Add(time.Second)})
	})
	match := otp.Match{Reference: v.Reference, App: v.App}
	later := at.Add(time.Duration(3+c.random.IntN(90)) * time.Second)
	settle := func(status otp.Status) {
		step(later, func(v *otp.Verification) {
			_ = v.Settle(otp.Settlement{Match: match, Status: status, Check: "c", Provider: provider, Now: later}, nil)
		})
	}
	switch {
	case c.one(5000):
		settle(otp.StatusCanceled)
	case c.one(5):
		step(v.ExpiresAt, func(v *otp.Verification) { *v = v.At(v.ExpiresAt) })
	default:
		step(later, func(v *otp.Verification) { _ = v.Reserve(otp.Guess{Match: match, ID: "c", Now: later}, nil) })
		settle(otp.StatusVerified)
	}
	return err
}

func (c *crowd) draft(at time.Time) (otp.Verification, string) {
	to := c.recipients[c.random.IntN(len(c.recipients))]
	if c.one(100) {
		to = c.recipients[0]
	}
	v := otp.Verification{
		App: "shop", To: providers.NewPhone(to, "GH", to), Channel: providers.SMS, Purpose: "login",
		Wish: providers.CodeWish{Length: 6, Alphabet: providers.Numeric}, Message: "{code} is your code",
		Metadata: map[string]string{"order": fmt.Sprint(c.lives), "tenant": fmt.Sprint(c.lives % 20)},
		Status:   otp.StatusPending, CreatedAt: at, ExpiresAt: at.Add(10 * time.Minute), MaxAttempts: 3, MaxResends: 3,
	}
	provider := []string{"hubtel-gh", "sendexa", "zend"}[c.random.IntN(3)]
	switch {
	case c.one(10):
		v.App = "other"
	case c.one(5000):
		v.App = "rare"
	}
	if c.one(4) {
		v.To, provider = providers.NewPhone(to, "NG", to), "airtexts"
	}
	if c.one(5000) {
		v.To = providers.NewPhone(to, "TG", to)
	}
	if c.one(5000) {
		v.Channel = providers.Voice
	}
	if c.one(5000) {
		v.Purpose = "payment"
	}
	if c.one(5000) {
		v.Metadata["tenant"] = "rare"
	}
	if c.one(5000) {
		provider = "rare"
	}
	if c.events < benchEvents/100 && c.one(100) {
		provider = "old"
	}
	v.Reference = otp.NewReference(at, v.To)
	return v, provider
}
