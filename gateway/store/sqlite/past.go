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

// pastReaders is how many questions about the past are answered at once. They have connections of their own: a report
// keeps no look-up waiting.
const pastReaders = 2

// History is what the store tells of the past. It reads beside the writer, and sees every commit before the question.
type History struct{ pool *pool }

var _ otp.History = (*History)(nil)

// History returns the store's memory of the past. It ends with the store.
func (s *Store) History() *History { return &History{s.past} }

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

// ask reads each row of the answer into row and calls each, until that returns false. The statement is not kept: there
// are too many different ones. A question whose caller has gone is given up.
func (c *conn) ask(ctx context.Context, q *question, row []driver.Value, each func() bool) error {
	prepared, err := c.driver.Prepare(q.sql.String())
	if err != nil {
		return c.fail(err)
	}
	err = c.each(ctx, prepared, q.args, row, each)
	return c.fail(errors.Join(err, prepared.Close()))
}

func (c *conn) each(
	ctx context.Context, prepared driver.Stmt, args []driver.Value, row []driver.Value, each func() bool,
) error {
	stmt, ok := prepared.(statement)
	if !ok {
		return fmt.Errorf("the sqlite driver's statements lack a method: %T", prepared)
	}
	rows, err := stmt.QueryContext(ctx, c.bind(args))
	if err != nil {
		return err
	}
	for err = rows.Next(row); err == nil && each(); err = rows.Next(row) {
		if err = ctx.Err(); err != nil {
			break
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, rows.Close())
}

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
