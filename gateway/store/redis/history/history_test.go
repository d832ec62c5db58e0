package history_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis/history"
	"github.com/otpgate/otpgate/gateway/store/redis/redistest"
	"github.com/otpgate/otpgate/providers"
)

// server starts a Redis of the test's own.
func server(t *testing.T) *redis.Client {
	t.Helper()
	s, err := redistest.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: s.Address})
	t.Cleanup(func() {
		_ = client.Close()
		s.Kill()
	})
	return client
}

// records are a source in memory.
type records struct {
	mu      sync.Mutex
	now     map[otp.Reference]otp.Verification
	version map[otp.Reference]int
	dirty   map[otp.Reference]bool
	states  map[otp.Reference][]otp.Verification // all that there were, in order
}

func newRecords() *records {
	return &records{
		now: map[otp.Reference]otp.Verification{}, version: map[otp.Reference]int{}, dirty: map[otp.Reference]bool{},
		states: map[otp.Reference][]otp.Verification{},
	}
}

func (r *records) put(v otp.Verification) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v = v.Clone()
	r.now[v.Reference], r.dirty[v.Reference] = v, true
	r.version[v.Reference]++
	r.states[v.Reference] = append(r.states[v.Reference], v)
}

func (r *records) Changed(_ context.Context, n int) ([]*history.Change, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*history.Change
	for ref := range r.dirty {
		if len(all) < n {
			v := r.now[ref].Clone()
			all = append(all, &history.Change{Verification: v, Version: strconv.Itoa(r.version[ref]), At: v.CreatedAt})
		}
	}
	return all, nil
}

func (r *records) Followed(_ context.Context, changes []*history.Change) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range changes {
		if strconv.Itoa(r.version[c.Reference]) == c.Version {
			delete(r.dirty, c.Reference)
		}
	}
	return nil
}

func (r *records) Still(_ context.Context, changes []*history.Change) ([]bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	still := make([]bool, len(changes))
	for i, c := range changes {
		still[i] = strconv.Itoa(r.version[c.Reference]) == c.Version
	}
	return still, nil
}

func (r *records) Records(_ context.Context, refs []otp.Reference) ([]otp.Verification, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []otp.Verification
	for _, ref := range refs {
		if v, ok := r.now[ref]; ok {
			found = append(found, v)
		}
	}
	return found, nil
}

