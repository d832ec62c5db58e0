package sqlite

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// Impatient is a history whose pages end with the first row that they see.
func Impatient(s *Store) *History { return &History{s.past, s.reports, 0, 1} }

// past writes n verifications of several apps, a second apart, and what became of them. It returns them as they are
// now, and what happened to them, the newest first.
func past(t *testing.T, s *Store, n, apps int, now time.Time) ([]otp.Verification, []otp.Event) {
	t.Helper()
	var all []otp.Verification
	var events []otp.Event
	_, err := write(t.Context(), s.writer, func(t tx) (struct{}, error) {
		for i := range n {
			at := now.Add(time.Duration(i-n) * time.Second)
			v := testBegin(at).Verification
			v.App, v.Purpose = fmt.Sprint("shop", i%apps), []string{"login", "payment"}[i/7%2]
			if i%5 == 0 {
				v.To = providers.NewPhone("+2348031234567", "NG", "08031234567")
				v.Reference = otp.NewReference(at, v.To)
			}
			v.Metadata = map[string]string{"half": fmt.Sprint(i % 2), "order": fmt.Sprint(i)}
			record, err := otp.EncodeRecord(v)
			if err != nil {
				return struct{}{}, err
			}
			if err := t.insert(v, record, at); err != nil {
				return struct{}{}, err
			}
			events = append(events, otp.Changes(otp.Verification{}, v, at)...)
			if i%4 != 0 {
				if v, err = closed(t, v, i%4 == 1, &events); err != nil {
					return struct{}{}, err
				}
			}
			all = append(all, v.At(now))
		}
		return struct{}{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(all)
	slices.Reverse(events)
	return all, events
}

// closed takes a verification to its end.
func closed(t tx, v otp.Verification, verified bool, events *[]otp.Event) (otp.Verification, error) {
	s, err := t.load(v.Reference)
	if err != nil {
		return v, err
	}
	status, at := otp.StatusCanceled, v.CreatedAt.Add(time.Millisecond)
	if verified {
		status = otp.StatusVerified
	}
	match := otp.Match{Reference: v.Reference, App: v.App}
	if err := s.Settle(otp.Settlement{Match: match, Status: status, Now: at}, nil); err != nil {
		return v, err
	}
	*events = append(*events, otp.Changes(v, *s.Verification, at)...)
	return s.Clone(), t.save(s, at)
}

// pastQuestions are by what everything is that [past] writes.
func pastQuestions(now time.Time) map[string]otp.Query {
	return map[string]otp.Query{
		"all":                          {},
		"status":                       {Status: otp.StatusVerified},
		"pending":                      {Status: otp.StatusPending},
		"expired":                      {Status: otp.StatusExpired},
		"country":                      {Country: "NG"},
		"purpose":                      {Purpose: "payment"},
		"provider that nobody used":    {Provider: "own"},
		"two":                          {Country: "NG", Purpose: "payment"},
		"three":                        {Country: "NG", Purpose: "login", Status: otp.StatusCanceled},
		"recipient":                    {To: "+2348031234567"},
		"recipient and status":         {To: "+2348031234567", Status: otp.StatusVerified},
		"recipient that meets nothing": {To: "+2348031234567", Country: "GH"},
		"one label":                    {Metadata: map[string]string{"order": "17"}},
		"labels":                       {Metadata: map[string]string{"half": "1", "order": "17"}},
		"labels that never meet":       {Metadata: map[string]string{"half": "1", "order": "18"}},
		"label and country":            {Metadata: map[string]string{"half": "1"}, Country: "NG"},
		"label and status":             {Metadata: map[string]string{"half": "0"}, Status: otp.StatusPending},
		"label and expired":            {Metadata: map[string]string{"half": "0"}, Status: otp.StatusExpired},
		"from":                         {From: now.Add(-40 * time.Second)},
		"span": {
			From: now.Add(-99 * time.Second), Until: now.Add(-50*time.Second - 1), Purpose: "login",
		},
	}
}

// All pages together are all that is asked for, of one app and of all, of few apps and of many, and whether a page
// looks on until it is full or ends with the first row that it sees.
func TestPagesTellEverything(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Truncate(time.Second)
	for apps, n := range map[int]int{3: 5 * blockSize / 8, manyApps + 1: manyApps + 20} {
		s := testStore(t, Options{SweepEvery: time.Hour})
		all, events := past(t, s, n, apps, now)
		for name, q := range pastQuestions(now) {
			q.Now, q.Limit = now, 7
			for _, q.App = range []string{"shop1", ""} {
				name := fmt.Sprintf("%s, of %q of %d apps", name, q.App, apps)
				for who, h := range map[string]*History{"patient": s.History(), "impatient": Impatient(s)} {
					t.Run(name+", "+who, func(t *testing.T) {
						t.Parallel()
						samePages(t, q, h, all, events)
					})
				}
			}
		}
	}
}

func samePages(t *testing.T, q otp.Query, h *History, all []otp.Verification, events []otp.Event) {
	t.Helper()
	wantMetadata := map[otp.Reference]map[string]string{}
	for _, v := range all {
		wantMetadata[v.Reference] = v.Metadata
	}
	fits := func(v otp.Verification, at time.Time) bool {
		for key, value := range q.Metadata {
			if wantMetadata[v.Reference][key] != value {
				return false
			}
		}
		return (q.App == "" || v.App == q.App) && (q.Status == "" || v.Status == q.Status) && q.Provider == "" &&
			(q.Country == "" || v.To.Country() == q.Country) && (q.Purpose == "" || v.Purpose == q.Purpose) &&
			(q.To == "" || v.To.Address() == q.To) && !at.Before(q.From) && (q.Until.IsZero() || at.Before(q.Until))
	}
	var want, got []string
	for _, v := range all {
		if fits(v, v.CreatedAt) {
			want = append(want, string(v.Reference))
		}
	}
	everyPage(t, q, func(q otp.Query) (int, string, error) {
		page, err := h.List(t.Context(), q)
		for _, v := range page.Items {
			got = append(got, string(v.Reference))
		}
		return len(page.Items), page.Next, err
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("List (-want +told):\n%s", diff)
	}
	want, got = nil, nil
	for _, e := range events {
		v := otp.Verification{Reference: e.Reference, App: e.App, Status: e.Status, To: e.To, Purpose: e.Purpose}
		if fits(v, e.At) {
			want = append(want, fmt.Sprint(e.Reference, e.Kind))
		}
	}
	everyPage(t, q, func(q otp.Query) (int, string, error) {
		page, err := h.Events(t.Context(), q)
		for _, e := range page.Items {
			got = append(got, fmt.Sprint(e.Reference, e.Kind))
		}
		return len(page.Items), page.Next, err
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Events (-want +told):\n%s", diff)
	}
}

// everyPage reads all pages. Each must lead on.
func everyPage(t *testing.T, q otp.Query, read func(otp.Query) (int, string, error)) {
	t.Helper()
	seen := map[string]bool{}
	for {
		n, next, err := read(q)
		if err != nil || n > q.Limit {
			t.Fatalf("%d items, error %v", n, err)
		}
		if next == "" {
			return
		}
		if seen[next] {
			t.Fatalf("the cursor %s came before", next)
		}
		seen[next], q.Cursor = true, next
	}
}

// What is small is read whole at once, however long that takes: a page that sees few rows is full, or the last.
func TestAPageOfFewRowsIsWhole(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{SweepEvery: time.Hour})
	now := time.Now().UTC().Truncate(time.Second)
	past(t, s, least-1, 2, now)
	h := &History{s.past, s.reports, 0, least}
	for _, app := range []string{"shop0", ""} {
		q := otp.Query{App: app, Country: "NG", Limit: 4 * least, Now: now}
		list, err := h.List(t.Context(), q)
		if err != nil || list.Next != "" || len(list.Items) == 0 {
			t.Errorf("of %q: %d verifications, next %q, error %v", app, len(list.Items), list.Next, err)
		}
		events, err := h.Events(t.Context(), q)
		if err != nil || events.Next != "" || len(events.Items) == 0 {
			t.Errorf("of %q: %d events, next %q, error %v", app, len(events.Items), events.Next, err)
		}
	}
}

// The mark that leads is that of the fewest stretches, and stretches where another mark cannot be are not gone through.
func TestTheRarestMarkLeads(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{SweepEvery: time.Hour})
	now := time.Now().UTC().Truncate(time.Second)
	past(t, s, 100, 1, now)
	rows := 0
	err := s.past.use(t.Context(), func(c *conn) error {
		all, err := listQuestions(c, otp.Query{App: "shop0", Purpose: "login", Country: "NG", Now: now}, "")
		if err != nil {
			return err
		}
		return c.ask(t.Context(), all[0], make([]any, 2), func() bool { rows++; return true })
	})
	if err != nil || rows > 100/5 {
		t.Errorf("%d rows are seen, error %v", rows, err)
	}
}
