package redis_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
	"github.com/otpgate/otpgate/gateway/store/redis/redistest"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// Everything that a store writes ends by itself: after the whole life of verifications no key is without an end.
func TestEveryKeyHasAnEnd(t *testing.T) {
	t.Parallel()
	server := launched(t)
	s := open(t, func(o *redis.Options) { o.Addresses, o.Track = []string{server.Address}, true })
	everything(t, s)
	c := server.Client()
	defer c.Close()
	found := 0
	for keys := c.Scan(t.Context(), 0, "*", 1000).Iterator(); keys.Next(t.Context()); found++ {
		if ttl := c.PTTL(t.Context(), keys.Val()).Val(); ttl <= 0 || ttl > 33*24*time.Hour {
			t.Errorf("%s has the end %v", keys.Val(), ttl)
		}
	}
	// The record, the windows of the person and one that is shared, the person's open ones, the shard's timers, ends and
	// changes, an idempotency key and its answer, an upstream id, a parked report and the list of such, the verified shares,
	// the probe of Ping.
	if want := 14; found != want {
		t.Errorf("%d keys, want %d", found, want)
	}
}

// everything takes every step there is.
func everything(t *testing.T, s *redis.Store) {
	t.Helper()
	to := somebody()
	v := draft(to)
	claims := []otp.Claim{
		recipient(to, otp.Limit{Max: 5, Window: 10 * time.Minute}),
		{Name: "ip", Key: "ip 203.0.113.7", Limit: otp.Limit{Max: 5, Window: time.Hour}},
	}
	once := otp.Once{Key: "k", Fingerprint: [32]byte{7}, Lease: time.Minute, Keep: 24 * time.Hour}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Begin(t.Context(), otp.Begin{Verification: v, Claims: claims, Once: &once, Now: v.CreatedAt})
	must(err)
	_, err = s.Deliver(t.Context(), otp.Dispatch{
		Reference: v.Reference, Deliveries: []otp.Delivery{delivery(v, "up-1")}, Now: v.CreatedAt,
		Next: &otp.Schedule{At: v.CreatedAt.Add(time.Minute), Steps: []otp.Step{{Channel: providers.Voice, To: to}}},
		Done: &otp.Done{Key: once.Key, Answer: &otp.Answer{Status: 201, Body: []byte("{}")}, Keep: once.Keep},
	})
	must(err)
	reports := []providers.Report{
		{UpstreamID: "up-1", State: providers.DeliveryDelivered}, {UpstreamID: "strange", State: providers.DeliveryDelivered},
	}
	must(s.Report(t.Context(), otp.Reporting{Provider: "own", Reports: reports, Keep: 5 * time.Minute, Now: v.CreatedAt}))
	_, err = s.Renew(t.Context(), otp.Renewal{Match: guess(v, "").Match, Claims: claims, Now: v.ResendAt})
	must(err)
	_, err = s.Reserve(t.Context(), guess(v, "c1"))
	must(err)
	must(s.SaveQuality(t.Context(), []routing.Quality{{Provider: "own", Channel: providers.SMS, At: v.CreatedAt}}))
	must(s.Ping(t.Context()))
}

// What changed is kept for a reader only when somebody asks for that.
func TestChangesAreTrackedOnDemand(t *testing.T) {
	t.Parallel()
	for _, track := range []bool{true, false} {
		server := launched(t)
		s := open(t, func(o *redis.Options) { o.Addresses, o.Track = []string{server.Address}, track })
		v := sent(t, s)
		c := server.Client()
		found, err := c.Keys(t.Context(), "*:news").Result()
		if err != nil || (len(found) == 1) != track {
			t.Errorf("tracked %v: %v, %v", track, found, err)
		}
		if track {
			entries, err := c.LRange(t.Context(), found[0], 0, -1).Result()
			if err != nil || len(entries) != 2 { // it was begun, and delivered
				t.Fatalf("%v, %v", entries, err)
			}
			for _, e := range entries {
				if !strings.HasPrefix(e, string(v.Reference)+" 2 ") {
					t.Errorf("an entry is about %s", e)
				}
			}
		}
		_ = c.Close()
	}
}

