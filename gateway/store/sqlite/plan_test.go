package sqlite

import (
	"database/sql/driver"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// planOfQuestion is how SQLite would answer a question.
func planOfQuestion(t *testing.T, s *Store, q *question) string {
	t.Helper()
	var steps []string
	err := s.past.use(t.Context(), func(c *conn) error {
		var row [4]driver.Value
		explain := &question{args: q.args}
		explain.sql.WriteString("EXPLAIN QUERY PLAN " + q.sql.String())
		return c.ask(t.Context(), explain, row[:], func() bool {
			step, _ := row[3].(string)
			steps = append(steps, step)
			return true
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "\n")
}

// disordered tells whether more than one stretch is read before its order is known.
func disordered(plan string) bool {
	return strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") || strings.Contains(plan, "AUTOMATIC")
}

// A page is found in its order, so that its end is the end of the work: no more than one stretch is sorted, and no index is
// made for one question.
func TestPagesAreFoundInTheirOrder(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	now := time.Now()
	after := string(otp.NewReference(now, ama()))
	for name, q := range map[string]otp.Query{
		"all":                {},
		"status":             {Status: otp.StatusVerified},
		"pending":            {Status: otp.StatusPending},
		"channel":            {Channel: providers.SMS},
		"provider":           {Provider: "own"},
		"country":            {Country: "GH"},
		"purpose":            {Purpose: "login"},
		"status and country": {Status: otp.StatusFailed, Country: "GH"},
		"time":               {From: now.Add(-time.Hour), Until: now},
		"event":              {Event: otp.EventCheck, Provider: "own"},
	} {
		q.App, q.Now = "shop", now
		for _, cursor := range []string{"", after} {
			for _, question := range listQuestions(q, cursor) {
				if plan := planOfQuestion(t, s, question); disordered(plan) {
					t.Errorf("verifications by %s:\n%s\n%s", name, question.sql.String(), plan)
				}
			}
			plan := planOfQuestion(t, s, eventQuestion(q, int64(len(cursor)), false))
			if disordered(plan) {
				t.Errorf("events by %s:\n%s", name, plan)
			}
		}
	}
}
