package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// testPast takes random steps, and compares every answer to random questions with what the steps came to. Each run has
// an app of its own.
func testPast(t *testing.T, past Past) {
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		recorder := newRecorder(past.Store)
		m := &machine{run: run, app: fmt.Sprint("shop", run), real: recorder, model: newModel(), now: after(0)}
		t.Repeat(m.steps())
		if err := past.up(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 6 {
			q := m.query(t)
			m.compareList(t, past, recorder, q)
			m.compareEvents(t, past, recorder, q)
			m.compareReport(t, past, recorder)
		}
	})
}

// query asks for something of everything: most questions hold few conditions.
func (m *machine) query(t *rapid.T) otp.Query {
	q := otp.Query{App: m.app, Now: m.now, Limit: rapid.IntRange(1, 7).Draw(t, "limit")}
	conditions := []func(){
		func() {
			q.Status = sample(t, "is", otp.StatusPending, otp.StatusVerified, otp.StatusExpired, otp.StatusFailed)
		},
		func() { q.Channel = sample(t, "on", providers.Channels()...) },
		func() { q.Provider = sample(t, "by", "hubtel-gh", "own", "nobody") },
		func() { q.Country = sample(t, "in", "GH", "NG") },
		func() { q.Purpose = sample(t, "for", "login", "payment") },
		func() { q.To = m.person(t).Address() },
		func() { q.Metadata = map[string]string{"order": sample(t, "with", "17", "18")} },
		func() { q.From = m.moment(t) },
		func() { q.Until = m.moment(t) },
		func() {
			q.Event = sample(t, "what", otp.EventCreated, otp.EventDelivery, otp.EventReport, otp.EventCheck)
		},
		func() { q.Reference = m.ref(t) },
	}
	for range rapid.IntRange(0, 3).Draw(t, "conditions") {
		sample(t, "condition", conditions...)()
	}
	return q
}

func sample[T any](t *rapid.T, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, label)
}

// moment is some time of the run, not always a whole millisecond.
func (m *machine) moment(t *rapid.T) time.Time {
	ago := rapid.Int64Range(0, int64(m.now.Sub(after(0)))).Draw(t, "ago")
	return m.now.Add(-time.Duration(ago))
}

func (m *machine) compareList(t *rapid.T, past Past, r *recorder, q otp.Query) {
	q.Reference, q.Event = "", ""
	got, err := past.list(t.Context(), q)
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	if diff := difference(r.list(q), got); diff != "" {
		t.Fatalf("of %+v List tells (-model +history):\n%s", q, diff)
	}
}

// compareEvents compares the events of each verification in their order: several of one step may come in any.
func (m *machine) compareEvents(t *rapid.T, past Past, r *recorder, q otp.Query) {
	if q.Reference == "unknown" {
		q.Reference = otp.NewReference(m.now, m.person(t))
	}
	got, err := past.events(t.Context(), q)
	if err != nil {
		t.Fatalf("Events: %v", err)
	}
	byReference := func(events []otp.Event) []plain {
		slices.SortStableFunc(events, func(a, b otp.Event) int { return strings.Compare(string(a.Reference), string(b.Reference)) })
		return plainly(events)
	}
	if diff := difference(byReference(r.tell(q)), byReference(got)); diff != "" {
		t.Fatalf("of %+v Events tells (-model +history):\n%s", q, diff)
	}
}

func (m *machine) compareReport(t *rapid.T, past Past, r *recorder) {
	groups := []otp.Group{
		otp.GroupCountry, otp.GroupChannel, otp.GroupProvider, otp.GroupHour, otp.GroupDay, otp.GroupApp,
	}
	q := otp.ReportQuery{
		App: m.app, Now: m.now, From: after(0).Truncate(24 * time.Hour),
		By: rapid.SliceOfNDistinct(rapid.SampledFrom(groups), 0, 4, rapid.ID).Draw(t, "groups"),
	}
	if rapid.Bool().Draw(t, "one provider") {
		q.Provider = "hubtel-gh"
	}
	if rapid.Bool().Draw(t, "one hour") {
		q.From = m.moment(t).Truncate(time.Hour)
		q.Until = q.From.Add(time.Hour)
	}
	got, err := past.History.Report(t.Context(), q)
	if err != nil {
		t.Fatalf("Report: %v", err)
	}
	if diff := cmp.Diff(r.count(q), got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("of %+v Report tells (-model +history):\n%s", q, diff)
	}
}
