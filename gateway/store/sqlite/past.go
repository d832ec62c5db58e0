package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/otpgate/otpgate/gateway/otp"
)

// pastReaders is how many pages of the past are read at once, and how many reports are made. They have connections of
// their own: a report keeps no page waiting, and a page no look-up.
const pastReaders = 2

const (
	// patience is how long a page is looked for. What was found by then is the page, and the next one goes on from
	// there (docs/adr/0016).
	patience = 20 * time.Millisecond
	// least is how many rows a page sees however long that takes, so that each leads on, and what is small is read
	// whole by a slow machine too. Rows that are no items, and all but a page's limit are none, cost a microsecond or two.
	least = 2_000
)

// History is what the store tells of the past. It reads beside the writer, and sees every commit before the question.
type History struct {
	pages    *pool
	reports  *pool
	patience time.Duration
	least    int
}

var _ otp.History = (*History)(nil)

// History returns the store's memory of the past. It ends with the store.
func (s *Store) History() *History { return &History{s.past, s.reports, patience, least} }

// enough tells when a page that begins now ends although it is not full.
func (h *History) enough() func(rows int) bool {
	end := time.Now().Add(h.patience)
	return func(rows int) bool { return rows >= h.least && !time.Now().Before(end) }
}

// question is a query that is put together for one caller.
type question struct {
	sql  strings.Builder
	args []driver.Value
}

func (b *question) add(sql string, args ...driver.Value) {
	b.sql.WriteString(sql)
	b.sql.WriteByte('\n')
	b.args = append(b.args, args...)
}

// is adds a condition, unless nothing is asked.
func (b *question) is(column, value string) {
	if value != "" {
		b.add("AND "+column+" = ?", value)
	}
}

// ask reads each row of the answer into row and calls each, until that returns false.
func (c *conn) ask(ctx context.Context, q *question, row []driver.Value, each func() bool) error {
	a, err := c.open(ctx, q)
	if err != nil {
		return err
	}
	more, err := a.next(ctx, row)
	for more && each() {
		more, err = a.next(ctx, row)
	}
	return c.fail(errors.Join(err, a.close()))
}

// answer is what a question finds, row by row. Its statement is not kept: there are too many different ones.
type answer struct {
	prepared driver.Stmt
	rows     driver.Rows
}

// open begins to answer. A question whose caller has gone is given up.
func (c *conn) open(ctx context.Context, q *question) (*answer, error) {
	prepared, err := c.driver.Prepare(q.sql.String())
	if err != nil {
		return nil, c.fail(err)
	}
	stmt, ok := prepared.(statement)
	if !ok {
		err = fmt.Errorf("the sqlite driver's statements lack a method: %T", prepared)
		return nil, c.fail(errors.Join(err, prepared.Close()))
	}
	rows, err := stmt.QueryContext(ctx, c.bind(q.args))
	if err != nil {
		return nil, c.fail(errors.Join(err, prepared.Close()))
	}
	return &answer{prepared, rows}, nil
}

// next reads a row and tells whether there was one.
func (a *answer) next(ctx context.Context, row []driver.Value) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	err := a.rows.Next(row)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return err == nil, err
}

func (a *answer) close() error { return errors.Join(a.rows.Close(), a.prepared.Close()) }

// snapshot runs several questions on one state of the file.
func (c *conn) snapshot(do func() error) error {
	if _, err := c.exec("BEGIN"); err != nil {
		return err
	}
	err := do()
	_, end := c.exec("COMMIT")
	return errors.Join(err, end)
}

// lowest is the beginning of every reference that was made at t or later: references sort by the millisecond in which
// they were made.
func lowest(t time.Time) string {
	var id ulid.ULID
	if ms := ceilMillis(t); ms > 0 {
		_ = id.SetTime(min(uint64(ms), ulid.MaxTime())) // fails for nothing but a time after that
	}
	return strings.ToLower(id.String()[:timeLength])
}

// timeLength is how many characters of a reference are its time.
const timeLength = 10

// ceilMillis is the first whole millisecond that is not before t: times are kept in milliseconds.
func ceilMillis(t time.Time) int64 { return t.Add(time.Millisecond - time.Nanosecond).UnixMilli() }
