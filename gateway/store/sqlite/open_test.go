package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // another program's way to the file

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/sqlite"
)

func TestOpenMakesFolderAndFileForTheUserAlone(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "deep", "data")
	open(t, sqlite.Options{Path: filepath.Join(folder, "otpgate.db")})
	for path, want := range map[string]os.FileMode{folder: 0o700, filepath.Join(folder, "otpgate.db"): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
		}
	}
}

func TestOpenTakesAnyFileName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?c#d%20&e='ü'.db")
	open(t, sqlite.Options{Path: path})
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestWhatWasWrittenIsThereAfterClose(t *testing.T) {
	t.Parallel()
	for _, synchronous := range []sqlite.Synchronous{sqlite.Normal, sqlite.Full} {
		o := sqlite.Options{Path: filepath.Join(t.TempDir(), "otpgate.db"), Synchronous: synchronous}
		first, err := sqlite.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := begin(first)
		if err != nil {
			t.Fatal(err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		if files, err := filepath.Glob(o.Path + "-*"); err != nil || len(files) > 0 {
			t.Errorf("close left %v, error %v", files, err)
		}
		if _, err := open(t, o).Get(t.Context(), ref); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		prepare func(t *testing.T, path string)
		want    string
	}{
		"a file that is no database": {
			prepare: func(t *testing.T, path string) { write(t, path, bytes.Repeat([]byte("certainly no database\n"), 500)) },
			want:    "not a SQLite database, or it is damaged",
		},
		"a short file that is no database": {
			prepare: func(t *testing.T, path string) { write(t, path, []byte("hello")) },
			want:    "not a SQLite database, or it is damaged",
		},
		"a database that was cut off": {
			prepare: func(t *testing.T, path string) {
				closed(t, path)
				if err := os.Truncate(path, 4096); err != nil {
					t.Fatal(err)
				}
			},
			want: "not a SQLite database, or it is damaged",
		},
		"a database of another program": {
			prepare: func(t *testing.T, path string) { script(t, path, "CREATE TABLE songs (title TEXT)") },
			want:    "database of another program",
		},
		"a database of a newer version": {
			prepare: func(t *testing.T, path string) { closed(t, path); script(t, path, "PRAGMA user_version = 999") },
			want:    "a newer otpgate wrote it (schema 999",
		},
		"a file that another gateway uses": {
			prepare: func(t *testing.T, path string) { open(t, sqlite.Options{Path: path}) },
			want:    "another otpgate process uses it",
		},
		"a file that another program keeps locked": {
			prepare: func(t *testing.T, path string) {
				closed(t, path)
				script(t, path, "PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE")
			},
			want: "another program holds it locked",
		},
		"a folder in place of the file": {
			prepare: func(t *testing.T, path string) {
				if err := os.Mkdir(path, 0o700); err != nil {
					t.Fatal(err)
				}
			},
			want: "is a directory",
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "otpgate.db")
			test.prepare(t, path)
			refused(t, path, test.want)
		})
	}
}

func TestOpenRefusesAFolderThatCannotBeMade(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	refused(t, filepath.Join(file, "data", "otpgate.db"), "its folder cannot be made")
}

func TestOpenRefusesAFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	refused(t, filepath.Join(folder, "otpgate.db"), "its folder cannot be written")
}

func TestOpenIsNotBegunForACallerWhoHasLeft(t *testing.T) {
	t.Parallel()
	left, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlite.Open(left, sqlite.Options{Path: filepath.Join(t.TempDir(), "otpgate.db")}); err == nil {
		t.Error("opened")
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	open(t, sqlite.Options{Path: path})
	second := child(t, "guesser", path)
	var told bytes.Buffer
	second.Stderr = &told
	if err := second.Run(); err == nil || !strings.Contains(told.String(), "another otpgate process uses it") {
		t.Errorf("%v: %s", err, told.String())
	}
}

func TestAfterClose(t *testing.T) {
	t.Parallel()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "otpgate.db")})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := begin(s); err == nil {
		t.Error("a closed store writes")
	}
	if _, err := s.Get(t.Context(), otp.NewReference(time.Now(), ama())); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed store reads: %v", err)
	}
}

// refused fails unless the file is refused in one line that names it and says want.
func refused(t *testing.T, path, want string) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err == nil {
		t.Fatal("opened", s.Close())
	}
	text := err.Error()
	if !strings.Contains(text, want) || !strings.Contains(text, path) || strings.Contains(text, "\n") {
		t.Errorf("refused with %q, want %q", text, want)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// closed is a store with a verification in it that was closed again.
func closed(t *testing.T, path string) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := begin(s); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// script runs statements on the file as another program would, on a connection that is closed when the test ends.
func script(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}
