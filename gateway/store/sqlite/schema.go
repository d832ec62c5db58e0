package sqlite

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/otpgate/otpgate/gateway/otp"
)

// applicationID marks the file as a store of otpgate ("otpg"), so that no other program's database is taken for one.
const applicationID = 0x6f747067

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations returns the scripts that make a schema, in order: the first makes version 1 of nothing.
func migrations() ([]string, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	scripts := make([]string, len(names))
	for i, name := range names {
		if want := fmt.Sprintf("%04d_", i+1); path.Base(name)[:len(want)] != want {
			return nil, fmt.Errorf("the migration %s should begin with %s", name, want)
		}
		script, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		scripts[i] = string(script)
	}
	return scripts, nil
}

// muchMemory is for scripts that go through all of a file and sort it: 256 MB.
const muchMemory = "PRAGMA cache_size = -262144"

// migrate brings the file to the newest version. It refuses files that are not this gateway's to change.
func migrate(c *conn) (from, to int, err error) {
	scripts, err := migrations()
	if err != nil {
		return 0, 0, err
	}
	from, err = version(c, len(scripts))
	if err == nil && 0 < from && from < len(scripts) {
		err = c.script(muchMemory)
	}
	for v := from; v < len(scripts) && err == nil; v++ {
		err = upgrade(c, scripts[v], v+1)
	}
	return from, len(scripts), err
}

// version is that of the schema in the file; 0: it is empty.
func version(c *conn, newest int) (int, error) {
	var row [3]any
	_, err := c.row(row[:], `SELECT i.application_id, u.user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id i, pragma_user_version u`)
	if err != nil {
		return 0, err
	}
	application, _ := row[0].(int64)
	version, _ := row[1].(int64)
	tables, _ := row[2].(int64)
	switch {
	case application == 0 && version == 0 && tables == 0:
		return 0, nil
	case application != applicationID:
		return 0, errors.New("it is a database of another program; give the store a file of its own")
	case int(version) > newest:
		return 0, fmt.Errorf("a newer otpgate wrote it (schema %d, and this one knows %d); "+
			"start that version, or restore a backup from before the upgrade", version, newest)
	}
	return int(version), nil
}

// upgrade runs one migration and notes its version, both or neither: closing a connection on which it failed takes all
// back.
func upgrade(c *conn, script string, version int) error {
	note := fmt.Sprintf("PRAGMA application_id = %d;\nPRAGMA user_version = %d;", applicationID, version)
	steps := []func() error{c.begin, func() error { return c.script(script) }}
	switch version {
	case countingVersion:
		steps = append(steps, func() error { return recount(c) })
	case denseVersion:
		steps = append(steps, func() error { return gather(c) })
	}
	steps = append(steps, func() error { return c.script(note) }, c.commit)
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("its schema could not be brought to version %d: %w", version, err)
		}
	}
	return nil
}

// countingVersion is the first with sums.
const countingVersion = 5

// recount makes the sums of what was written before there were any. The events of that time are lost.
func recount(c *conn) error {
	found := sums{}
	var row [1]any
	err := c.rows(row[:], "SELECT record FROM verifications", nil, func() bool {
		record, _ := row[0].([]byte)
		if v, err := otp.DecodeRecord(record); err == nil { // else the sweep tells of it
			found.add(v, 1)
		}
		return true
	})
	if err != nil {
		return err
	}
	return tx{c, &hot{sums: found}}.flush()
}

// denseVersion is the first in which the windows of a person share a row.
const denseVersion = 6

// gather makes a memory of the windows of each person, which had a row each.
func gather(c *conn) error {
	var who string
	var m memory
	save := func() error {
		if len(m) == 0 {
			return nil
		}
		_, err := c.exec("INSERT INTO memories (who, windows, expires_at) VALUES (?, ?, ?)", who, m.encode(), m.end())
		m = nil
		return err
	}
	var row [4]any
	var failed error
	err := c.rows(row[:], selectScattered, nil, func() bool {
		key, _ := row[0].(string)
		counts, _ := row[1].([]byte)
		end, _ := row[2].(int64)
		next, limit := split(key)
		if next != who {
			failed = save()
		}
		who, m = next, append(m, window{limit, counts, end})
		return failed == nil
	})
	if err := errors.Join(err, failed, save()); err != nil {
		return err
	}
	return c.script("DROP TABLE windows")
}

// selectScattered finds the windows of each person together: by the last word of their keys.
const selectScattered = `SELECT key, counts, expires_at,
		substr(key, length(rtrim(key, replace(key, ' ', ''))) + 1) AS who
	FROM windows ORDER BY who`

// explain puts the failures that an operator can do something about into words.
func explain(err error) error {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return err
	}
	switch f.kind() {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("it is not a SQLite database, or it is damaged; move it away or restore a backup (%w)", err)
	case sqlite3.SQLITE_BUSY:
		return fmt.Errorf("another program holds it locked; end that program (%w)", err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("its disk is full (%w)", err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("it cannot be written; check the rights of the file and of its folder (%w)", err)
	}
	return err
}
