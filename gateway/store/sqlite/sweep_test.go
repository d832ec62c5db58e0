package sqlite

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// swept is a store whose sweep runs when the test says so, at the time that it says.
func swept(t *testing.T, o Options) (s *Store, sweep func(now time.Time)) {
	t.Helper()
	var now time.Time
	o.Now, o.SweepEvery, o.Retention = func() time.Time { return now }, 24*time.Hour, time.Hour
	s = testStore(t, o)
	return s, func(at time.Time) {
		t.Helper()
		now = at
		if err := s.sweeper.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func rowsIn(t testing.TB, s *Store, table string) int64 {
	t.Helper()
	n, err := write(t.Context(), s.writer, func(t tx) (int64, error) {
		var row [1]any
		_, err := t.row(row[:], "SELECT count(*) FROM "+table)
		n, _ := row[0].(int64)
		return n, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSweepWritesDownWhatRanOut(t *testing.T) {
	t.Parallel()
	s, sweep := swept(t, Options{})
	start := time.Now().UTC().Truncate(time.Millisecond)
	var refs []otp.Reference
	for range 2*sweepBatch + 1 {
		b := testBegin(start)
		refs = append(refs, b.Verification.Reference)
		if _, err := s.Begin(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	ends := start.Add(5 * time.Minute)
	for _, step := range []struct {
		now  time.Time
		want otp.Status
	}{{ends.Add(time.Minute), otp.StatusPending}, {ends.Add(time.Minute + time.Millisecond), otp.StatusExpired}} {
		sweep(step.now)
		for _, ref := range refs {
			v, err := s.Get(t.Context(), ref)
			if err != nil || v.Status != step.want {
				t.Fatalf("%s at %v: %s, error %v", ref, step.now, v.Status, err)
			}
			if v.Status == otp.StatusExpired && !v.EndedAt.Equal(ends) {
				t.Errorf("ended at %v, want %v", v.EndedAt, ends)
			}
		}
	}
	v, err := s.Deliver(t.Context(), otp.Dispatch{Reference: refs[0], Now: ends})
	if err != nil || v.Status != otp.StatusExpired {
		t.Errorf("the writer sees %s, error %v", v.Status, err)
	}
}

func TestSweepForgetsWhatEndedLongAgo(t *testing.T) {
	t.Parallel()
	s, sweep := swept(t, Options{})
	start := time.Now().UTC().Truncate(time.Millisecond)
	b := testBegin(start)
	b.Verification.Deliveries = []otp.Delivery{{ID: "d", Provider: "p", Handle: providers.Handle{UpstreamID: "up"}}}
	match := otp.Match{Reference: b.Verification.Reference, App: "shop"}
	if _, err := s.Begin(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Settle(t.Context(), otp.Settlement{Match: match, Status: otp.StatusCanceled, Now: start}); err != nil {
		t.Fatal(err)
	}
	sweep(start.Add(time.Hour))
	if _, err := s.Find(t.Context(), "p", "up"); err != nil {
		t.Errorf("forgotten too early: %v", err)
	}
	sweep(start.Add(time.Hour + time.Millisecond))
	if _, err := s.Find(t.Context(), "p", "up"); code(err) != otp.NotFound {
		t.Errorf("found with %v", err)
	}
	if _, err := s.Deliver(t.Context(), otp.Dispatch{Reference: match.Reference, Now: start}); code(err) != otp.NotFound {
		t.Errorf("the writer remembers it: %v", err)
	}
	for _, table := range []string{"verifications", "upstreams"} {
		if n := rowsIn(t, s, table); n != 0 {
			t.Errorf("%s still holds %d rows", table, n)
		}
	}
}

func TestSweepForgetsKeysAndWindows(t *testing.T) {
	t.Parallel()
	s, sweep := swept(t, Options{})
	start := time.Now().UTC().Truncate(time.Millisecond)
	const persons = 2*stride + 7
	for n := range persons {
		b := testBegin(start)
		b.Claims = []otp.Claim{ // those that last stand before the others, in more than one stride
			{Name: "recipient", Key: fmt.Sprint("20/24h a", n), Limit: otp.Limit{Max: 20, Window: 24 * time.Hour}},
			{Name: "recipient", Key: fmt.Sprint("5/10m b", n), Limit: otp.Limit{Max: 5, Window: 10 * time.Minute}},
		}
		b.Once = &otp.Once{Key: fmt.Sprint("key ", n), Lease: time.Minute, Keep: 20 * time.Minute}
		if _, err := s.Begin(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		after         time.Duration
		windows, keys int64
	}{
		{10*time.Minute + 10*time.Second, 2 * persons, persons}, // an event may count a 64th longer than its window
		{11*time.Minute + time.Second, persons, persons},
		{20*time.Minute - time.Millisecond, persons, persons},
		{20 * time.Minute, persons, 0},
		{27 * time.Hour, 0, 0},
	} {
		sweep(start.Add(step.after))
		windows, keys := rowsIn(t, s, "people WHERE reference = ''"), rowsIn(t, s, "keys")
		if windows != step.windows || keys != step.keys {
			t.Errorf("after %v: %d windows, %d keys; want %d, %d", step.after, windows, keys, step.windows, step.keys)
		}
	}
}

func TestSweepGivesUpWhatItCannotRead(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s, sweep := swept(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	start := time.Now().UTC().Truncate(time.Millisecond)
	broken, whole := testBegin(start), testBegin(start)
	if err := damaged(s, broken); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	sweep(start.Add(10 * time.Minute))
	if v, err := s.Get(t.Context(), whole.Verification.Reference); err != nil || v.Status != otp.StatusExpired {
		t.Errorf("%s, error %v", v.Status, err)
	}
	if !strings.Contains(log.String(), string(broken.Verification.Reference)) {
		t.Errorf("logged: %s", log.String())
	}
	sweep(start.Add(2 * time.Hour))
	for _, table := range []string{"verifications", "people"} {
		if n := rowsIn(t, s, table); n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
}

func TestTheSweepRunsByItself(t *testing.T) {
	t.Parallel()
	start := time.Now().UTC().Truncate(time.Millisecond)
	var sweeps atomic.Int64
	looked := make(chan struct{}, 1)
	s := testStore(t, Options{SweepEvery: time.Millisecond, Now: func() time.Time {
		if sweeps.Add(1) > 2 { // the one before it is over
			select {
			case looked <- struct{}{}:
			default:
			}
		}
		return start.Add(time.Hour)
	}})
	b := testBegin(start)
	if _, err := s.Begin(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for {
		<-looked
		v, err := s.Get(t.Context(), b.Verification.Reference)
		if err != nil {
			t.Fatal(err)
		}
		if v.Status == otp.StatusExpired {
			return
		}
	}
}

func TestSweepForgetsReportsWithoutADelivery(t *testing.T) {
	t.Parallel()
	s, sweep := swept(t, Options{})
	start := time.Now().UTC().Truncate(time.Millisecond)
	r := otp.Reporting{Provider: "own", Keep: time.Minute, Now: start}
	for n := range 2*sweepBatch + 1 {
		r.Reports = append(r.Reports, providers.Report{UpstreamID: fmt.Sprint(n), State: providers.DeliveryDelivered})
	}
	if err := s.Report(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after time.Duration
		left  int64
	}{{time.Minute - time.Millisecond, int64(len(r.Reports))}, {time.Minute, 0}} {
		sweep(start.Add(step.after))
		if n := rowsIn(t, s, "parked"); n != step.left {
			t.Errorf("after %v: %d reports, want %d", step.after, n, step.left)
		}
	}
}

// The writer need not look for reports where there are none, and must look again once there are.
func TestAReportThatComesAfterASweepMeetsItsDelivery(t *testing.T) {
	t.Parallel()
	s, sweep := swept(t, Options{})
	start := time.Now().UTC().Truncate(time.Millisecond)
	b := testBegin(start)
	if _, err := s.Begin(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	sweep(start)
	err := s.Report(t.Context(), otp.Reporting{
		Provider: "own", Keep: time.Minute, Now: start,
		Reports: []providers.Report{{UpstreamID: "u", State: providers.DeliveryDelivered}},
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Deliver(t.Context(), otp.Dispatch{Reference: b.Verification.Reference, Now: start, Deliveries: []otp.Delivery{
		{ID: "d", Provider: "own", Status: otp.DeliverySent, Handle: providers.Handle{UpstreamID: "u"}},
	}})
	if err != nil || v.Deliveries[0].Status != otp.DeliveryDelivered {
		t.Errorf("%+v, error %v", v.Deliveries, err)
	}
}

// What cannot be read must not keep the reports about others from their deliveries.
func TestReportsPassOverWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	start := time.Now().UTC().Truncate(time.Millisecond)
	broken, whole := testBegin(start), testBegin(start)
	broken.Verification.Deliveries = []otp.Delivery{{ID: "d", Provider: "own", Handle: providers.Handle{UpstreamID: "broken"}}}
	whole.Verification.Deliveries = []otp.Delivery{{
		ID: "d", Provider: "own", Status: otp.DeliverySent, Handle: providers.Handle{UpstreamID: "whole"},
	}}
	if err := damaged(s, broken); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	r := otp.Reporting{Provider: "own", Keep: time.Minute, Now: start}
	for _, id := range []string{"broken", "whole", "broken"} {
		r.Reports = append(r.Reports, providers.Report{UpstreamID: id, State: providers.DeliveryDelivered})
	}
	if err := s.Report(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	v, err := s.Get(t.Context(), whole.Verification.Reference)
	if err != nil || v.Deliveries[0].Status != otp.DeliveryDelivered {
		t.Errorf("%+v, error %v", v.Deliveries, err)
	}
}
