package sqlite

import "errors"

// conn is one connection with its prepared statements. It belongs to one goroutine at a time.
type conn struct {
	engine
	prepared map[string]*statement
	changed  int64 // rows, since the connection was made
	// err is the first failure. After it, nothing that was done since begin may be committed.
	err error
}

// connect opens the file at path, which must exist, and sets the connection up by pragmas.
func connect(path string, pragmas []string) (*conn, error) {
	e, err := openEngine(path)
	if err != nil {
		return nil, err
	}
	for _, pragma := range pragmas {
		if err := e.script("PRAGMA " + pragma); err != nil {
			return nil, errors.Join(err, e.close())
		}
	}
	return &conn{engine: e, prepared: make(map[string]*statement)}, nil
}

// exec runs a statement, whose rows are not looked at, and tells how many rows it changed.
func (c *conn) exec(sql string, args ...any) (int64, error) {
	s, err := c.prepare(sql)
	if err != nil {
		return 0, c.fail(err)
	}
	if err := s.bind(args); err != nil {
		return 0, c.fail(err)
	}
	before := c.changes()
	more, err := s.next()
	for more {
		more, err = s.next()
	}
	s.reset()
	changed := c.changes() - before
	c.changed += changed
	return changed, c.fail(err)
}

// row reads the first row of a query into row and tells whether there is one.
func (c *conn) row(row []any, sql string, args ...any) (bool, error) {
	found := false
	err := c.rows(row, sql, args, func() bool { found = true; return false })
	return found, err
}

// number reads the one number that a query finds.
func (c *conn) number(sql string, args ...any) (int64, error) {
	var row [1]any
	_, err := c.row(row[:], sql, args...)
	n, _ := row[0].(int64)
	return n, err
}

// rows reads each row of a query into row and calls each, until it returns false.
func (c *conn) rows(row []any, sql string, args []any, each func() bool) error {
	s, err := c.prepare(sql)
	if err != nil {
		return c.fail(err)
	}
	defer s.reset()
	if err := s.bind(args); err != nil {
		return c.fail(err)
	}
	more, err := s.read(row)
	for more && each() {
		more, err = s.read(row)
	}
	return c.fail(err)
}

func (c *conn) prepare(sql string) (*statement, error) {
	if s, ok := c.prepared[sql]; ok {
		return s, nil
	}
	s, err := c.compile(sql)
	if err != nil {
		return nil, err
	}
	c.prepared[sql] = s
	return s, nil
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

// script runs statements without arguments and rows.
func (c *conn) script(sql string) error { return c.fail(c.engine.script(sql)) }

func (c *conn) close() error {
	for _, s := range c.prepared {
		s.finalize()
	}
	return c.engine.close()
}
