package sqlite

import (
	"maps"
	"slices"

	"github.com/otpgate/otpgate/gateway/otp"
)

const (
	// few is how many rows are counted when ways are compared: one with more is as long as any.
	few = 1000
	// manyApps is of how many apps a question about all of them goes along the marks of each. With more it goes along
	// the table.
	manyApps = 64

	countRecipient = `SELECT count(*) FROM (SELECT 1 FROM people WHERE who = ? AND reference > '' LIMIT ?)`
	countLabel     = `SELECT count(*) FROM (SELECT 1 FROM labels WHERE app = ? AND name = ? AND value = ? LIMIT ?)`
)

// stretches is a table of marks, and what its column of stretches is called.
//
// A question goes along a table of marks by an outer join: a stretch in which nothing fits has a row all the same, and
// so whoever reads the answer knows how far it has come, and can end it there.
type stretches struct{ table, column string }

func eventStretches() stretches        { return stretches{"event_marks", "block"} }
func verificationStretches() stretches { return stretches{"verification_marks", "slice"} }

// apps is who has marks; the app that is asked for, if one is.
func (s stretches) apps(c *conn, asked string) ([]string, error) {
	if asked != "" {
		return []string{asked}, nil
	}
	var apps []string
	var row [1]any
	for after := ""; len(apps) <= manyApps; {
		if _, err := c.row(row[:], "SELECT min(app) FROM "+s.table+" WHERE app > ?", after); err != nil {
			return nil, err
		}
		app, more := row[0].(string)
		if !more {
			break
		}
		apps, after = append(apps, app), app
	}
	return apps, nil
}

// way is how what is asked for of one app is found: by a label, or by marks of which the first has the fewest
// stretches.
type way struct {
	byLabel, few bool // few: verifications have the label
	label        label
	marks        []string
}

// way prefers a label, unless more than a few verifications have it and some mark has few stretches.
func (s stretches) way(c *conn, q otp.Query, marks []string) (w way, err error) {
	w.byLabel, w.marks = len(q.Metadata) > 0, marks
	if w.byLabel {
		if w.label, w.few, err = rarestLabel(c, q.App, q.Metadata); w.few || err != nil {
			return w, err
		}
	}
	if marks[0] == "" || len(marks) == 1 && !w.byLabel {
		return w, nil
	}
	var rare bool
	if w.marks, rare, err = s.rarest(c, q.App, marks); rare {
		w.byLabel = false
	}
	return w, err
}

// rarest puts the mark with the fewest stretches first, and tells whether these are few.
func (s stretches) rarest(c *conn, app string, marks []string) ([]string, bool, error) {
	best, fewest := 0, int64(few+1)
	for i, m := range marks {
		n, err := c.number("SELECT count(*) FROM (SELECT 1 FROM "+s.table+" WHERE app = ? AND mark = ? LIMIT ?)",
			app, m, int64(few+1))
		if err != nil {
			return nil, false, err
		}
		if n < fewest {
			best, fewest = i, n
		}
	}
	marks = slices.Clone(marks)
	marks[0], marks[best] = marks[best], marks[0]
	return marks, fewest <= few, nil
}

// label is one pair of the metadata that is asked for.
type label struct{ name, value string }

// rarestLabel is the one that the fewest verifications of the app have, and whether these are few.
func rarestLabel(c *conn, app string, metadata map[string]string) (rarest label, isFew bool, err error) {
	fewest := int64(few + 2)
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		n, err := c.number(countLabel, app, name, metadata[name], int64(few+1))
		if err != nil {
			return label{}, false, err
		}
		if n < fewest {
			rarest, fewest = label{name, metadata[name]}, n
		}
	}
	return rarest, fewest <= few, nil
}

// marksOf are the marks of all that is asked for; that of the app alone when that is nothing.
func marksOf(q otp.Query, fields ...string) []string {
	values := map[string]string{
		"kind": string(q.Event), "status": string(q.Status), "channel": string(q.Channel), "provider": q.Provider,
		"country": q.Country, "purpose": q.Purpose,
	}
	var marks []string
	for _, field := range fields {
		if values[field] != "" {
			marks = append(marks, mark{field: field, value: values[field]}.text())
		}
	}
	if len(marks) == 0 {
		return []string{mark{}.text()}
	}
	return marks
}

// met asks that a stretch, named m, has marks.
func (b *question) met(s stretches, app string, marks []string) {
	for _, m := range marks {
		b.add("AND EXISTS (SELECT 1 FROM "+s.table+" x WHERE x.app = ? AND x.mark = ?"+
			" AND x."+s.column+" = m."+s.column+")", app, m)
	}
}

// marked asks for the stretches, named m, that have the first mark, as far as the others reach: what was used a month
// ago alone is not looked for in this month.
func (b *question) marked(s stretches, app string, marks []string) {
	b.add("WHERE m.app = ? AND m.mark = ?", app, marks[0])
	of := "(" + s.column + ") FROM " + s.table + " WHERE app = ? AND mark = ?)"
	for _, other := range marks[1:] {
		b.add("AND m."+s.column+" <= (SELECT max"+of, app, other)
		b.add("AND m."+s.column+" >= (SELECT min"+of, app, other)
	}
}
