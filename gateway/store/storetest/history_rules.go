package storetest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

func historyTests() map[string]func(pastFixture) {
	return map[string]func(pastFixture){
		"new rows do not move the pages that come after":   newRowsMoveNothing,
		"of one moment every verification is listed once":  oneMoment,
		"what ran out is expired at once":                  ranOutIsExpired,
		"a refusal leaves nothing":                         refusalsLeaveNothing,
		"one app's past is not another's":                  appsApart,
		"what makes a wrong cursor is refused by its name": wrongCursors,
		"an event keeps what happened and no handle":       eventKeeps,
		"a past of nothing is empty":                       nothingIsEmpty,
	}
}

// many begins n verifications of the shop, each a step after the one before.
func (f pastFixture) many(n int, step time.Duration) []otp.Reference {
	f.t.Helper()
	var refs []otp.Reference
	for i := range n {
		now := after(time.Duration(i) * step)
		b := otp.Begin{Verification: draft(now), Now: now}
		if _, err := f.store.Begin(f.t.Context(), b); err != nil {
			f.t.Fatal(err)
		}
		refs = append(refs, b.Verification.Reference)
	}
	f.up()
	return refs
}

func referencesOf[T any](items []T, of func(T) otp.Reference) []otp.Reference {
	var refs []otp.Reference
	for _, item := range items {
		refs = append(refs, of(item))
	}
	return refs
}

func newRowsMoveNothing(f pastFixture) {
	old := f.many(9, time.Second)
	slices.Reverse(old)
	q := otp.Query{App: "shop", Limit: 2, Now: after(time.Minute)}
	var listed, told []otp.Reference
	for page := 0; page == 0 || q.Cursor != ""; page++ {
		if page > maxPages {
			f.t.Fatal(errEndless)
		}
		got, err := f.past.History.List(f.t.Context(), q)
		if err != nil {
			f.t.Fatal(err)
		}
		listed = append(listed, referencesOf(got.Items, func(v otp.Verification) otp.Reference { return v.Reference })...)
		q.Cursor = got.Next
		f.begin(func(b *otp.Begin) { b.Now = after(time.Minute); b.Verification = draft(b.Now) })
		f.up()
	}
	if !slices.Equal(old, listed) {
		f.t.Errorf("listed %v, want %v", listed, old)
	}
	q.Event, q.Cursor, q.Until = otp.EventCreated, "", after(30*time.Second)
	for page := 0; page == 0 || q.Cursor != ""; page++ {
		got, err := f.past.History.Events(f.t.Context(), q)
		if err != nil || page > maxPages {
			f.t.Fatal(page, err)
		}
		told = append(told, referencesOf(got.Items, func(e otp.Event) otp.Reference { return e.Reference })...)
		q.Cursor = got.Next
		f.begin(func(b *otp.Begin) { b.Now = after(time.Second); b.Verification = draft(b.Now) })
		f.up()
	}
	if !slices.Equal(old, told) {
		f.t.Errorf("told of %v, want %v", told, old)
	}
}

func oneMoment(f pastFixture) {
	refs := f.many(20, 0)
	slices.Sort(refs)
	slices.Reverse(refs)
	for _, limit := range []int{1, 3, 20, 200} {
		got, err := f.past.list(f.t.Context(), otp.Query{App: "shop", Limit: limit, Now: after(0)})
		if err != nil {
			f.t.Fatal(err)
		}
		if listed := referencesOf(got, func(v otp.Verification) otp.Reference { return v.Reference }); !slices.Equal(refs, listed) {
			f.t.Errorf("pages of %d: listed %v, want %v", limit, listed, refs)
		}
	}
}

