package history_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis/history"
	"github.com/otpgate/otpgate/gateway/store/redis/redistest"
)

// kinds are those of all events of an app, the oldest first.
func (w world) kinds(app string) []otp.EventKind {
	var kinds []otp.EventKind
	for _, e := range w.everything(app, 200) {
		kinds = append([]otp.EventKind{e.Kind}, kinds...)
	}
	return kinds
}

func (w world) wants(kinds ...otp.EventKind) {
	w.t.Helper()
	if diff := cmp.Diff(kinds, w.kinds("shop")); diff != "" {
		w.t.Error(diff)
	}
}

// delivered is v after one more try.
func delivered(v otp.Verification, id string) otp.Verification {
	v = v.Clone()
	v.Deliver(otp.Dispatch{Now: v.CreatedAt, Deliveries: []otp.Delivery{{
		ID: id, Provider: "zend", Channel: v.Channel, To: v.To, Status: otp.DeliverySent, At: v.CreatedAt,
	}}})
	return v
}

func toldKey(v otp.Verification) string { return "test:{h " + v.App + "}:told:" + string(v.Reference) }

// What one gateway remembers is not what another has taken in since.
func TestOneWhoWasOvertakenLooksAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w
	other.History = follower(w.client, w.records)
	v, bystander := fresh(1, "shop"), fresh(2, "shop")
	w.records.put(v)
	w.follow()
	v = delivered(v, "d1")
	w.records.put(v)
	other.follow()
	w.records.put(delivered(v, "d2"))
	w.records.put(bystander)
	w.follow()
	w.balances(start)
	w.toldOnce()
	if w.records.dirty[v.Reference] || w.records.dirty[bystander.Reference] {
		t.Error("a change is not taken in")
	}
}

// deaf is a connection that hears no answer to a transaction, for as long as it is deaf.
type deaf struct{ left int }

func (d *deaf) DialHook(next redis.DialHook) redis.DialHook { return next }

func (d *deaf) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (d *deaf) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		if d.left > 0 && cmds[0].Name() == "multi" {
			d.left--
			return io.ErrUnexpectedEOF
		}
		return err
	}
}

func TestALostAnswerCountsNothingTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ear := &deaf{}
	w.client.AddHook(ear)
	v := fresh(1, "shop")
	for n := range 4 {
		w.records.put(v)
		ear.left = 1
		if _, err := w.Follow(t.Context()); err == nil {
			t.Fatal("the answer was heard")
		}
		if v = delivered(v, fmt.Sprint("d", n)); n%2 == 0 {
			w.records.put(v) // and changes before it is followed again
		}
		w.follow()
	}
	w.records.put(v)
	w.follow()
	w.balances(start)
	w.toldOnce()
}

// A Cluster refuses what spans slots.
func TestHistoryInACluster(t *testing.T) {
	t.Parallel()
	bus, err := redistest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	_, busPort, _ := net.SplitHostPort(bus)
	s, err := redistest.Start(t.TempDir(), "--cluster-enabled", "yes", "--cluster-port", busPort)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	node := s.Client()
	defer node.Close()
	if err := node.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	err = s.Await(func(c *redis.Client) error { return c.Set(t.Context(), "x", 1, time.Second).Err() })
	if err != nil {
		t.Fatal(err)
	}
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{s.Address}})
	t.Cleanup(func() { _ = cluster.Close() })
	r := newRecords()
	w := world{t, r, cluster, follower(cluster, r)}
	for n := range 20 {
		v := fresh(n, []string{"shop", "bank"}[n%2])
		w.records.put(v)
		w.follow()
		w.records.put(delivered(v, "d1"))
	}
	w.follow()
	w.balances(start)
	w.toldOnce()
}

// stale is a source that reads records, and then stands still for so long that others take in what comes next.
type stale struct {
	*records
	meanwhile func()
}

func (s *stale) Changed(ctx context.Context, n int) ([]*history.Change, error) {
	changes, err := s.records.Changed(ctx, n)
	if do := s.meanwhile; do != nil {
		s.meanwhile = nil
		do()
	}
	return changes, err
}

func TestHistoryNeverGoesBack(t *testing.T) {
	t.Parallel()
	for name, remembers := range map[string]bool{"in one who remembers a state": true, "in one who reads it": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			source := &stale{records: w.records}
			slow := follower(w.client, source)
			v := fresh(1, "shop")
			w.records.put(v)
			if !remembers {
				w.follow()
			} else if _, err := slow.Follow(t.Context()); err != nil {
				t.Fatal(err)
			}
			v = delivered(v, "d1")
			w.records.put(v)
			v = delivered(v, "d2")
			source.meanwhile = func() {
				w.records.put(v)
				w.follow()
			}
			if _, err := slow.Follow(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.wants(otp.EventCreated, otp.EventDelivery, otp.EventDelivery)
			w.balances(start)
		})
	}
}

