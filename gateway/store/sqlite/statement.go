package sqlite

import (
	"bytes"
	"errors"
	"fmt"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// statement is one that SQLite has compiled. What is bound to it stands in memory of its own, which SQLite reads while
// the statement runs: Go's memory it must not see.
type statement struct {
	engine
	handle     uintptr
	parameters int
	columns    int
	memory     uintptr
	room       int // bytes of memory
}

var (
	errNoMemory = errors.New("SQLite got no memory")
	errTail     = errors.New("a statement is followed by another one; a script may have several")
)

func (e engine) compile(sql string) (*statement, error) {
	text, err := libc.CString(sql)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(e.tls, text)
	out := e.tls.Alloc(2 * pointerSize)
	defer e.tls.Free(2 * pointerSize)
	tail := out + pointerSize
	if err := e.check(sqlite3.Xsqlite3_prepare_v2(e.tls, e.db, text, -1, out, tail)); err != nil {
		return nil, err
	}
	s := &statement{engine: e, handle: pointerAt(out)}
	if libc.GoString(pointerAt(tail)) != "" {
		s.finalize()
		return nil, errTail
	}
	s.parameters = int(sqlite3.Xsqlite3_bind_parameter_count(e.tls, s.handle))
	s.columns = int(sqlite3.Xsqlite3_column_count(e.tls, s.handle))
	return s, nil
}

// bind gives the statement its arguments: each is an int64, a float64, a string, a []byte or nil, and a []byte that is
// nil is null too.
func (s *statement) bind(args []any) error {
	if len(args) != s.parameters {
		return fmt.Errorf("a statement with %d parameters got %d arguments", s.parameters, len(args))
	}
	memory, err := s.fit(args)
	if err != nil {
		return err
	}
	used := 0
	for i, arg := range args {
		rc, n := int32(0), int32(i+1)
		switch arg := arg.(type) {
		case int64:
			rc = sqlite3.Xsqlite3_bind_int64(s.tls, s.handle, n, arg)
		case float64:
			rc = sqlite3.Xsqlite3_bind_double(s.tls, s.handle, n, arg)
		case string:
			at := s.memory + uintptr(used)
			used += copy(memory[used:], arg)
			rc = sqlite3.Xsqlite3_bind_text(s.tls, s.handle, n, at, int32(len(arg)), sqlite3.SQLITE_STATIC)
		case []byte:
			at := s.memory + uintptr(used)
			if arg == nil {
				at = 0
			}
			used += copy(memory[used:], arg)
			rc = sqlite3.Xsqlite3_bind_blob(s.tls, s.handle, n, at, int32(len(arg)), sqlite3.SQLITE_STATIC)
		case nil:
			rc = sqlite3.Xsqlite3_bind_null(s.tls, s.handle, n)
		default:
			return fmt.Errorf("argument %d is of a type that SQLite has not", n) // naming it would put all on the heap
		}
		if err := s.check(rc); err != nil {
			return err
		}
	}
	return nil
}

// fit returns the memory of the statement, made larger where the arguments need it. What is empty has an
// address, too: at the address 0 it would be null.
func (s *statement) fit(args []any) ([]byte, error) {
	size := 1
	for _, arg := range args {
		switch arg := arg.(type) {
		case string:
			size += len(arg)
		case []byte:
			size += len(arg)
		}
	}
	if size > s.room {
		room := 2 * size
		larger := sqlite3.Xsqlite3_malloc(s.tls, int32(room))
		if larger == 0 {
			return nil, errNoMemory
		}
		sqlite3.Xsqlite3_free(s.tls, s.memory)
		s.memory, s.room = larger, room
	}
	return libc.GoBytes(s.memory, s.room), nil
}

// next goes to the next row and tells whether there is one.
func (s *statement) next() (bool, error) {
	switch rc := sqlite3.Xsqlite3_step(s.tls, s.handle); rc {
	case sqlite3.SQLITE_ROW:
		return true, nil
	case sqlite3.SQLITE_DONE:
		return false, nil
	default:
		return false, s.check(rc)
	}
}

// read reads the next row and tells whether there is one: numbers as int64 and float64, text as string, blobs as
// []byte, null as nil.
func (s *statement) read(row []any) (bool, error) {
	if len(row) != s.columns {
		return false, fmt.Errorf("a row with %d columns was asked for %d", s.columns, len(row))
	}
	if more, err := s.next(); !more || err != nil {
		return false, err
	}
	for i := range row {
		row[i] = s.column(int32(i))
	}
	return true, nil
}

func (s *statement) column(n int32) any {
	switch sqlite3.Xsqlite3_column_type(s.tls, s.handle, n) {
	case sqlite3.SQLITE_INTEGER:
		return sqlite3.Xsqlite3_column_int64(s.tls, s.handle, n)
	case sqlite3.SQLITE_FLOAT:
		return sqlite3.Xsqlite3_column_double(s.tls, s.handle, n)
	case sqlite3.SQLITE_TEXT:
		text := sqlite3.Xsqlite3_column_text(s.tls, s.handle, n)
		return string(libc.GoBytes(text, int(sqlite3.Xsqlite3_column_bytes(s.tls, s.handle, n))))
	case sqlite3.SQLITE_BLOB:
		blob := sqlite3.Xsqlite3_column_blob(s.tls, s.handle, n)
		return bytes.Clone(libc.GoBytes(blob, int(sqlite3.Xsqlite3_column_bytes(s.tls, s.handle, n))))
	default:
		return nil
	}
}

// reset makes the statement ready to be run again. The failure of the last run, which it repeats, is known.
func (s *statement) reset() { sqlite3.Xsqlite3_reset(s.tls, s.handle) }

// finalize ends the statement.
func (s *statement) finalize() {
	sqlite3.Xsqlite3_finalize(s.tls, s.handle)
	sqlite3.Xsqlite3_free(s.tls, s.memory)
}
