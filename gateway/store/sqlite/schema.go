package sqlite

import (
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
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

// migrate brings the file to the newest version. It refuses files that are not this gateway's to change.
func migrate(c *conn) (from, to int, err error) {
	scripts, err := migrations()
	if err != nil {
		return 0, 0, err
	}
	from, err = version(c, len(scripts))
	for v := from; v < len(scripts) && err == nil; v++ {
		err = upgrade(c, scripts[v], v+1)
	}
	return from, len(scripts), err
}

// version is that of the schema in the file; 0: it is empty.
func version(c *conn, newest int) (int, error) {
	var row [3]driver.Value
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

// upgrade runs one migration and notes its version, both or neither.
func upgrade(c *conn, script string, version int) error {
	err := c.script(fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;\nCOMMIT;",
		script, applicationID, version))
	if err != nil {
		return fmt.Errorf("its schema could not be brought to version %d: %w", version, err)
	}
	return nil
}

// explain puts the failures that an operator can do something about into words.
func explain(err error) error {
	failure, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch failure.Code() & 0xff {
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
