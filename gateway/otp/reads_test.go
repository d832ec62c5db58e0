package otp_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// archive answers as it is told and remembers what it was asked.
type archive struct {
	rows    []otp.Row
	err     error
	queries []otp.Query
	reports []otp.ReportQuery
}

func (a *archive) List(_ context.Context, q otp.Query) (otp.Page[otp.Verification], error) {
	a.queries = append(a.queries, q)
	return otp.Page[otp.Verification]{Next: "next"}, a.err
}

func (a *archive) Events(_ context.Context, q otp.Query) (otp.Page[otp.Event], error) {
	a.queries = append(a.queries, q)
	return otp.Page[otp.Event]{Next: "next"}, a.err
}

func (a *archive) Report(_ context.Context, q otp.ReportQuery) ([]otp.Row, error) {
	a.reports = append(a.reports, q)
	return a.rows, a.err
}

// reading is the moment of these tests.
func reading() time.Time { return time.Date(2026, 1, 15, 10, 20, 0, 0, time.UTC) }

// newReader is a service that tells of a past.
func newReader(t *testing.T, limits otp.Limits) (*otp.Service, *archive, *apps.App) {
	t.Helper()
	numbers, err := otp.NewNumbers(10)
	if err != nil {
		t.Fatal(err)
	}
	short, err := otp.NewMemory(10)
	if err != nil {
		t.Fatal(err)
	}
	past := new(archive)
	s := otp.New(otp.Parts{
		Policy: otp.Policy{Limits: limits}, Store: newMemory(), History: past, Memory: short, Numbers: numbers, Now: reading,
	})
	return s, past, &apps.App{ID: "shop", Defaults: apps.Defaults{Country: "GH"}}
}

