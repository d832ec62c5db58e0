package sqlite

import (
	"context"
	"errors"
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
	args []any
}

func (b *question) add(sql string, args ...any) {
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
func (c *conn) ask(ctx context.Context, q *question, row []any, each func() bool) error {
	answer, err := c.open(q)
	if err != nil {
		return err
	}
	defer answer.finalize()
	more, err := answer.readFor(ctx, row)
	for more && each() {
		more, err = answer.readFor(ctx, row)
	}
	return c.fail(err)
}

// open begins to answer. The statement is not kept: there are too many different ones.
func (c *conn) open(q *question) (*statement, error) {
	s, err := c.compile(q.sql.String())
	if err != nil {
		return nil, c.fail(err)
	}
	if err := s.bind(q.args); err != nil {
		s.finalize()
		return nil, c.fail(err)
	}
	return s, nil
}

// readFor reads the next row for a caller, who may have gone.
func (s *statement) readFor(ctx context.Context, row []any) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return s.read(row)
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