// What is told of a verification is forgotten before it is, but not on the same day.
func TestWhatFollowsOnWhatIsForgottenIsNotTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := time.Now().Add(-13 * time.Hour)
	old := func(n int) otp.Verification {
		v := fresh(n, "shop")
		v.Reference, v.CreatedAt = otp.NewReference(began, person(n)), began.Truncate(time.Millisecond).UTC()
		return v
	}
	v := delivered(old(1), "d1")
	w.records.put(v)
	w.follow()
	w.client.Del(t.Context(), toldKey(v))
	w.History = follower(w.client, w.records)
	v = delivered(v, "d2")
	w.records.put(v)
	w.records.put(old(2))
	w.follow()
	w.records.put(delivered(v, "d3"))
	w.follow()
	w.wants(otp.EventCreated) // of the second one
	if w.records.dirty[v.Reference] {
		t.Error("a change that cannot be told is kept")
	}
	rows, err := w.Report(t.Context(), otp.ReportQuery{App: "shop", From: began.Add(-time.Hour), Until: start, Now: began})
	if err != nil || rows[0].Sends != 2 || rows[0].Deliveries != 1 {
		t.Error(rows, err)
	}
}

// A cursor may name an entry that is not there, or more of one than it has.
func TestACursorGoesOnBehindItsPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := delivered(fresh(1, "shop"), "d1")
	w.records.put(v)
	w.follow()
	stream := "test:{h shop}:stream"
	w.client.Del(t.Context(), stream)
	for n, id := range []string{"7-1", "7-2"} {
		entry := &redis.XAddArgs{Stream: stream, ID: id, Values: []any{"events", fmt.Sprint(v.Reference, " ", n, " 1")}}
		if err := w.client.XAdd(t.Context(), entry).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for cursor, want := range map[string]int{"7-2": 1, "7-1": 0, "7-3": 2, "7-2.1": 2, "7-2.9": 2} {
		page, err := w.Events(t.Context(), otp.Query{App: "shop", Cursor: cursor, Limit: 9})
		if err != nil || len(page.Items) != want || page.Next != "" {
			t.Errorf("%d events are told behind %s, next %q: %v", len(page.Items), cursor, page.Next, err)
		}
	}
}

// Pages end anywhere in what was taken in together, and of many apps in each.
func TestPagesOfEveryLengthTellTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := make([]otp.Verification, 50)
	for round := range 3 {
		for n, app := range []string{"shop", "bank", "bar-b"} {
			for i := n; i < len(all); i += 3 {
				if all[i] = delivered(all[i], fmt.Sprint("d", round)); round == 0 {
					all[i] = fresh(i, app)
				}
				w.records.put(all[i])
			}
		}
		w.follow()
	}
	for _, app := range []string{"shop", ""} {
		want := w.everything(app, 200)
		for _, limit := range []int{1, 2, 7, 50} {
			if diff := cmp.Diff(want, w.everything(app, limit), cmp.Comparer(func(a, b otp.Event) bool {
				return a.Reference == b.Reference && a.Kind == b.Kind
			})); diff != "" {
				t.Errorf("%q in pages of %d: %s", app, limit, diff)
			}
		}
	}
	if told := w.everything("", 9); len(told) != 150 {
		t.Errorf("%d events are told", len(told))
	}
}

// A page of all apps goes no further back than it has looked into each.
func TestABusyAppHidesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := map[otp.Reference]int{}
	for n := range 120 {
		app := "shop"
		if n%50 == 0 {
			app = "bank"
		}
		v := fresh(n, app)
		w.records.put(v)
		w.follow()
		want[v.Reference] = 1
	}
	for _, limit := range []int{5, 200} {
		told := map[otp.Reference]int{}
		for _, e := range w.everything("", limit) {
			told[e.Reference]++
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("in pages of %d: %s", limit, diff)
		}
	}
}

func TestADamagedStreamIsToldOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n, entry := range [][]any{
		{"events", "r 0"}, {"events", "r 0 0"}, {"events", "r -1 1"}, {"events", ""}, {"ref", "r", "n", "x"}, {"else", "1"},
	} {
		app := fmt.Sprint("a", n)
		w.client.XAdd(t.Context(), &redis.XAddArgs{Stream: "test:{h " + app + "}:stream", Values: entry})
		_, err := w.Events(t.Context(), otp.Query{App: app, Limit: 1})
		if err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%v: %v", entry, err)
		}
	}
}

// The end of the events moves with that of the verification, and with what comes after it.
func TestEventsEndAsLongAfterTheVerificationAsTheyAreKept(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		life   time.Duration // of the verification, from the time of its changes on
		longer time.Duration // that it gets by the second change
		left   time.Duration // until its events would end by then
		want   time.Duration // what is left after the second change
	}{
		"a change in time":    {5 * time.Minute, 0, time.Hour, time.Hour},
		"a longer time":       {5 * time.Minute, time.Minute, time.Hour, 24*time.Hour + 6*time.Minute},
		"a late change":       {-time.Second, 0, time.Hour, 24 * time.Hour},
		"the events are gone": {5 * time.Minute, 0, 0, 24*time.Hour + 5*time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			v := fresh(1, "shop")
			v.ExpiresAt = v.CreatedAt.Add(test.life)
			w.records.put(v)
			w.follow()
			w.endsIn(v, 24*time.Hour+max(test.life, 0))
			w.client.PExpire(t.Context(), toldKey(v), test.left)
			v = delivered(v, "d1")
			v.ExpiresAt = v.ExpiresAt.Add(test.longer)
			w.records.put(v)
			w.follow()
			w.endsIn(v, test.want)
		})
	}
}

// endsIn looks for the end of the events of v.
func (w world) endsIn(v otp.Verification, want time.Duration) {
	w.t.Helper()
	if left := w.client.PTTL(w.t.Context(), toldKey(v)).Val(); left > want || left < want-30*time.Second {
		w.t.Errorf("the events end in %v, not in %v", left, want)
	}
}
