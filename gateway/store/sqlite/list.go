package sqlite

import (
	"context"
	"maps"
	"slices"

	"github.com/otpgate/otpgate/gateway/otp"
)

// List implements [otp.History]. References sort by the time of their verifications: their order is that of the list.
func (h *History) List(ctx context.Context, q otp.Query) (otp.Page[otp.Verification], error) {
	var page otp.Page[otp.Verification]
	after, err := afterReference(q.Cursor)
	if err != nil {
		return page, err
	}
	err = h.pages.use(ctx, func(c *conn) error {
		s := search[string, otp.Verification]{width: 2, read: reader(q), limit: q.Limit, enough: h.enough()}
		return c.snapshot(func() error {
			questions, err := listQuestions(c, q, after)
			if err != nil {
				return err
			}
			part, err := s.page(ctx, c, questions)
			page.Items = part.items
			if part.more {
				page.Next = newCursor(listCursor, part.place)
			}
			return err
		})
	})
	return page, err
}

// reader reads a verification, and tells whether it is what is asked for. What cannot be read is passed over: the sweep
// tells of it.
func reader(q otp.Query) func([]any) (otp.Verification, bool, error) {
	return func(row []any) (otp.Verification, bool, error) {
		record, _ := row[1].([]byte)
		v, damaged := otp.DecodeRecord(record)
		v = v.At(q.Now)
		return v, damaged == nil && (q.Status == "" || q.Status == v.Status), nil
	}
}

// listQuestions find verifications. What ran out and is not written down as expired yet has no mark, and is asked for
// apart.
func listQuestions(c *conn, q otp.Query, after string) ([]*question, error) {
	marks, asked := marksOfList(q), q
	switch {
	case q.To != "":
		return []*question{personQuestion(q, after)}, nil
	case len(q.Metadata) > 0:
	case q.Status == otp.StatusPending:
		return []*question{rowsQuestion(q, after, "INDEXED BY verifications_pending", "i.ended_at IS NULL")}, nil
	case q.App == "" && marks[0] == "":
		return []*question{tableQuestion(q, after)}, nil
	}
	apps, err := verificationStretches().apps(c, q.App)
	if err != nil {
		return nil, err
	}
	if len(apps) > manyApps {
		return []*question{tableQuestion(q, after)}, nil
	}
	var all []*question
	for _, app := range apps {
		q.App = app
		w, err := verificationStretches().way(c, q, marks)
		if err != nil {
			return nil, err
		}
		if w.byLabel {
			all = append(all, labelQuestion(q, after, w.label))
		} else {
			all = append(all, slicesQuestion(q, after, w.marks))
		}
	}
	if q.Status == otp.StatusExpired {
		all = append(all, overdueQuestion(asked, after))
	}
	return all, nil
}

// marksOfList leaves out what has no mark because it has an index.
func marksOfList(q otp.Query) []string {
	if q.Status == otp.StatusPending {
		q.Status = ""
	}
	return marksOf(q, "status", "channel", "provider", "country", "purpose")
}

// rowsQuestion goes along an index, or along the table, in the order of the references.
func rowsQuestion(q otp.Query, after, index, which string) *question {
	b := new(question)
	b.add("SELECT i.reference, v.record FROM verifications i " + index)
	b.add("LEFT JOIN verifications v ON v.rowid = i.rowid")
	b.rest(q)
	b.add("WHERE " + which)
	b.between("i.reference", q, after)
	b.add("ORDER BY i.reference DESC")
	return b
}

func tableQuestion(q otp.Query, after string) *question {
	return rowsQuestion(q, after, "", "true")
}

// personQuestion goes along the verifications of a recipient.
func personQuestion(q otp.Query, after string) *question {
	b := new(question)
	b.add("SELECT p.reference, v.record FROM people p LEFT JOIN verifications v ON v.reference = p.reference")
	b.rest(q)
	b.add("WHERE p.who = ? AND p.reference > ''", q.To)
	b.between("p.reference", q, after)
	b.add("ORDER BY p.reference DESC")
	return b
}

// labelQuestion goes along the verifications of an app that have a label.
func labelQuestion(q otp.Query, after string, l label) *question {
	b := new(question)
	b.add("SELECT l.reference, v.record FROM labels l LEFT JOIN verifications v ON v.reference = l.reference")
	b.rest(q)
	b.add("WHERE l.app = ? AND l.name = ? AND l.value = ?", q.App, l.name, l.value)
	b.between("l.reference", q, after)
	b.add("ORDER BY l.reference DESC")
	return b
}

// slicesQuestion goes along the slices of an app that have marks. The bounds of a cursor and of times are good for
// slices too: one sorts before all that is in it.
func slicesQuestion(q otp.Query, after string, marks []string) *question {
	s := verificationStretches()
	b := new(question)
	b.add("SELECT ifnull(v.reference, m.slice), v.record FROM verification_marks m")
	b.add("LEFT JOIN verifications v ON v.reference >=")
	b.add("CASE WHEN true")
	b.met(s, q.App, marks[1:])
	b.add("THEN m.slice END AND v.reference < m.slice || '{'") // the one after z
	b.between("+v.reference", q, after)                        // + keeps SQLite to the bounds of the slice
	b.rest(q)
	b.marked(s, q.App, marks)
	if after != "" {
		b.add("AND m.slice < ?", after)
	}
	if !q.From.IsZero() {
		b.add("AND m.slice >= ?", lowest(q.From)[:sliceLength])
	}
	if !q.Until.IsZero() {
		b.add("AND m.slice < ?", lowest(q.Until))
	}
	b.add("ORDER BY m.slice DESC, v.reference DESC")
	return b
}

func overdueQuestion(q otp.Query, after string) *question {
	b := new(question)
	b.add("SELECT v.reference, v.record FROM verifications v INDEXED BY verifications_by_end")
	b.add("WHERE v.ended_at IS NULL AND v.expires_at <= ?", q.Now.UnixMilli())
	b.between("v.reference", q, after)
	b.rest(q)
	b.add("ORDER BY v.reference DESC")
	return b
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
