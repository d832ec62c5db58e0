package sqlite

import (
	"context"
	"database/sql/driver"
	"maps"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/gateway/otp"
)

// List implements [otp.History]. References sort by the time of their verifications: their order is that of the list.
func (h *History) List(ctx context.Context, q otp.Query) (otp.Page[otp.Verification], error) {
	after, err := afterReference(q.Cursor)
	if err != nil {
		return otp.Page[otp.Verification]{}, err
	}
	var found []otp.Verification
	err = h.pool.use(ctx, func(c *conn) error {
		return c.snapshot(func() error {
			for _, question := range listQuestions(q, after) {
				some, err := answers(ctx, c, question, q)
				if err != nil {
					return err
				}
				found = append(found, some...)
			}
			return nil
		})
	})
	if err != nil {
		return otp.Page[otp.Verification]{}, err
	}
	return listPage(found, q.Limit), nil
}

// listPage is the first of what was found; what one question found another one may have found too.
func listPage(found []otp.Verification, limit int) otp.Page[otp.Verification] {
	slices.SortFunc(found, func(a, b otp.Verification) int {
		return strings.Compare(string(b.Reference), string(a.Reference))
	})
	found = slices.CompactFunc(found, func(a, b otp.Verification) bool { return a.Reference == b.Reference })
	page := otp.Page[otp.Verification]{Items: found}
	if len(found) > limit {
		page.Items = found[:limit]
		page.Next = newCursor(listCursor, string(found[limit-1].Reference))
	}
	return page
}

// answers reads one more than the page holds, so that it is known whether there is a next one. What cannot be read is
// passed over: the sweep tells of it.
func answers(ctx context.Context, c *conn, question *question, q otp.Query) ([]otp.Verification, error) {
	var row [1]driver.Value
	var found []otp.Verification
	err := c.ask(ctx, question, row[:], func() bool {
		record, _ := row[0].([]byte)
		v, damaged := otp.DecodeRecord(record)
		v = v.At(q.Now)
		if damaged == nil && (q.Status == "" || q.Status == v.Status) {
			found = append(found, v)
		}
		return len(found) <= q.Limit
	})
	return found, err
}

// listQuestions finds a page of verifications. Where marks lead to what has expired, what ran out and is not written
// down as expired yet has none, and is asked for apart.
func listQuestions(q otp.Query, after string) []*question {
	b := new(question)
	b.add("SELECT v.record FROM")
	switch {
	case q.To != "":
		b.add("verifications v INDEXED BY verifications_by_recipient WHERE v.recipient = ?", q.To)
	case q.App != "" && len(q.Metadata) > 0:
		name := slices.Min(slices.Collect(maps.Keys(q.Metadata)))
		b.add("labels l CROSS JOIN verifications v ON v.reference = l.reference")
		b.add("WHERE l.app = ? AND l.name = ? AND l.value = ?", q.App, name, q.Metadata[name])
		b.between("l.reference", q, after)
		b.rest(q)
		b.add("ORDER BY l.reference DESC")
		return []*question{b}
	case q.Status == otp.StatusPending:
		b.add("verifications v INDEXED BY verifications_pending WHERE true")
	case q.App != "":
		all := []*question{b}
		b.slices(q, after)
		b.between("+v.reference", q, after) // + keeps SQLite from looking here for the bounds that the slice has
		b.rest(q)
		b.add("ORDER BY m.slice DESC, v.reference DESC")
		if q.Status == otp.StatusExpired {
			all = append(all, overdueQuestion(q, after))
		}
		return all
	default:
		b.add("verifications v WHERE true")
	}
	b.between("v.reference", q, after)
	b.rest(q)
	b.add("ORDER BY v.reference DESC")
	return []*question{b}
}

func overdueQuestion(q otp.Query, after string) *question {
	b := new(question)
	b.add("SELECT v.record FROM verifications v INDEXED BY verifications_by_end")
	b.add("WHERE v.ended_at IS NULL AND v.expires_at <= ?", q.Now.UnixMilli())
	b.between("v.reference", q, after)
	b.rest(q)
	b.add("ORDER BY v.reference DESC")
	return b
}

// slices lets the marks of all that is asked for lead to the verifications.
func (b *question) slices(q otp.Query, after string) {
	var marks []string
	for _, m := range []mark{
		{field: "status", value: string(q.Status)}, {field: "channel", value: string(q.Channel)},
		{field: "provider", value: q.Provider}, {field: "country", value: q.Country}, {field: "purpose", value: q.Purpose},
	} {
		if m.value != "" {
			marks = append(marks, m.text())
		}
	}
	b.add("verification_marks m")
	b.add("CROSS JOIN verifications v ON v.reference >= m.slice AND v.reference < m.slice || '{'") // the one after z
	b.marked("verification_marks", "slice", q.App, marks)
	if after != "" {
		b.add("AND m.slice <= ?", after[:sliceLength])
	}
	if !q.From.IsZero() {
		b.add("AND m.slice >= ?", lowest(q.From)[:sliceLength])
	}
	if !q.Until.IsZero() {
		b.add("AND m.slice <= ?", lowest(q.Until)[:sliceLength])
	}
}

// marked asks for the stretches, named m, that have all marks; for those with anything of the app when there is none.
func (b *question) marked(table, stretch, app string, marks []string) {
	first, more := "", []string(nil)
	if len(marks) > 0 {
		first, more = marks[0], marks[1:]
	}
	b.add("WHERE m.app = ? AND m.mark = ?", app, first)
	for _, other := range more {
		b.add("AND EXISTS (SELECT 1 FROM "+table+" x WHERE x.app = m.app AND x.mark = ?"+
			" AND x."+stretch+" = m."+stretch+")", other)
	}
}

// between bounds the references.
func (b *question) between(column string, q otp.Query, after string) {
	if after != "" {
		b.add("AND "+column+" < ?", after)
	}
	if !q.From.IsZero() {
		b.add("AND "+column+" >= ?", lowest(q.From))
	}
	if !q.Until.IsZero() {
		b.add("AND "+column+" < ?", lowest(q.Until))
	}
}

// rest is all that is asked of a verification but its time.
func (b *question) rest(q otp.Query) {
	now := q.Now.UnixMilli()
	switch q.Status {
	case otp.StatusPending:
		b.add("AND v.ended_at IS NULL AND v.expires_at > ?", now)
	case otp.StatusFailed: // guesses may be used up before that is written down
		b.add("AND (v.status = 'failed' OR v.ended_at IS NULL AND v.expires_at > ?)", now)
	case otp.StatusExpired:
		b.add("AND (v.status = 'expired' OR v.ended_at IS NULL AND v.expires_at <= ?)", now)
	default:
		b.is("v.status", string(q.Status))
	}
	b.is("v.app", q.App)
	b.is("v.channel", string(q.Channel))
	b.is("v.provider", q.Provider)
	b.is("v.country", q.Country)
	b.is("v.recipient", q.To)
	b.is("v.purpose", q.Purpose)
	b.labelled("v", q.Metadata)
}

// labelled asks for the metadata of the verification that a row of the table named is about.
func (b *question) labelled(table string, metadata map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		b.add("AND EXISTS (SELECT 1 FROM labels x WHERE x.app = "+table+".app AND x.name = ? AND x.value = ?"+
			" AND x.reference = "+table+".reference)", name, metadata[name])
	}
}
