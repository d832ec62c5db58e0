package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// sends is how many verifications the report of a time counts.
func sends(t *testing.T, s *Store, from time.Time) int64 {
	t.Helper()
	rows, err := s.History().Report(t.Context(), otp.ReportQuery{From: from.Truncate(time.Hour), Now: from})
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for _, row := range rows {
		n += row.Sends
	}
	return n
}

// everyEvent reads all pages.
func everyEvent(t *testing.T, s *Store, q otp.Query) (all []otp.Event) {
	t.Helper()
	for {
		page, err := s.History().Events(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
}

// A group that fails takes its events and its sums with it, and those of the next group are written.
func TestAFailedGroupLeavesNothingInHistory(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	start := time.Now().UTC()
	b := testBegin(start)
	record, err := otp.EncodeRecord(b.Verification)
	if err != nil {
		t.Fatal(err)
	}
	group(t, s, func(t tx) error { return t.insert(b.Verification, record, start) }, func(tx) error { panic("in the same group") })
	if n, events := sends(t, s, start), rowsIn(t, s, "events"); n != 0 || events != 0 {
		t.Errorf("%d sends, %d events", n, events)
	}
	refused := func(tx) error { return &otp.Error{Code: otp.Expired} }
	group(t, s, refused, func(t tx) error { return t.insert(b.Verification, record, start) }, refused)
	if n, events := sends(t, s, start), rowsIn(t, s, "events"); n != 1 || events != 1 {
		t.Errorf("%d sends, %d events", n, events)
	}
}

// Ids of events are not used again, whatever was deleted: what leads to the old ones may be there still.
func TestEventsNeverShareAnId(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	start := time.Now().UTC().Truncate(time.Millisecond)
	s := testStore(t, Options{Path: path})
	for range blockSize + 7 {
		if _, err := s.Begin(t.Context(), testBegin(start)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := write(t.Context(), s.writer, func(t tx) (int64, error) { return t.exec("DELETE FROM events") }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = testStore(t, Options{Path: path})
	if _, err := s.Begin(t.Context(), testBegin(start)); err != nil {
		t.Fatal(err)
	}
	id, err := write(t.Context(), s.writer, func(t tx) (int64, error) { return t.number(oldestEvent) })
	if err != nil || id != blockSize {
		t.Errorf("the first event after the block is %d, error %v", id, err)
	}
}

// What is found through the times of full blocks is what happened then.
func TestTimesOfBlocksHideNothing(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	start := time.Now().UTC().Truncate(time.Millisecond)
	for n := range 3*blockSize + 10 {
		if _, err := s.Begin(t.Context(), testBegin(start.Add(time.Duration(n)*time.Second))); err != nil {
			t.Fatal(err)
		}
	}
	if n := rowsIn(t, s, "event_blocks"); n != 3 {
		t.Errorf("%d blocks have their times", n)
	}
	for _, span := range [][2]int{{0, 1}, {254, 258}, {511, 512}, {100, 700}, {770, 900}, {-9, 0}} {
		q := otp.Query{
			App: "shop", Limit: 1000, From: start.Add(time.Duration(span[0]) * time.Second),
			Until: start.Add(time.Duration(span[1]) * time.Second),
		}
		want := max(0, min(span[1], 3*blockSize+10)-max(0, span[0]))
		if got := len(everyEvent(t, s, q)); got != want {
			t.Errorf("%v: %d events, want %d", span, got, want)
		}
	}
}

func TestSweepForgetsEventsAndSums(t *testing.T) {
	t.Parallel()
	start := time.Now().UTC().Truncate(time.Hour)
	s, sweep := swept(t, Options{Events: 24 * time.Hour})
	const n = 2*blockSize + 50
	for i := range n {
		b := testBegin(start)
		b.Verification.Metadata = map[string]string{"order": fmt.Sprint(i)}
		b.Verification.App = fmt.Sprint("shop", i%3)
		if _, err := s.Begin(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	// They run out and are forgotten by their own retention of an hour; what happened is told of for longer.
	tables := []string{"verifications", "labels", "verification_marks", "events", "report_cells", "people"}
	for _, step := range []struct {
		after time.Duration
		rows  []int64 // of tables
	}{
		{10 * time.Minute, []int64{n, n, 3 * 4, 2 * n, 3, n}},
		{2 * time.Hour, []int64{0, 0, 3 * 4, 2 * n, 3, 0}},
		{24 * time.Hour, []int64{0, 0, 3 * 4, 2 * n, 3, 0}},
		{24*time.Hour + time.Millisecond, []int64{0, 0, 3 * 4, n, 0, 0}},
		{25 * time.Hour, []int64{0, 0, 3 * 4, 0, 0, 0}},
	} {
		sweep(start.Add(step.after))
		for i, table := range tables {
			if table == "verification_marks" { // slices are forgotten when an older one has no verification
				continue
			}
			if got := rowsIn(t, s, table); got != step.rows[i] {
				t.Errorf("after %v: %d rows in %s, want %d", step.after, got, table, step.rows[i])
			}
		}
	}
	if blocks, marks := rowsIn(t, s, "event_blocks"), rowsIn(t, s, "event_marks"); blocks > 1 || marks > 100 {
		t.Errorf("%d blocks and %d marks lead to nothing", blocks, marks)
	}
	later := start.Add(26 * time.Hour)
	b := testBegin(later)
	if _, err := s.Begin(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	sweep(later)
	for what, n := range map[string]int64{
		"old slices": column64(t, s, "SELECT count(*) FROM verification_marks WHERE slice < '"+lowest(later)[:sliceLength]+"'"),
		"new slices": 1 - min(1, rowsIn(t, s, "verification_marks")),
	} {
		if n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	list, err := s.History().List(t.Context(), otp.Query{App: "shop", Limit: 5, Now: later})
	if err != nil || len(list.Items) != 1 {
		t.Errorf("%d verifications, error %v", len(list.Items), err)
	}
	events, err := s.History().Events(t.Context(), otp.Query{App: "shop", Limit: 5, Now: later})
	if err != nil || len(events.Items) != 1 {
		t.Errorf("%d events, error %v", len(events.Items), err)
	}
}

func column64(t *testing.T, s *Store, sql string) int64 {
	t.Helper()
	n, err := write(t.Context(), s.writer, func(t tx) (int64, error) { return t.number(sql) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What an earlier version wrote down has no marks of its own making.
func TestAnUpgradeMakesTheMarksAndSumsThatAreMissing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	scripts, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	atVersion(t, path, scripts[:4])
	v := testBegin(time.Now().UTC()).Verification
	v.Purpose, v.Metadata = "login", map[string]string{"order": "17"}
	record, err := otp.EncodeRecord(v)
	if err != nil {
		t.Fatal(err)
	}
	c, err := connect(path, Options{}.withDefaults().writing())
	if err != nil {
		t.Fatal(err)
	}
	insert := func(ref string, record []byte) error {
		_, err := c.exec(insertVerification, ref, v.App, string(v.Status), string(v.Channel), "own", v.To.Country(), v.To.Address(),
			v.Purpose, v.CreatedAt.UnixMilli(), v.ExpiresAt.UnixMilli(), nil, record)
		return err
	}
	damaged := string(otp.NewReference(v.CreatedAt, v.To))
	if err := errors.Join(insert(string(v.Reference), record), insert(damaged, []byte("{")), c.close()); err != nil {
		t.Fatal(err)
	}
	s := testStore(t, Options{Path: path})
	for name, q := range map[string]otp.Query{
		"all": {}, "channel": {Channel: v.Channel}, "provider": {Provider: "own"}, "country": {Country: "GH"},
		"purpose": {Purpose: "login"}, "to": {To: v.To.Address()}, "metadata": {Metadata: v.Metadata},
		"status": {Status: otp.StatusPending},
	} {
		q.App, q.Limit, q.Now = "shop", 5, v.CreatedAt
		page, err := s.History().List(t.Context(), q)
		if err != nil || len(page.Items) != 1 || page.Items[0].Reference != v.Reference {
			t.Errorf("by %s: %d verifications, error %v", name, len(page.Items), err)
		}
	}
	if n := sends(t, s, v.CreatedAt); n != 1 {
		t.Errorf("%d sends are counted", n)
	}
}

// Agrees fails unless the sums are those of the records, and every delivery and check in them has its event. Nothing may
// have ended.
func Agrees(ctx context.Context, s *Store) error {
	var all []otp.Entry
	events := 0
	past, now := s.History(), time.Now()
	for q := (otp.Query{Limit: 500, Now: time.UnixMilli(0)}); ; {
		page, err := past.List(ctx, q)
		if err != nil {
			return err
		}
		for _, seen := range page.Items {
			v, err := s.Get(ctx, seen.Reference) // as it is written down, and not as it is seen
			if err != nil {
				return err
			}
			all = append(all, otp.Account(v)...)
			events += 1 + len(v.Checks) + len(v.Deliveries)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	by := []otp.Group{otp.GroupApp, otp.GroupHour, otp.GroupProvider, otp.GroupChannel, otp.GroupCountry}
	rows, err := past.Report(ctx, otp.ReportQuery{By: by, Now: time.UnixMilli(0)})
	if err != nil {
		return err
	}
	if diff := cmp.Diff(otp.Fold(all, by), rows, cmpopts.EquateEmpty()); diff != "" {
		return fmt.Errorf("the sums are not those of the records (-records +sums):\n%s", diff)
	}
	told := 0
	for q := (otp.Query{Limit: 1000, Now: now}); ; {
		page, err := past.Events(ctx, q)
		if err != nil {
			return err
		}
		told += len(page.Items)
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if told != events {
		return fmt.Errorf("%d events are told, and the records speak of %d", told, events)
	}
	return nil
}

func FuzzCursors(f *testing.F) {
	ref := string(otp.NewReference(time.Now(), ama()))
	for _, seed := range []string{
		"", "a", newCursor(listCursor, ref), newCursor(eventCursor, "17"), newCursor(eventCursor, "-1"), newCursor(eventCursor, "+1"),
		newCursor(listCursor, strings.ToUpper(ref)), newCursor("l2.", ref), "====", "\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		if at, err := afterReference(cursor); err == nil && cursor != "" && newCursor(listCursor, at) != cursor {
			t.Errorf("%q is taken for the place %q", cursor, at)
		} else if err != nil && code(err) != otp.InvalidRequest {
			t.Errorf("%q: %v", cursor, err)
		}
		if id, err := afterEvent(cursor); err == nil && cursor != "" && newCursor(eventCursor, fmt.Sprint(id)) != cursor {
			t.Errorf("%q is taken for the event %d", cursor, id)
		} else if err != nil && code(err) != otp.InvalidRequest {
			t.Errorf("%q: %v", cursor, err)
		}
	})
}

// A question whose caller has gone does not go on, and the next one is answered.
func TestAnAbandonedQuestionEnds(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	if _, err := s.Begin(t.Context(), testBegin(time.Now())); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 * pastReaders {
		if _, err := s.History().List(gone, otp.Query{App: "shop", Limit: 1}); !errors.Is(err, context.Canceled) {
			t.Errorf("listed with %v", err)
		}
		if _, err := s.History().Report(gone, otp.ReportQuery{}); !errors.Is(err, context.Canceled) {
			t.Errorf("reported with %v", err)
		}
	}
	if page, err := s.History().List(t.Context(), otp.Query{App: "shop", Limit: 1}); err != nil || len(page.Items) != 1 {
		t.Errorf("%+v, error %v", page, err)
	}
}

// The newest events of a busy person are found among all, and are the same as those that are found one by one.
func TestEventsOfABusyPerson(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	start := time.Now().UTC().Truncate(time.Millisecond)
	_, err := write(t.Context(), s.writer, func(t tx) (struct{}, error) {
		for n := range few + 20 {
			v := testBegin(start.Add(time.Duration(n) * time.Millisecond)).Verification
			if n%10 == 0 {
				v.To = providers.NewPhone("+233209999999", "GH", "0209999999")
				v.Reference = otp.NewReference(v.CreatedAt, v.To)
			}
			v.Metadata = map[string]string{"tenant": "a"}
			if err := t.insert(v, []byte("{"), v.CreatedAt); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	q := otp.Query{App: "shop", Metadata: map[string]string{"tenant": "a"}, Limit: 2000, Now: start}
	all := everyEvent(t, s, q)
	if len(all) != few+20 {
		t.Errorf("%d events", len(all))
	}
	q.To = ama().Address()
	one := everyEvent(t, s, q)
	want := slices.DeleteFunc(all, func(e otp.Event) bool { return e.To.Address() != q.To })
	same := cmp.Comparer(func(a, b providers.Recipient) bool { return a == b })
	if diff := cmp.Diff(want, one, same); diff != "" || len(want) < 900 {
		t.Errorf("found (-among all +one by one):\n%.2000s", diff)
	}
}
