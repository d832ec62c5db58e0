package sqlite

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// frame is a page in the log, with its header.
const frame = 4096 + 24

// flooded writes, by several callers at once and without a rest, until so many pages are written or enough says so.
func flooded(t *testing.T, s *Store, pages int, enough func() bool) {
	t.Helper()
	blank := make([]byte, 64<<10)
	var mu sync.Mutex
	written := 0
	more := func() bool {
		mu.Lock()
		defer mu.Unlock()
		written += len(blank) / 4096
		return written <= pages && !enough()
	}
	var all sync.WaitGroup
	for n := range int64(8) {
		all.Go(func() {
			for more() {
				err := s.writer.do(context.Background(), func(t tx) error {
					_, err := t.exec("INSERT OR REPLACE INTO answers VALUES (?, 201, '', ?)", n, blank)
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

func never() bool { return false }

func logSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestTheLogStaysShortUnderLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	s := testStore(t, Options{Path: path})
	const pages = 2 * flood
	flooded(t, s, pages, never)
	if size := logSize(t, path); size > 3*flood/2*frame {
		t.Errorf("after %d pages the log has %d", pages, size/frame)
	}
}

func TestAReaderKeepsTheLogOnlyAsLongAsItReads(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	s := testStore(t, Options{Path: path})
	b := testBegin(time.Now())
	if _, err := s.Begin(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	reader, err := connect(path, reading())
	if err != nil {
		t.Fatal(err)
	}
	var before, after int64
	err = reader.snapshot(func() (err error) {
		if before, err = reader.number("SELECT count(*) FROM answers"); err != nil {
			return err
		}
		flooded(t, s, 2*fold, never)
		after, err = reader.number("SELECT count(*) FROM answers")
		return err
	})
	if err := errors.Join(err, reader.close()); err != nil {
		t.Fatal(err)
	}
	if before != 0 || after != 0 {
		t.Errorf("the reader saw %d rows and then %d", before, after)
	}
	if size := logSize(t, path); size < 2*fold*frame {
		t.Errorf("the log had %d pages and was begun anew beneath a reader", size/frame)
	}
	restarted := func() bool { return logSize(t, path) <= 64<<20 } // which it is cut to when it begins anew
	flooded(t, s, 4*flood, restarted)
	if !restarted() {
		t.Errorf("the log still has %d pages", logSize(t, path)/frame)
	}
	if _, err := s.Get(t.Context(), b.Verification.Reference); err != nil {
		t.Error(err)
	}
}

// What is in the log alone is in the file soon, also when hardly anything is written.
func TestTheLogIsCarriedWithoutLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	s := testStore(t, Options{Path: path})
	if _, err := s.Begin(t.Context(), testBegin(time.Now())); err != nil {
		t.Fatal(err)
	}
	other, err := connect(path, reading())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.close() }()
	watch := &checkpointer{conn: other}
	for {
		p, err := watch.checkpoint("NOOP")
		if err != nil {
			t.Fatal(err)
		}
		if p.carried == p.pages {
			return
		}
		runtime.Gosched()
	}
}

func TestALogThatCannotBeCarriedIsToldOnceAndPasses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	s := testStore(t, Options{Path: path})
	var log bytes.Buffer
	c := &checkpointer{log: slog.New(slog.NewTextHandler(&log, nil)), file: s.file, writer: s.writer}
	away := errors.New("away")
	for _, connect := range []func() (*conn, error){
		func() (*conn, error) { return nil, away },
		func() (*conn, error) { return nil, away },
		func() (*conn, error) { return connect(path, s.options.carrying()) },
	} {
		c.connect = connect
		c.note(c.carry(t.Context()))
	}
	if err := c.conn.close(); err != nil {
		t.Fatal(err)
	}
	told := log.String()
	if strings.Count(told, "grows") != 1 || strings.Count(told, "again") != 1 {
		t.Errorf("logged: %s", told)
	}
}

func TestNobodyIsHeldByAWriterThatHasEnded(t *testing.T) {
	t.Parallel()
	ran := func() { t.Error("ran") }
	ended := &writer{pauses: make(chan func()), ended: make(chan struct{})}
	close(ended.ended)
	ended.between(t.Context(), ran)
	left, cancel := context.WithCancel(t.Context())
	cancel()
	busy := &writer{pauses: make(chan func()), ended: make(chan struct{})}
	busy.between(left, ran)
}

// Whatever is written while the log begins anew, again and again, is there afterwards.
func TestNothingIsLostWhenTheLogBeginsAnew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	s := testStore(t, Options{Path: path})
	var refs []otp.Reference
	for range 6 {
		b := testBegin(time.Now())
		if _, err := s.Begin(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		refs = append(refs, b.Verification.Reference)
		flooded(t, s, fold/2, never)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := testStore(t, Options{Path: path})
	for _, ref := range refs {
		if _, err := again.Get(t.Context(), ref); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
}
