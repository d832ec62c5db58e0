package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
)

// conn is one connection with its prepared statements. It belongs to one goroutine at a time and speaks to the driver
// itself: the pool, the locks and the conversions of database/sql would cost more than many a statement.
type conn struct {
	driver   driver.Conn
	prepared map[string]statement
	args     []driver.NamedValue
	changed  int64 // rows, since the connection was made
	// err is the first failure. After it, nothing that was done since begin may be committed.
	err error
}

// statement is what the driver's prepared statements can do.
type statement interface {
	driver.StmtExecContext
	driver.StmtQueryContext
	io.Closer
}

// connect opens the file at path, which must exist.
func connect(path string, pragmas url.Values) (*conn, error) {
	connector, err := sqlite.NewConnector(dsn(path, pragmas))
	if err != nil {
		return nil, err
	}
	opened, err := connector.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	return &conn{driver: opened, prepared: make(map[string]statement)}, nil
}

// dsn never lets SQLite create the file: one that vanished under a running gateway is a failure, not an empty store.
func dsn(path string, pragmas url.Values) string {
	query := url.Values{"mode": {"rw"}, "_dqs": {"0"}, "_error_rc": {"1"}}
	for name, values := range pragmas {
		query[name] = values
	}
	slashed := filepath.ToSlash(path)
	if slashed[0] != '/' {
		slashed = "/" + slashed
	}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}).String()
}

// exec runs a statement without rows and tells how many rows it changed.
func (c *conn) exec(sql string, args ...driver.Value) (int64, error) {
	stmt, err := c.prepare(sql)
	if err != nil {
		return 0, c.fail(err)
	}
	result, err := stmt.ExecContext(context.Background(), c.bind(args))
	if err != nil {
		return 0, c.fail(err)
	}
	changed, err := result.RowsAffected()
	c.changed += changed
	return changed, c.fail(err)
}

// row reads the first row of a query into row and tells whether there is one.
func (c *conn) row(row []driver.Value, sql string, args ...driver.Value) (bool, error) {
	found := false
	err := c.rows(row, sql, args, func() bool { found = true; return false })
	return found, err
}

// number reads the one number that a query finds.
func (c *conn) number(sql string, args ...driver.Value) (int64, error) {
	var row [1]driver.Value
	_, err := c.row(row[:], sql, args...)
	n, _ := row[0].(int64)
	return n, err
}

// rows reads each row of a query into row and calls each, until it returns false.
func (c *conn) rows(row []driver.Value, sql string, args []driver.Value, each func() bool) error {
	stmt, err := c.prepare(sql)
	if err != nil {
		return c.fail(err)
	}
	rows, err := stmt.QueryContext(context.Background(), c.bind(args))
	if err != nil {
		return c.fail(err)
	}
	for err = rows.Next(row); err == nil && each(); {
		err = rows.Next(row)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return c.fail(errors.Join(err, rows.Close()))
}

func (c *conn) prepare(sql string) (statement, error) {
	if stmt, ok := c.prepared[sql]; ok {
		return stmt, nil
	}
	prepared, err := c.driver.Prepare(sql)
	if err != nil {
		return nil, err
	}
	stmt, ok := prepared.(statement)
	if !ok {
		return nil, fmt.Errorf("the sqlite driver's statements lack a method: %T", prepared)
	}
	c.prepared[sql] = stmt
	return stmt, nil
}

func (c *conn) bind(args []driver.Value) []driver.NamedValue {
	c.args = c.args[:0]
	for i, value := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: value})
	}
	return c.args
}

func (c *conn) fail(err error) error {
	if err != nil && c.err == nil {
		c.err = err
	}
	return err
}

// begin starts a transaction that is sure to be able to write, unless the file cannot be written at all.
func (c *conn) begin() error {
	_, err := c.exec("BEGIN IMMEDIATE")
	return err
}

func (c *conn) commit() error {
	_, err := c.exec("COMMIT")
	return err
}

func (c *conn) close() error {
	var errs []error
	for _, stmt := range c.prepared {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, c.driver.Close())...)
}

// written is how many pages the connection has written since it was last asked.
func (c *conn) written() int {
	if status, ok := c.driver.(sqlite.DBStatus); ok {
		pages, _, _ := status.Status(sqlite.DBStatusCacheWrite, true) // fails for nothing but an unknown figure
		return pages
	}
	return 0
}

// script runs statements without arguments and rows.
func (c *conn) script(sql string) error {
	executor, ok := c.driver.(driver.ExecerContext)
	if !ok {
		return c.fail(fmt.Errorf("the sqlite driver's connections lack a method: %T", c.driver))
	}
	_, err := executor.ExecContext(context.Background(), sql, nil)
	return c.fail(err)
}