func TestARecordOfAnotherVersionIsNotGuessedAt(t *testing.T) {
	t.Parallel()
	server := launched(t)
	s := open(t, func(o *redis.Options) { o.Addresses = []string{server.Address} })
	v := sent(t, s)
	c := server.Client()
	defer c.Close()
	keys, err := c.Keys(t.Context(), "*:v:*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	text := c.Get(t.Context(), keys[0]).Val()
	if !strings.HasPrefix(text, "2 ") {
		t.Fatalf("no version in %s", text)
	}
	c.Set(t.Context(), keys[0], "3"+text[1:], time.Hour)
	_, err = s.Reserve(t.Context(), guess(v, "c1"))
	if err == nil || !strings.Contains(err.Error(), "version 3") || strings.Contains(err.Error(), v.To.Address()) {
		t.Errorf("Reserve: %v", err)
	}
	if _, err := s.Get(t.Context(), v.Reference); err == nil || !strings.Contains(err.Error(), "version 3") {
		t.Errorf("Get: %v", err)
	}
}

func TestQualityIsKept(t *testing.T) {
	t.Parallel()
	s := open(t)
	at := time.UnixMilli(1_800_000_000_000).UTC()
	rows := []routing.Quality{
		{Provider: "a", Channel: providers.SMS, Country: "GH", Verified: 1.5, Total: 20.25, At: at},
		{Provider: "b", Channel: providers.Email, Verified: 0, Total: 1, At: at.Add(time.Millisecond)},
	}
	for range 2 { // the second time in their own place
		if err := s.SaveQuality(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Quality(t.Context())
	byName := cmpopts.SortSlices(func(a, b routing.Quality) bool { return a.Provider < b.Provider })
	if diff := cmp.Diff(rows, got, byName); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestBacklogTellsWhatWaits(t *testing.T) {
	t.Parallel()
	s := open(t)
	everything(t, s)
	got, err := s.Backlog(t.Context(), time.Now().Add(2*time.Minute))
	if diff := cmp.Diff(redis.Backlog{Timers: 1, Reports: 1}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestAStartWarnsOfWhatWouldLoseVerifications(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	server := launched(t, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru", "--appendonly", "no")
	open(t, func(o *redis.Options) {
		o.Addresses, o.Log = []string{server.Address}, slog.New(slog.NewTextHandler(&lines, nil))
		o.Now = func() time.Time { return time.Now().Add(-time.Minute) }
	})
	for _, want := range []string{"noeviction", "appendonly", "NTP"} {
		if !strings.Contains(lines.String(), want) {
			t.Errorf("%s is not warned of:\n%s", want, lines.String())
		}
	}
	lines.Reset()
	server = launched(t, "--appendonly", "yes")
	open(t, func(o *redis.Options) {
		o.Addresses, o.Log = []string{server.Address}, slog.New(slog.NewTextHandler(&lines, nil))
	})
	if lines.Len() > 0 {
		t.Errorf("warned of nothing: %s", lines.String())
	}
}

func TestAStoreThatCannotBeUsedIsOneSentence(t *testing.T) {
	t.Parallel()
	nobody, err := redistest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	locked := launched(t)
	c := locked.Client()
	defer c.Close()
	if err := c.ConfigSet(t.Context(), "requirepass", "a-secret-of-redis").Err(); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]redis.Options{
		"nobody listens": {Addresses: []string{nobody}},
		"wrong password": {Addresses: []string{locked.Address}, Password: providers.NewSecret("hunter2")},
	} {
		s, err := redis.Open(t.Context(), o)
		if err == nil {
			_ = s.Close()
			t.Fatalf("%s: opened", name)
		}
		if text := err.Error(); strings.Contains(text, "hunter2") || strings.Contains(text, "\n") {
			t.Errorf("%s: %q", name, text)
		}
	}
	o := redis.Options{Addresses: []string{locked.Address}, Password: providers.NewSecret("a-secret-of-redis")}
	s, err := redis.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestEachScriptIsTold(t *testing.T) {
	t.Parallel()
	told := make(chan string, 100)
	s := open(t, func(o *redis.Options) {
		o.Observe = func(script string, took time.Duration, err error) {
			if took <= 0 || err != nil {
				t.Errorf("%s took %v, %v", script, took, err)
			}
			told <- script
		}
	})
	sent(t, s)
	close(told)
	var got []string
	for script := range told {
		got = append(got, script)
	}
	slices.Sort(got) // a script that the server does not know yet is told of after the others
	if diff := cmp.Diff([]string{"begin", "deliver", "link"}, got); diff != "" {
		t.Error(diff)
	}
	if p := s.Pool(); p.Total == 0 || p.Hits+p.Misses == 0 {
		t.Errorf("%+v", p)
	}
}