func (r *records) To(_ context.Context, address, from, before string, n int64) ([]otp.Reference, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var refs []otp.Reference
	for ref, v := range r.now {
		if v.To.Address() == address && string(ref) >= from && (before == "" || string(ref) < before) {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(a, b otp.Reference) int { return strings.Compare(string(b), string(a)) })
	return refs[:min(len(refs), int(n))], nil
}

func (r *records) Overdue(_ context.Context, now time.Time) ([]otp.Verification, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var late []otp.Verification
	for _, v := range r.now {
		if v.Status == otp.StatusPending && v.At(now).Status == otp.StatusExpired {
			late = append(late, v)
		}
	}
	return late, nil
}

type world struct {
	t       *testing.T
	records *records
	client  redis.UniversalClient
	*history.History
}

func newWorld(t *testing.T) world {
	client, r := server(t), newRecords()
	return world{t, r, client, follower(client, r)}
}

// follower is one of many gateways.
func follower(client redis.UniversalClient, source history.Source) *history.History {
	return history.New(history.Options{
		Client: client, Prefix: "test", Source: source, Log: slog.New(slog.DiscardHandler),
		KeepVerifications: 24 * time.Hour, KeepEvents: 24 * time.Hour,
	})
}

func (w world) follow() {
	w.t.Helper()
	for range 50 {
		n, err := w.Follow(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
	w.t.Fatal("what changed is never taken in")
}

var start = time.Date(2100, time.March, 3, 10, 50, 0, 0, time.UTC)

func person(n int) providers.Recipient {
	return providers.NewPhone(fmt.Sprintf("+23324%07d", n), "GH", fmt.Sprintf("024%07d", n))
}

func fresh(n int, app string) otp.Verification {
	at := start.Add(time.Duration(n) * time.Second)
	return otp.Verification{
		Reference: otp.NewReference(at, person(n%7)), App: app, To: person(n % 7), Channel: providers.SMS, Purpose: "login",
		Metadata: map[string]string{"n": strconv.Itoa(n % 3)}, Status: otp.StatusPending, CreatedAt: at,
		ExpiresAt: at.Add(5 * time.Minute), MaxAttempts: 3,
	}
}

// step does something to v that can happen.
func step(v otp.Verification, n int) otp.Verification {
	v = v.Clone()
	now := v.CreatedAt.Add(time.Duration(n) * 10 * time.Second)
	switch rand.IntN(6) {
	case 0, 1:
		d := otp.Delivery{
			ID: fmt.Sprint("d", n), Provider: []string{"hubtel-gh", "zend"}[rand.IntN(2)], Channel: v.Channel, To: v.To,
			Status: otp.DeliverySent, At: now, Place: len(v.Deliveries) + 1, ExpiresAt: v.ExpiresAt,
			Cost: otp.Cost{Micros: 35, Currency: "USD"},
		}
		if rand.IntN(3) == 0 {
			d.Status = otp.DeliveryFailed
		}
		v.Deliver(otp.Dispatch{Deliveries: []otp.Delivery{d}, Now: now})
	case 2:
		_ = v.Reserve(otp.Guess{Match: otp.Match{Reference: v.Reference, App: v.App}, ID: fmt.Sprint("c", n), Now: now}, nil)
	case 3:
		if len(v.Checks) > 0 {
			v.Release(otp.Release{Check: v.Checks[0].ID, Outcome: otp.OutcomeUnavailable, Now: now}, nil)
		}
	case 4:
		if len(v.Checks) > 0 && len(v.Deliveries) > 0 {
			_ = v.Settle(otp.Settlement{
				Match: otp.Match{Reference: v.Reference, App: v.App}, Status: otp.StatusVerified,
				Check: v.Checks[len(v.Checks)-1].ID, Provider: v.Deliveries[0].Provider, Now: now,
			}, nil)
		}
	case 5:
		if len(v.Deliveries) > 0 && v.Deliveries[0].Status == otp.DeliverySent {
			v.Deliveries[0].Status = otp.DeliveryDelivered
		} else if len(v.Deliveries) > 0 {
			v.Deliveries[0].Reason = fmt.Sprint("r", n)
		}
	}
	return v
}

func (w world) report(app string, now time.Time, by ...otp.Group) []otp.Row {
	w.t.Helper()
	rows, err := w.Report(w.t.Context(), otp.ReportQuery{
		App: app, From: start.Add(-time.Hour), Until: start.Add(5 * time.Hour), By: by, Now: now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// balances compares the sums with what the records add up to.
func (w world) balances(now time.Time) {
	w.t.Helper()
	by := []otp.Group{otp.GroupApp, otp.GroupHour, otp.GroupChannel, otp.GroupProvider, otp.GroupCountry}
	var entries []otp.Entry
	for _, v := range w.records.now {
		if late := v.At(now); late.Status == otp.StatusExpired {
			v = late
		}
		entries = append(entries, otp.Account(v)...)
	}
	if diff := cmp.Diff(otp.Fold(entries, by), w.report("", now, by...)); diff != "" {
		w.t.Error("the sums are not those of the records:", diff)
	}
}

func TestSumsAreThoseOfTheRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 100 {
		v := fresh(n, []string{"shop", "bank"}[n%2])
		w.records.put(v)
		for s := range rand.IntN(12) {
			if v = step(v, s+1); rand.IntN(3) == 0 {
				w.records.put(v)
			}
			if rand.IntN(20) == 0 {
				w.follow()
			}
		}
		w.records.put(v)
	}
	w.follow()
	w.balances(start)
	w.balances(start.Add(time.Hour)) // when all that is pending has run out
}

// Each of the many follows while verifications go on: some are taken in by one, and their next change by another.
func TestManyWhoFollowCountOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	many := []*history.History{w.History}
	for range 3 {
		many = append(many, follower(w.client, w.records))
	}
	living := make([]otp.Verification, 100)
	for round := range 20 {
		for n := range living {
			switch {
			case round == n%5:
				living[n] = fresh(n, "shop")
			case round > n%5 && rand.IntN(3) == 0:
				living[n] = step(living[n], round)
			default:
				continue
			}
			w.records.put(living[n])
		}
		var all sync.WaitGroup
		for _, one := range many {
			all.Go(func() {
				if _, err := one.Follow(context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	w.follow()
	w.balances(start)
	w.toldOnce()
}

// toldOnce looks for events that are told twice, or not at all.
func (w world) toldOnce() {
	w.t.Helper()
	told := map[string]int{}
	for _, e := range w.everything("", 200) {
		name := fmt.Sprint(e.Reference, " ", e.Kind)
		switch {
		case e.Kind == otp.EventDelivery:
			name += " " + e.Delivery.ID
		case e.Kind == otp.EventCheck:
			name += " " + e.Check.ID
		case e.Kind != otp.EventCreated && e.Kind != otp.EventVerified:
			continue // these can come more than once
		}
		told[name]++
	}
	want := map[string]int{}
	for _, v := range w.records.now {
		for _, e := range otp.Changes(otp.Verification{}, v, start) {
			switch e.Kind {
			case otp.EventCreated, otp.EventVerified:
				want[fmt.Sprint(e.Reference, " ", e.Kind)] = 1
			case otp.EventDelivery:
				want[fmt.Sprint(e.Reference, " ", e.Kind, " ", e.Delivery.ID)] = 1
			case otp.EventCheck:
				want[fmt.Sprint(e.Reference, " ", e.Kind, " ", e.Check.ID)] = 1
			}
		}
	}
	if diff := cmp.Diff(want, told); diff != "" {
		w.t.Error(diff)
	}
}

// everything is all that happened to the verifications of an app, or of all, the newest first, read in pages of limit.
func (w world) everything(app string, limit int) []otp.Event {
	w.t.Helper()
	var all []otp.Event
	for q, pages := (otp.Query{App: app, Limit: limit, Now: start}), 0; ; pages++ {
		page, err := w.Events(w.t.Context(), q)
		if err != nil || pages > 2000 {
			w.t.Fatal(pages, err)
		}
		all = append(all, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
}

// forgetful is a source whose follower dies before it can say what it took in.
type forgetful struct{ *records }

func (forgetful) Followed(context.Context, []*history.Change) error { return context.Canceled }

func TestOneWhoDiesHalfWayCountsNothingTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dying := follower(w.client, forgetful{w.records})
	v := fresh(1, "shop")
	for s := range 10 {
		w.records.put(v)
		if _, err := dying.Follow(t.Context()); err == nil {
			t.Fatal("it did not die")
		}
		v = step(v, s+1)
	}
	w.records.put(v)
	w.follow()
	w.balances(start)
}

func TestEventsAreTheChanges(t *testing.T) {
	t.Parallel()
	for name, forgets := range map[string]bool{"of what is remembered": false, "of what is read": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eventsAreTheChanges(t, forgets)
		})
	}
}

// One who forgets knows the states from Redis alone.
func eventsAreTheChanges(t *testing.T, forgets bool) {
	t.Helper()
	w := newWorld(t)
	var want []otp.EventKind
	for n := range 30 {
		v := fresh(n, "shop")
		before := otp.Verification{}
		for s := range 6 {
			w.records.put(v)
			if forgets {
				w.History = follower(w.client, w.records)
			}
			w.follow()
			for _, e := range otp.Changes(before, v, start) {
				want = append(want, e.Kind)
			}
			before, v = v, step(v, s+1)
		}
	}
	var got []otp.EventKind
	for _, e := range w.everything("shop", 7) {
		got = append(got, e.Kind)
	}
	slices.Reverse(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	w.balances(start)
}

func TestEventsOfOneVerification(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, v := fresh(1, "shop"), fresh(2, "shop")
	w.records.put(other)
	w.records.put(v)
	w.follow()
	v.Deliver(otp.Dispatch{Deliveries: []otp.Delivery{{ID: "d", Provider: "zend", Status: otp.DeliverySent, At: v.CreatedAt}}})
	w.records.put(v)
	w.follow()
	for name, test := range map[string]struct {
		q    otp.Query
		want []otp.EventKind
		next string
	}{
		"all":            {otp.Query{App: "shop", Limit: 9}, []otp.EventKind{otp.EventDelivery, otp.EventCreated}, ""},
		"whosever it is": {otp.Query{Limit: 9}, []otp.EventKind{otp.EventDelivery, otp.EventCreated}, ""},
		"a page":         {otp.Query{App: "shop", Limit: 1}, []otp.EventKind{otp.EventDelivery}, "1"},
		"the next page":  {otp.Query{App: "shop", Limit: 1, Cursor: "1"}, []otp.EventKind{otp.EventCreated}, ""},
		"another app's":  {otp.Query{App: "bank", Limit: 9}, nil, ""},
		"one sort":       {otp.Query{App: "shop", Event: otp.EventCreated, Limit: 9}, []otp.EventKind{otp.EventCreated}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.q.Reference, test.q.Now = v.Reference, start
			page, err := w.Events(t.Context(), test.q)
			var kinds []otp.EventKind
			for _, e := range page.Items {
				kinds = append(kinds, e.Kind)
			}
			if err != nil || !slices.Equal(kinds, test.want) || page.Next != test.next {
				t.Errorf("%v, next %q, %v", kinds, page.Next, err)
			}
		})
	}
}

func TestListsAreFiltered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all []otp.Verification
	for n := range 60 {
		v := fresh(n, []string{"shop", "bank"}[n/40])
		if n%4 == 0 {
			v.Deliver(otp.Dispatch{Deliveries: []otp.Delivery{{ID: "d", Provider: "zend", Status: otp.DeliverySent, At: v.CreatedAt}}})
		}
		if n%5 == 0 {
			_ = v.Settle(otp.Settlement{Match: otp.Match{Reference: v.Reference, App: v.App}, Status: otp.StatusCanceled, Now: v.CreatedAt}, nil)
		}
		all = append(all, v)
		w.records.put(v)
	}
	w.follow()
	late := start.Add(5*time.Minute + 30*time.Second)
	for name, test := range map[string]struct {
		q   otp.Query
		fit func(v otp.Verification) bool
	}{
		"all apps":  {otp.Query{}, func(otp.Verification) bool { return true }},
		"app":       {otp.Query{App: "shop"}, func(v otp.Verification) bool { return v.App == "shop" }},
		"canceled":  {otp.Query{Status: otp.StatusCanceled}, func(v otp.Verification) bool { return v.Status == otp.StatusCanceled }},
		"expired":   {otp.Query{Status: otp.StatusExpired}, func(v otp.Verification) bool { return v.At(late).Status == otp.StatusExpired }},
		"provider":  {otp.Query{Provider: "zend"}, func(v otp.Verification) bool { return len(v.Deliveries) > 0 }},
		"to":        {otp.Query{App: "shop", To: person(3).Address()}, func(v otp.Verification) bool { return v.App == "shop" && v.To == person(3) }},
		"metadata":  {otp.Query{Metadata: map[string]string{"n": "1"}}, func(v otp.Verification) bool { return v.Metadata["n"] == "1" }},
		"from":      {otp.Query{From: start.Add(20 * time.Second)}, func(v otp.Verification) bool { return !v.CreatedAt.Before(start.Add(20 * time.Second)) }},
		"until":     {otp.Query{Until: start.Add(20 * time.Second)}, func(v otp.Verification) bool { return v.CreatedAt.Before(start.Add(20 * time.Second)) }},
		"elsewhere": {otp.Query{Country: "NG"}, func(otp.Verification) bool { return false }},
	} {
		t.Run(name, func(t *testing.T) {
			var want, got []otp.Reference
			for _, v := range slices.Backward(all) {
				if test.fit(v) {
					want = append(want, v.Reference)
				}
			}
			test.q.Limit, test.q.Now = 7, late
			for {
				page, err := w.List(t.Context(), test.q)
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range page.Items {
					got = append(got, v.Reference)
				}
				if test.q.Cursor = page.Next; page.Next == "" {
					break
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestForgedCursorsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, cursor := range []string{"x", "1-1-", "-", "+", "(1", "1-1.", "1-1.0", "1-1.01", "1-1.+1", "1-1.1.1", "1-1.1234567", "1.1-1",
		"01jtdre6ga9vqk1ce154p0jjwr\n", "99999999999999999999999-1"} {
		if _, err := w.List(t.Context(), otp.Query{Cursor: cursor, Limit: 1}); err == nil {
			t.Errorf("%q is a cursor of a list", cursor)
		}
		if _, err := w.Events(t.Context(), otp.Query{Cursor: cursor, Limit: 1}); err == nil {
			t.Errorf("%q is a cursor of events", cursor)
		}
		if _, err := w.Events(t.Context(), otp.Query{Reference: "r", Cursor: cursor, Limit: 1}); err == nil {
			t.Errorf("%q is a cursor of events of a verification", cursor)
		}
	}
}

// Ids of events are told apart within an app alone.
func TestEventsOfTwoAppsWithOneIdAreBothTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	apps := []string{"b", "a", "c"}
	for n, app := range apps {
		v := fresh(n+1, app)
		w.records.put(v)
		w.follow()
		stream := "test:{h " + app + "}:stream"
		w.client.Del(t.Context(), stream)
		for _, id := range []string{"7-1", "7-2"} {
			err := w.client.XAdd(t.Context(), &redis.XAddArgs{Stream: stream, ID: id, Values: []any{"events", string(v.Reference) + " 0 1"}}).Err()
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	var told []string
	for cursor := ""; ; {
		page, err := w.Events(t.Context(), otp.Query{Cursor: cursor, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			told = append(told, e.App)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "a", "b", "c"}, told); diff != "" {
		t.Error(diff)
	}
	if _, err := w.Events(t.Context(), otp.Query{App: "a", Cursor: "7-1-b", Limit: 1}); err == nil {
		t.Error("a cursor of all apps is one of an app")
	}
}

func TestEveryKeyHasAnEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.records.put(step(fresh(1, "shop"), 1))
	w.follow()
	keys, err := w.client.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) < 6 {
		t.Fatal(keys, err)
	}
	for _, key := range keys {
		ttl := w.client.PTTL(t.Context(), key).Val()
		if key == "test:{history}:apps" {
			continue // as many as the configuration has
		}
		if ttl <= 0 || ttl > 25*time.Hour {
			t.Errorf("%s ends in %v", key, ttl)
		}
	}
}

func TestADamagedStateKeepsNobodyElseWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken, sound := fresh(1, "shop"), fresh(2, "shop")
	w.records.put(broken)
	w.follow()
	if err := w.client.Set(t.Context(), "test:{h shop}:seen:"+string(broken.Reference), "1\n{", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	broken.Resends = 1
	w.records.put(broken)
	w.records.put(sound)
	w.follow()
	page, err := w.List(t.Context(), otp.Query{App: "shop", Limit: 9, Now: start})
	if err != nil || len(page.Items) != 2 || len(w.records.dirty) != 0 {
		t.Errorf("%d are listed, %d are left: %v", len(page.Items), len(w.records.dirty), err)
	}
}
