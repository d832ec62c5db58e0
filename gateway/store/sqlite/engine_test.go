package sqlite

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sqlite3 "modernc.org/sqlite/lib"
)

// testConn is a connection to an empty file.
func testConn(t *testing.T, scripts ...string) *conn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "any.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := connect(path, Options{}.withDefaults().writing())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	for _, script := range scripts {
		if err := c.script(script); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// kindOf is the code of an error of SQLite without its details; -1: it is none.
func kindOf(err error) int32 {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return -1
	}
	return f.kind()
}

func TestWhatIsBoundIsReadAsItWas(t *testing.T) {
	t.Parallel()
	c := testConn(t, "CREATE TABLE things (id INTEGER PRIMARY KEY, thing ANY) STRICT")
	long := strings.Repeat("long ", 1<<14)
	for id, test := range []struct {
		name, kind  string
		thing, want any
	}{
		{"the smallest integer", "integer", int64(math.MinInt64), int64(math.MinInt64)},
		{"the largest integer", "integer", int64(math.MaxInt64), int64(math.MaxInt64)},
		{"a fraction", "real", 0.1, 0.1},
		{"text", "text", "Übung", "Übung"},
		{"text with a zero in it", "text", "a\x00b", "a\x00b"},
		{"empty text", "text", "", ""},
		{"long text", "text", long, long},
		{"a blob", "blob", []byte{0, 1, 255}, []byte{0, 1, 255}},
		{"a long blob", "blob", []byte(long + long), []byte(long + long)},
		{"an empty blob", "blob", []byte{}, []byte(nil)},
		{"no blob", "null", []byte(nil), nil},
		{"nothing", "null", nil, nil},
	} {
		changed, err := c.exec("INSERT INTO things VALUES (?, ?)", int64(id), test.thing)
		if err != nil || changed != 1 {
			t.Errorf("%s: %d changed, error %v", test.name, changed, err)
		}
		var row [2]any
		found, err := c.row(row[:], "SELECT typeof(thing), thing FROM things WHERE id = ?", int64(id))
		if diff := cmp.Diff([2]any{test.kind, test.want}, row); err != nil || !found || diff != "" {
			t.Errorf("%s: found %v, error %v, (-want +got):\n%s", test.name, found, err, diff)
		}
	}
}

// While one statement goes from row to row, others run.
func TestWhatIsBoundStaysWhileAStatementRuns(t *testing.T) {
	t.Parallel()
	c := testConn(t, "CREATE TABLE words (word TEXT) STRICT")
	for _, word := range []string{"a", "b", "c"} {
		if _, err := c.exec("INSERT INTO words VALUES (?)", word); err != nil {
			t.Fatal(err)
		}
	}
	var row [1]any
	var got []any
	err := c.rows(row[:], "SELECT ? || word FROM words WHERE word >= ?", []any{"seen ", "b"}, func() bool {
		got = append(got, row[0])
		n, err := c.number("SELECT count(*) FROM words WHERE word <> ? AND word <> ?", "zzzzz ", "z")
		return err == nil && n == 3
	})
	if diff := cmp.Diff([]any{"seen b", "seen c"}, got); err != nil || diff != "" {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
}

func TestAStatementIsRefusedWhatItCannotTake(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*conn) error{
		"too few arguments":    func(c *conn) error { _, err := c.exec("SELECT ?, ?", int64(1)); return err },
		"too many arguments":   func(c *conn) error { _, err := c.exec("SELECT ?", int64(1), int64(2)); return err },
		"an int":               func(c *conn) error { _, err := c.exec("SELECT ?", 1); return err },
		"a row with no room":   func(c *conn) error { var row [1]any; _, err := c.row(row[:], "SELECT 1, 2"); return err },
		"two statements":       func(c *conn) error { _, err := c.exec("SELECT 1; SELECT 2"); return err },
		"a name that is none":  func(c *conn) error { _, err := c.exec("SELECT nothing"); return err },
		"a name taken as text": func(c *conn) error { _, err := c.exec(`SELECT "nothing"`); return err },
	} {
		c := testConn(t)
		if err := run(c); err == nil || !errors.Is(c.err, err) {
			t.Errorf("%s: error %v, and of the connection %v", name, err, c.err)
		}
	}
}

// A failure tells what was wrong, never with which value, and the statement can be run again.
func TestAFailureNamesNoValue(t *testing.T) {
	t.Parallel()
	c := testConn(t, "CREATE TABLE words (word TEXT PRIMARY KEY) STRICT")
	const insert = "INSERT INTO words VALUES (?)"
	_, err := c.exec(insert, "secret")
	if _, again := c.exec(insert, "secret"); err != nil || kindOf(again) != sqlite3.SQLITE_CONSTRAINT ||
		strings.Contains(again.Error(), "secret") || !strings.Contains(again.Error(), "words.word") {
		t.Errorf("error %v, and then %v", err, again)
	}
	if changed, err := c.exec(insert, "other"); err != nil || changed != 1 {
		t.Errorf("afterwards %d changed, error %v", changed, err)
	}
}

func TestAFileThatIsMissingIsNotMade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "missing.db")
	_, err := connect(path, reading())
	if kindOf(err) != sqlite3.SQLITE_CANTOPEN {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file: %v", err)
	}
}