func TestWhatListAndLogsAskFor(t *testing.T) {
	t.Parallel()
	s, past, app := newReader(t, otp.Limits{})
	in := otp.ListInput{
		Status: "expired", Channel: "sms", Provider: "own", Country: "gh", To: "0201234567", Purpose: "login",
		Metadata: map[string]string{"a": "b"}, From: "2026-01-01T01:00:00+01:00", Until: "2026-02-01T00:00:00.5Z",
		Cursor: "c", Limit: "200",
	}
	want := otp.Query{
		App: "shop", Status: otp.StatusExpired, Channel: providers.SMS, Provider: "own", Country: "GH", To: "+233201234567",
		Purpose: "login", Metadata: map[string]string{"a": "b"}, From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Until: time.Date(2026, 2, 1, 0, 0, 0, 5e8, time.UTC), Cursor: "c", Limit: 200, Now: reading(),
	}
	if _, err := s.List(t.Context(), app, in); err != nil {
		t.Fatal(err)
	}
	ref := otp.NewReference(reading(), providers.NewEmail("ama@example.com"))
	if _, err := s.Logs(t.Context(), app, otp.LogsInput{ListInput: in, Reference: string(ref), Event: "delivery"}); err != nil {
		t.Fatal(err)
	}
	logs := want
	logs.Reference, logs.Event = ref, otp.EventDelivery
	if _, err := s.List(t.Context(), app, otp.ListInput{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]otp.Query{want, logs, {App: "shop", Limit: 50, Now: reading()}}, past.queries); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// fieldsOf are the names that a refusal gives.
func fieldsOf(t *testing.T, err error) []string {
	t.Helper()
	refusal, ok := errors.AsType[*otp.Error](err)
	if !ok || refusal.Code != otp.InvalidRequest {
		t.Fatalf("answered with %v", err)
	}
	var names []string
	for _, f := range refusal.Fields {
		if f.Message == "" {
			t.Errorf("%s: what would be right is not said", f.Field)
		}
		names = append(names, f.Field)
	}
	return names
}

func TestWrongFiltersAreNamed(t *testing.T) {
	t.Parallel()
	s, past, app := newReader(t, otp.Limits{})
	keys := map[string]string{}
	for n := range 21 {
		keys[fmt.Sprint(n)] = ""
	}
	for name, test := range map[string]struct {
		in   otp.LogsInput
		want []string
	}{
		"all at once": {otp.LogsInput{
			ListInput: otp.ListInput{
				Status: "done", Channel: "fax", Country: "GHA", To: "12", From: "yesterday", Until: "2026", Limit: "0", Metadata: keys,
			}, Reference: "x", Event: "sent",
		}, []string{"status", "channel", "country", "to", "metadata", "from", "until", "limit", "reference", "event"}},
		"a page too long":   {otp.LogsInput{ListInput: otp.ListInput{Limit: "201"}}, []string{"limit"}},
		"no number":         {otp.LogsInput{ListInput: otp.ListInput{Limit: "1e1"}}, []string{"limit"}},
		"backwards":         {otp.LogsInput{ListInput: otp.ListInput{From: "2026-01-02T00:00:00Z", Until: "2026-01-01T00:00:00Z"}}, []string{"until"}},
		"a time before all": {otp.LogsInput{ListInput: otp.ListInput{From: "0001-01-01T00:00:00Z"}}, []string{"from"}},
	} {
		_, err := s.Logs(t.Context(), app, test.in)
		if got := fieldsOf(t, err); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	if _, err := s.List(t.Context(), app, otp.ListInput{Status: "x"}); !slices.Equal(fieldsOf(t, err), []string{"status"}) {
		t.Errorf("List: %v", err)
	}
	if len(past.queries) > 0 {
		t.Errorf("asked for %+v", past.queries)
	}
}

func TestAHistoryThatFailsIsTheStoresFault(t *testing.T) {
	t.Parallel()
	s, past, app := newReader(t, otp.Limits{})
	calls := map[string]func() error{
		"List":      func() error { _, err := s.List(t.Context(), app, otp.ListInput{}); return err },
		"Logs":      func() error { _, err := s.Logs(t.Context(), app, otp.LogsInput{}); return err },
		"Reports":   func() error { _, err := s.Reports(t.Context(), app, otp.ReportsInput{}); return err },
		"Analytics": func() error { _, err := s.Analytics(t.Context(), app, ""); return err },
	}
	for err, want := range map[error]otp.Code{
		errors.New("disk"):                   otp.StoreUnavailable,
		&otp.Error{Code: otp.InvalidRequest}: otp.InvalidRequest,
	} {
		past.err = err
		for name, call := range calls {
			if refusal, _ := errors.AsType[*otp.Error](call()); refusal == nil || refusal.Code != want {
				t.Errorf("%s answers %v with %v", name, err, refusal)
			}
		}
	}
}

func TestAttemptsAreTheAppsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.send(t)
	other := *w.app
	other.ID = "other"
	if got, err := w.Attempts(t.Context(), w.app, string(v.Reference)); err != nil || got.Reference != v.Reference {
		t.Errorf("%+v, error %v", got, err)
	}
	for ref, app := range map[string]*apps.App{string(v.Reference): &other, "nonsense": w.app} {
		_, err := w.Attempts(t.Context(), app, ref)
		if refusal, _ := errors.AsType[*otp.Error](err); refusal == nil || refusal.Code != otp.NotFound {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

func TestRateLimitsTellEveryLimitAndCountNothing(t *testing.T) {
	t.Parallel()
	s, _, app := newReader(t, otp.Limits{
		Recipient: []otp.Limit{{Max: 5, Window: 10 * time.Minute}, {Max: 2, Window: 30 * time.Second}},
		App:       []otp.Limit{{Max: 200, Window: time.Second}, {Max: 1000, Window: time.Hour}},
		IP:        []otp.Limit{{Max: 9, Window: time.Hour}}, RecipientFailures: &otp.Limit{Max: 10, Window: 24 * time.Hour},
		Countries: map[string][]otp.Limit{"GH": {{Max: 50, Window: time.Hour}}},
	})
	for to, want := range map[string][]string{
		"":           {"app 200/1s", "app 1000/1h"},
		"0201234567": {"app 200/1s", "recipient 5/10m", "recipient 2/30s", "app 1000/1h", "country 50/1h", "recipient_failures 10/24h"},
	} {
		for range 3 {
			rates, err := s.RateLimits(t.Context(), app, to)
			var got []string
			for _, l := range rates.Levels {
				got = append(got, l.Name+" "+l.Limit.String())
				if l.Used != 0 {
					t.Errorf("%s was counted", l.Name)
				}
			}
			if err != nil || !slices.Equal(got, want) || (rates.To != nil) != (to != "") {
				t.Errorf("%q: %q, want %q, error %v", to, got, want, err)
			}
		}
	}
	if _, err := s.RateLimits(t.Context(), app, "12"); !slices.Equal(fieldsOf(t, err), []string{"to"}) {
		t.Errorf("%v", err)
	}
}

func at(day, hour int) time.Time { return time.Date(2026, 1, day, hour, 0, 0, 0, time.UTC) }

func TestReportsAreOfWholeHours(t *testing.T) {
	t.Parallel()
	s, past, app := newReader(t, otp.Limits{})
	for name, test := range map[string]struct {
		in   otp.ReportsInput
		want otp.ReportQuery
	}{
		"the last 24 hours": {otp.ReportsInput{}, otp.ReportQuery{From: at(14, 10), Until: at(15, 11)}},
		"until alone":       {otp.ReportsInput{Until: "2026-01-10T00:00:00Z"}, otp.ReportQuery{From: at(9, 0), Until: at(10, 0)}},
		"from alone":        {otp.ReportsInput{From: "2026-01-10T03:59:59Z"}, otp.ReportQuery{From: at(10, 3), Until: at(15, 11)}},
		"everything": {
			otp.ReportsInput{
				From: "2026-01-01T00:00:01Z", Until: "2026-01-02T00:00:01Z", GroupBy: "provider,day,app", Country: "gh", Channel: "sms",
				Provider: "own",
			},
			otp.ReportQuery{
				From: at(1, 0), Until: at(2, 1), By: []otp.Group{otp.GroupProvider, otp.GroupDay, otp.GroupApp}, Country: "GH",
				Channel: providers.SMS, Provider: "own",
			},
		},
	} {
		past.reports = nil
		sums, err := s.Reports(t.Context(), app, test.in)
		test.want.App, test.want.Now = "shop", reading()
		if diff := cmp.Diff([]otp.ReportQuery{test.want}, past.reports); err != nil || diff != "" {
			t.Errorf("%s: error %v, asked (-want +got):\n%s", name, err, diff)
		}
		if !sums.From.Equal(test.want.From) || !sums.Until.Equal(test.want.Until) || !slices.Equal(sums.By, test.want.By) {
			t.Errorf("%s: told of %v to %v", name, sums.From, sums.Until)
		}
	}
}

func TestReportsThatAreRefused(t *testing.T) {
	t.Parallel()
	s, past, app := newReader(t, otp.Limits{})
	for in, want := range map[otp.ReportsInput]string{
		{GroupBy: "colour"}:            "group_by",
		{GroupBy: "app,"}:              "group_by",
		{GroupBy: "app, day"}:          "group_by",
		{GroupBy: "day,day"}:           "group_by",
		{GroupBy: "hour,day"}:          "group_by",
		{From: "now"}:                  "from",
		{Country: "1"}:                 "country",
		{Channel: "pigeon"}:            "channel",
		{From: "2026-01-16T00:00:00Z"}: "until",
		{From: "2025-10-14T10:19:59Z"}: "from",
	} {
		_, err := s.Reports(t.Context(), app, in)
		if got := fieldsOf(t, err); !slices.Equal(got, []string{want}) {
			t.Errorf("%+v: %q, want %s", in, got, want)
		}
	}
	past.rows = make([]otp.Row, otp.MaxReportRows+1)
	_, err := s.Reports(t.Context(), app, otp.ReportsInput{})
	if got := fieldsOf(t, err); !slices.Equal(got, []string{"group_by"}) {
		t.Errorf("too many rows: %q", got)
	}
	past.rows = past.rows[1:]
	if _, err := s.Reports(t.Context(), app, otp.ReportsInput{From: "2025-10-15T10:20:00Z"}); err != nil {
		t.Errorf("92 days: %v", err)
	}
}

func TestAnalyticsHaveARowForEachDay(t *testing.T) {
	t.Parallel()
	s, past, app := newReader(t, otp.Limits{})
	past.rows = []otp.Row{
		{Cell: otp.Cell{Hour: at(13, 0)}, Counts: otp.Counts{Sends: 2, Verified: 1, Times: map[int]int64{3: 1}}},
		{Cell: otp.Cell{Hour: at(15, 0)}, Counts: otp.Counts{Sends: 1, Costs: map[string]int64{"USD": 5}}},
	}
	a, err := s.Analytics(t.Context(), app, "4")
	if err != nil {
		t.Fatal(err)
	}
	want := otp.Analysis{
		From: at(12, 0), Until: at(15, 11),
		Total: otp.Counts{Sends: 3, Verified: 1, Times: map[int]int64{3: 1}, Costs: map[string]int64{"USD": 5}},
		Days:  []otp.Row{{Cell: otp.Cell{Hour: at(12, 0)}}, past.rows[0], {Cell: otp.Cell{Hour: at(14, 0)}}, past.rows[1]},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	asked := otp.ReportQuery{App: "shop", From: at(12, 0), Until: at(15, 11), By: []otp.Group{otp.GroupDay}, Now: reading()}
	if diff := cmp.Diff([]otp.ReportQuery{asked}, past.reports); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	for days, n := range map[string]int{"": 30, "1": 1, "90": 90} {
		past.rows = nil
		if a, err := s.Analytics(t.Context(), app, days); err != nil || len(a.Days) != n {
			t.Errorf("%q: %d days, error %v", days, len(a.Days), err)
		}
	}
	for _, days := range []string{"0", "91", "-1", "two", "1.5"} {
		if _, err := s.Analytics(t.Context(), app, days); !slices.Equal(fieldsOf(t, err), []string{"days"}) {
			t.Errorf("%q: %v", days, err)
		}
	}
}

func TestDetailsOfEventsAreKept(t *testing.T) {
	t.Parallel()
	d := otp.Delivery{
		ID: "d", Provider: "own", Channel: providers.SMS, Status: otp.DeliveryFailed, Class: "transient", Code: "17",
		At: reading(), Took: 812 * time.Millisecond, Rule: "ghana", Place: 2, Cost: otp.Cost{Micros: 7, Currency: "USD"},
	}
	c := otp.Check{ID: "c", At: reading(), Outcome: otp.OutcomeWrong, Counted: true, IP: "203.0.113.7"}
	for name, e := range map[string]otp.Event{"delivery": {Delivery: &d}, "check": {Check: &c}, "neither": {}} {
		text, err := otp.EncodeDetail(e)
		if err != nil || (name == "neither") != (text == nil) {
			t.Fatalf("%s: %s, error %v", name, text, err)
		}
		var got otp.Event
		if err := otp.DecodeDetail(text, &got); err != nil {
			t.Fatal(err)
		}
		same := cmp.Comparer(func(a, b providers.Recipient) bool { return a == b })
		if diff := cmp.Diff(e, got, same); diff != "" {
			t.Errorf("%s (-kept +read):\n%s", name, diff)
		}
	}
	for _, bad := range []string{"{", `{"delivery":1}`, "[]"} {
		if err := otp.DecodeDetail([]byte(bad), new(otp.Event)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}