func ranOutIsExpired(f pastFixture) {
	v := f.sent()
	f.up()
	for _, moment := range []struct {
		now  time.Time
		want otp.Status
	}{{v.ExpiresAt.Add(-time.Millisecond), otp.StatusPending}, {v.ExpiresAt, otp.StatusExpired}} {
		for _, status := range []otp.Status{otp.StatusPending, otp.StatusExpired, otp.StatusFailed} {
			q := otp.Query{App: "shop", Status: status, Limit: 5, Now: moment.now}
			got, err := f.past.list(f.t.Context(), q)
			if err != nil || (len(got) == 1) != (status == moment.want) || len(got) == 1 && got[0].Status != moment.want {
				f.t.Errorf("at %v %s lists %+v, error %v", moment.now, status, got, err)
			}
		}
		rows, err := f.past.History.Report(f.t.Context(), otp.ReportQuery{App: "shop", From: after(0), Now: moment.now})
		if err != nil || len(rows) != 1 || rows[0].Sends != 1 || (rows[0].Expired == 1) != (moment.want == otp.StatusExpired) {
			f.t.Errorf("at %v the report is %+v, error %v", moment.now, rows, err)
		}
	}
}

func refusalsLeaveNothing(f pastFixture) {
	v := f.sent()
	f.settle(settlement(v, otp.StatusVerified, "", after(time.Second)))
	before := f.everything()
	_, err := f.store.Reserve(f.t.Context(), guess(v, "c", nil, after(2*time.Second)))
	f.refused(otp.AlreadyVerified, err)
	_, err = f.store.Settle(f.t.Context(), settlement(v, otp.StatusCanceled, "", after(2*time.Second)))
	f.refused(otp.AlreadyVerified, err)
	_, err = f.store.Begin(f.t.Context(), otp.Begin{Verification: v, Now: after(0)})
	if err == nil {
		f.t.Error("begun twice")
	}
	if diff := difference(before, f.everything()); diff != "" {
		f.t.Errorf("refusals are told of (-before +after):\n%s", diff)
	}
}

// everything is all that the shop's past holds.
func (f pastFixture) everything() string {
	f.t.Helper()
	f.up()
	q := otp.Query{App: "shop", Limit: 3, Now: after(0)}
	events, err := f.past.events(f.t.Context(), q)
	if err != nil {
		f.t.Fatal(err)
	}
	report := otp.ReportQuery{App: "shop", By: []otp.Group{otp.GroupProvider}, From: after(-time.Hour), Now: after(0)}
	rows, err := f.past.History.Report(f.t.Context(), report)
	if err != nil {
		f.t.Fatal(err)
	}
	kinds := make([]otp.EventKind, len(events))
	for i, e := range events {
		kinds[i] = e.Kind
	}
	return fmt.Sprint(kinds, rows)
}

func appsApart(f pastFixture) {
	v := f.sent()
	f.sent(func(b *otp.Begin) { b.Verification.App = "other" })
	f.up()
	for _, q := range []otp.Query{
		{}, {Reference: v.Reference}, {To: v.To.Address()}, {Metadata: v.Metadata}, {Provider: "hubtel-gh"},
		{Status: otp.StatusPending}, {Country: "GH"}, {From: after(-time.Hour), Until: after(time.Hour)},
	} {
		for _, app := range []struct {
			id string
			n  int
		}{{"shop", 1}, {"other", 1}, {"nobody", 0}, {"", 2}} {
			q.App, q.Limit, q.Now = app.id, 10, after(time.Second)
			events, err := f.past.events(f.t.Context(), q)
			want := app.n * 2 // created and delivered
			if q.Provider != "" {
				want = app.n
			}
			if q.Reference != "" && app.id != "" && app.id != "shop" {
				want = 0
			} else if q.Reference != "" {
				want = 2
			}
			if err != nil || len(events) != want {
				f.t.Errorf("of %+v: %d events, want %d, error %v", q, len(events), want, err)
			}
			listed := q
			listed.Reference = ""
			if got, err := f.past.list(f.t.Context(), listed); err != nil || len(got) != app.n {
				f.t.Errorf("of %+v: %d verifications, want %d, error %v", listed, len(got), app.n, err)
			}
		}
	}
}

