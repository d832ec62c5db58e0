package sqlite

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// Report implements [otp.History].
func (h *History) Report(ctx context.Context, q otp.ReportQuery) ([]otp.Row, error) {
	found := sums{}
	err := h.reports.use(ctx, func(c *conn) error {
		return c.snapshot(func() (err error) {
			for _, table := range sumTables() {
				if err = readSums(ctx, c, q, table, found); err != nil {
					return err
				}
			}
			return readOverdue(ctx, c, q, found)
		})
	})
	if err != nil {
		return nil, err
	}
	entries := make([]otp.Entry, 0, len(found))
	for cell, counts := range found {
		entries = append(entries, otp.Entry{Cell: cell, Counts: *counts})
	}
	return otp.Fold(entries, q.By), nil
}

// sumTable is a table of sums, and how a row of it is added to counts.
type sumTable struct {
	name, columns, by string // by: what it tells apart besides the cell; empty: nothing
	width             int    // of columns
	read              func(c *otp.Counts, row []any)
}

func sumTables() []sumTable {
	return []sumTable{
		{
			name: "report_cells", width: 12,
			columns: `sum(sends), sum(verified), sum(expired), sum(failed), sum(canceled), sum(resends), sum(checks),
				sum(deliveries), sum(taken), sum(delivered), sum(undelivered), sum(failovers)`,
			read: func(c *otp.Counts, row []any) {
				for i, sum := range numbersOf(c) {
					n, _ := row[i].(int64)
					*sum += n
				}
			},
		},
		{
			name: "report_costs", width: 2, columns: "currency, sum(n)", by: "currency",
			read: func(c *otp.Counts, row []any) {
				currency, _ := row[0].(string)
				n, _ := row[1].(int64)
				c.Add(otp.Counts{Costs: map[string]int64{currency: n}}, 1)
			},
		},
		{
			name: "report_times", width: 2, columns: "slot, sum(n)", by: "slot",
			read: func(c *otp.Counts, row []any) {
				slot, _ := row[0].(int64)
				n, _ := row[1].(int64)
				if c.Times == nil {
					c.Times = make(map[int]int64)
				}
				c.Times[int(slot)] += n
			},
		},
	}
}

// readSums adds what a table has for the groups that are asked for.
func readSums(ctx context.Context, c *conn, q otp.ReportQuery, table sumTable, found sums) error {
	cell, groups := cellColumns(q.By)
	if table.by != "" {
		groups = append(groups, table.by)
	}
	b := new(question)
	b.add("SELECT " + cell + ", " + table.columns + " FROM " + table.name + " WHERE true")
	b.is("app", q.App)
	if !q.From.IsZero() {
		b.add("AND hour >= ?", ceilMillis(q.From))
	}
	if !q.Until.IsZero() {
		b.add("AND hour < ?", ceilMillis(q.Until))
	}
	b.is("country", q.Country)
	b.is("channel", string(q.Channel))
	b.is("provider", q.Provider)
	if len(groups) > 0 {
		b.add("GROUP BY " + strings.Join(groups, ", "))
	}
	row := make([]any, 5+table.width)
	return c.ask(ctx, b, row, func() bool {
		table.read(found.at(readCell(row)), row[5:])
		return true
	})
}

// cellColumns are the columns of a cell, with those that the groups do not tell apart left empty, and what to group by.
func cellColumns(by []otp.Group) (string, []string) {
	const day = "hour - hour % 86400000"
	hour := "0"
	switch {
	case slices.Contains(by, otp.GroupHour):
		hour = "hour"
	case slices.Contains(by, otp.GroupDay):
		hour = day
	}
	var groups []string
	if hour != "0" {
		groups = append(groups, hour)
	}
	column := func(group otp.Group) string {
		if !slices.Contains(by, group) {
			return "''"
		}
		groups = append(groups, string(group))
		return string(group)
	}
	columns := []string{
		column(otp.GroupApp), hour, column(otp.GroupCountry), column(otp.GroupChannel), column(otp.GroupProvider),
	}
	return strings.Join(columns, ", "), groups
}

func readCell(row []any) otp.Cell {
	var text [5]string
	for i := range text {
		text[i], _ = row[i].(string)
	}
	hour, _ := row[1].(int64)
	return otp.Cell{
		App: text[0], Hour: time.UnixMilli(hour).UTC(), Country: text[2], Channel: providers.Channel(text[3]),
		Provider: text[4],
	}
}

// readOverdue adds what the sums do not know yet: that verifications ran out which nobody has written down as expired.
func readOverdue(ctx context.Context, c *conn, q otp.ReportQuery, found sums) error {
	var row [2]any
	overdue := overdueQuestion(otp.Query{App: q.App, From: q.From, Until: q.Until, Now: q.Now}, "")
	return c.ask(ctx, overdue, row[:], func() bool {
		record, _ := row[1].([]byte)
		v, err := otp.DecodeRecord(record)
		if err != nil {
			return true // the sweep tells of it
		}
		difference := sums{}
		difference.add(v, -1)
		difference.add(v.At(q.Now), 1)
		for cell, counts := range difference {
			if (q.Country == "" || q.Country == cell.Country) && (q.Channel == "" || q.Channel == cell.Channel) &&
				(q.Provider == "" || q.Provider == cell.Provider) {
				found.at(cell).Add(*counts, 1)
			}
		}
		return true
	})
}
