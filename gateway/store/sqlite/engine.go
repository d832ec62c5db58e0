package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// engine is one connection to a file as SQLite's own interface has it, for one goroutine at a time. The driver of
// database/sql would take a seventh of the writer's time: it copies each value, locks what nobody else uses, and names
// the columns of each answer.
type engine struct {
	tls *libc.TLS // what is a thread to SQLite
	db  uintptr
}

// failure is an error of SQLite. Its text never holds a value.
type failure struct {
	text string
	code int32
}

// Error implements error.
func (f *failure) Error() string { return fmt.Sprintf("%s (%d)", f.text, f.code) }

// kind is the code without its details.
func (f *failure) kind() int32 { return f.code & 0xff }

// openEngine opens the file at path.
func openEngine(path string) (engine, error) {
	e := engine{tls: libc.NewTLS()}
	err := e.open(path)
	if err == nil {
		err = e.setUp()
	}
	if err != nil {
		return engine{}, errors.Join(err, e.close())
	}
	return e, nil
}

// open never lets SQLite create the file: one that vanished under a running gateway is a failure, not an empty store.
// Where it fails there may be a connection all the same, which tells why.
func (e *engine) open(path string) error {
	name, err := libc.CString(path)
	if err != nil {
		return err
	}
	defer libc.Xfree(e.tls, name)
	out := e.tls.Alloc(pointerSize)
	defer e.tls.Free(pointerSize)
	const flags = sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_NOMUTEX
	rc := sqlite3.Xsqlite3_open_v2(e.tls, name, out, flags, 0)
	e.db = pointerAt(out)
	return e.check(rc)
}

// setUp asks for codes with details, and that a name in double quotes is never taken for text.
func (e engine) setUp() error {
	const words = 2 * 8 // of two arguments
	args := e.tls.Alloc(words)
	defer e.tls.Free(words)
	for _, option := range [...]int32{sqlite3.SQLITE_DBCONFIG_DQS_DDL, sqlite3.SQLITE_DBCONFIG_DQS_DML} {
		rc := sqlite3.Xsqlite3_db_config(e.tls, e.db, option, libc.VaList(args, int32(0), uintptr(0)))
		if err := e.check(rc); err != nil {
			return err
		}
	}
	return e.check(sqlite3.Xsqlite3_extended_result_codes(e.tls, e.db, 1))
}

// check is the error with a code that SQLite has just returned, told by the connection if it is about that.
func (e engine) check(code int32) error {
	if code == sqlite3.SQLITE_OK {
		return nil
	}
	text := libc.GoString(sqlite3.Xsqlite3_errstr(e.tls, code))
	if e.db != 0 && sqlite3.Xsqlite3_extended_errcode(e.tls, e.db) == code {
		text = libc.GoString(sqlite3.Xsqlite3_errmsg(e.tls, e.db))
	}
	return &failure{text, code}
}

// script runs statements without arguments and rows.
func (e engine) script(sql string) error {
	text, err := libc.CString(sql)
	if err != nil {
		return err
	}
	defer libc.Xfree(e.tls, text)
	return e.check(sqlite3.Xsqlite3_exec(e.tls, e.db, text, 0, 0, 0))
}

// changes is how many rows were changed since the connection was made.
func (e engine) changes() int64 { return sqlite3.Xsqlite3_total_changes64(e.tls, e.db) }

// written is how many pages the connection has written since it was last asked.
func (e engine) written() int {
	const size = 4 // of an int in C
	out := e.tls.Alloc(2 * size)
	defer e.tls.Free(2 * size)
	sqlite3.Xsqlite3_db_status(e.tls, e.db, sqlite3.SQLITE_DBSTATUS_CACHE_WRITE, out, out+size, 1)
	return int(binary.NativeEndian.Uint32(libc.GoBytes(out, size)))
}

func (e engine) close() error {
	err := e.check(sqlite3.Xsqlite3_close_v2(e.tls, e.db))
	e.tls.Close()
	return err
}

const pointerSize = bits.UintSize / 8

// pointerAt reads the pointer that SQLite has put at an address.
func pointerAt(address uintptr) uintptr {
	b := libc.GoBytes(address, pointerSize)
	if pointerSize == 4 {
		return uintptr(binary.NativeEndian.Uint32(b))
	}
	return uintptr(binary.NativeEndian.Uint64(b))
}
