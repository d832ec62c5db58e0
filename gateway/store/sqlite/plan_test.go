package sqlite

import (
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// planOfQuestion is how SQLite would answer a question.
func planOfQuestion(t *testing.T, c *conn, q *question) string {
	t.Helper()
	var steps []string
	var row [4]any
	explain := &question{args: q.args}
	explain.sql.WriteString("EXPLAIN QUERY PLAN " + q.sql.String())
	err := c.ask(t.Context(), explain, row[:], func() bool {
		step, _ := row[3].(string)
		steps = append(steps, step)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "\n")
}

// disordered tells whether anything is sorted before it is answered.
func disordered(plan string) bool {
	return strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "AUTOMATIC")
}

// A page is found in its order, so that its end is the end of the work: nothing is sorted, and no index is made for one
// question.
func TestPagesAreFoundInTheirOrder(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	now := time.Now()
	if _, err := s.Begin(t.Context(), testBegin(now)); err != nil {
		t.Fatal(err)
	}
	after := string(otp.NewReference(now, ama()))
	ordered := func(c *conn, name string, all []*question, err error) {
		if err != nil || len(all) == 0 {
			t.Fatalf("%s: %d questions, error %v", name, len(all), err)
		}
		for _, question := range all {
			overdue := strings.Contains(question.sql.String(), "verifications_by_end") // they are few: the sweep ends them
			if plan := planOfQuestion(t, c, question); disordered(plan) && !overdue {
				t.Errorf("%s:\n%s\n%s", name, question.sql.String(), plan)
			}
		}
	}
	for name, q := range map[string]otp.Query{
		"all":                 {},
		"status":              {Status: otp.StatusVerified},
		"pending":             {Status: otp.StatusPending},
		"expired":             {Status: otp.StatusExpired},
		"channel":             {Channel: providers.SMS},
		"provider":            {Provider: "own"},
		"country":             {Country: "GH"},
		"purpose":             {Purpose: "login"},
		"recipient":           {To: ama().Address()},
		"metadata":            {Metadata: map[string]string{"order": "1"}, Country: "GH"},
		"status and country":  {Status: otp.StatusFailed, Country: "GH"},
		"time":                {From: now.Add(-time.Hour), Until: now},
		"time and country":    {From: now.Add(-time.Hour), Until: now, Country: "GH", Purpose: "login"},
		"event":               {Event: otp.EventCheck, Provider: "own"},
		"events of reference": {Reference: otp.Reference(after)},
	} {
		q.Now = now
		for _, q.App = range []string{"shop", ""} {
			err := s.past.use(t.Context(), func(c *conn) error {
				for _, cursor := range []string{"", after} {
					all, err := listQuestions(c, q, cursor)
					ordered(c, "verifications by "+name, all, err)
					all, err = eventQuestions(c, q, int64(len(cursor)))
					if q.To == "" && len(q.Metadata) == 0 { // of these the ids are sorted
						ordered(c, "events by "+name, all, err)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}