func wrongCursors(f pastFixture) {
	f.many(3, time.Second)
	q := otp.Query{App: "shop", Limit: 1, Now: after(0)}
	list, err := f.past.History.List(f.t.Context(), q)
	if err != nil {
		f.t.Fatal(err)
	}
	events, err := f.past.History.Events(f.t.Context(), q)
	if err != nil {
		f.t.Fatal(err)
	}
	wrong := []string{
		"?", "1", "-1", " ", "\x00", "'", strings.Repeat("A", 10_000), base64.RawURLEncoding.EncodeToString([]byte("l1.")),
	}
	for what, test := range map[string]struct {
		cursors []string
		ask     func(otp.Query) error
	}{
		"List": {append(wrong, events.Next, list.Next+"A"), func(q otp.Query) error {
			_, err := f.past.History.List(f.t.Context(), q)
			return err
		}},
		"Events": {append(wrong, list.Next, events.Next+"%"), func(q otp.Query) error {
			_, err := f.past.History.Events(f.t.Context(), q)
			return err
		}},
	} {
		for _, cursor := range test.cursors {
			q.Cursor = cursor
			refusal := f.refused(otp.InvalidRequest, test.ask(q))
			if len(refusal.Fields) != 1 || refusal.Fields[0].Field != "cursor" || refusal.Fields[0].Message == "" {
				f.t.Errorf("%s refuses the cursor %.40q with %+v", what, cursor, refusal.Fields)
			}
		}
	}
}

func eventKeeps(f pastFixture) {
	v := f.begin()
	d := delivery(v, "hubtel-gh", "up-1", after(time.Second))
	d.Status, d.Reason, d.Class, d.Code, d.Checkable = otp.DeliveryFailed, "no_balance", "exhausted", "4101", false
	d.To = providers.NewEmail("ama@example.com")
	d.Took, d.Rule, d.Place = 812*time.Millisecond, "ghana", 2
	f.deliver(otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{d}, Now: after(2 * time.Second)})
	f.up()
	q := otp.Query{App: "shop", Reference: v.Reference, Event: otp.EventDelivery, Limit: 5, Now: after(time.Minute)}
	events, err := f.past.events(f.t.Context(), q)
	if err != nil || len(events) != 1 || events[0].Delivery == nil {
		f.t.Fatalf("told %+v, error %v", events, err)
	}
	e, got := events[0], *events[0].Delivery
	if !e.At.Equal(d.At) || e.To.Address() != "ama@example.com" || e.Provider != "hubtel-gh" || e.Purpose != "login" {
		f.t.Errorf("told %+v", e)
	}
	if got.Handle.State != nil || got.Handle.Prefix != "" {
		f.t.Error("the event has a handle")
	}
	got.To, d.To, d.Handle = providers.Recipient{}, providers.Recipient{}, got.Handle
	if diff := difference(d, got); diff != "" {
		f.t.Errorf("the delivery differs (-made +told):\n%s", diff)
	}
}

func nothingIsEmpty(f pastFixture) {
	for _, app := range []string{"shop", ""} {
		q := otp.Query{App: app, Limit: 5, Now: after(0)}
		list, err := f.past.History.List(f.t.Context(), q)
		if err != nil || len(list.Items) > 0 || list.Next != "" {
			f.t.Errorf("List: %+v, error %v", list, err)
		}
		events, err := f.past.History.Events(f.t.Context(), q)
		if err != nil || len(events.Items) > 0 || events.Next != "" {
			f.t.Errorf("Events: %+v, error %v", events, err)
		}
		rows, err := f.past.History.Report(f.t.Context(), otp.ReportQuery{App: app, Now: after(0)})
		if err != nil || len(rows) > 0 {
			f.t.Errorf("Report: %+v, error %v", rows, err)
		}
	}
}
