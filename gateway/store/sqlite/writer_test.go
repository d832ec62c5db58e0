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
	"github.com/otpgate/otpgate/providers"
)

func testStore(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "otpgate.db")
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func ama() providers.Recipient { return providers.NewPhone("+233201234567", "GH", "0201234567") }

func testBegin(now time.Time) otp.Begin {
	return otp.Begin{Now: now, Verification: otp.Verification{
		Reference: otp.NewReference(now, ama()), App: "shop", Channel: providers.SMS,
		To:     ama(),
		Status: otp.StatusPending, CreatedAt: now, ExpiresAt: now.Add(5 * time.Minute), MaxAttempts: 3,
	}}
}

// held keeps the writer busy until the returned function is called, which waits for it to be done.
func held(t *testing.T, s *Store) (release func()) {
	t.Helper()
	begun, end := make(chan struct{}), make(chan struct{})
	var busy sync.WaitGroup
	busy.Go(func() {
		err := s.writer.do(context.Background(), func(tx) error {
			close(begun)
			<-end
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-begun
	return func() {
		close(end)
		busy.Wait()
	}
}

// queued waits until n operations wait.
func queued(s *Store, n int) {
	for len(s.writer.queue) < n {
		runtime.Gosched()
	}
}

func code(err error) otp.Code {
	if refusal, ok := errors.AsType[*otp.Error](err); ok {
		return refusal.Code
	}
	return ""
}

func TestAFullQueueIsOverloaded(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{Queue: 2})
	release := held(t, s)
	var waiting sync.WaitGroup
	for range 2 {
		waiting.Go(func() {
			if _, err := s.Begin(context.Background(), testBegin(time.Now())); err != nil {
				t.Error(err)
			}
		})
	}
	queued(s, 2)
	_, err := s.Begin(t.Context(), testBegin(time.Now()))
	refusal, ok := errors.AsType[*otp.Error](err)
	if !ok || refusal.Code != otp.Overloaded || refusal.RetryAfter != time.Second {
		t.Errorf("refused with %v", err)
	}
	release()
	waiting.Wait()
	if _, err := s.Begin(t.Context(), testBegin(time.Now())); err != nil {
		t.Error(err)
	}
}

func TestACallerDoesNotWaitLongerThanItsContext(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	release := held(t, s)
	b := testBegin(time.Now())
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := s.Begin(ctx, b)
		left <- err
	}()
	queued(s, 1)
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("left with %v", err)
	}
	release()
	if _, err := s.Get(t.Context(), b.Verification.Reference); code(err) != otp.NotFound {
		t.Errorf("what nobody waited for was done: %v", err)
	}
}

func TestCloseWritesWhatWaits(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	s := testStore(t, Options{Path: path})
	release := held(t, s)
	b := testBegin(time.Now())
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if _, err := s.Begin(context.Background(), b); err != nil {
			t.Error(err)
		}
	})
	queued(s, 1)
	waiting.Go(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	release()
	waiting.Wait()
	if _, err := testStore(t, Options{Path: path}).Get(t.Context(), b.Verification.Reference); err != nil {
		t.Error(err)
	}
}

// group runs operations in one transaction and returns their errors.
func group(t *testing.T, s *Store, steps ...func(tx) error) []error {
	t.Helper()
	release := held(t, s)
	errs := make([]error, len(steps))
	var all sync.WaitGroup
	for i, step := range steps {
		all.Go(func() { errs[i] = s.writer.do(context.Background(), step) })
		queued(s, i+1)
	}
	release()
	all.Wait()
	return errs
}

func TestWhatHarmsAGroup(t *testing.T) {
	t.Parallel()
	insert := func(b otp.Begin) func(tx) error {
		return func(t tx) error {
			record, err := otp.EncodeRecord(b.Verification)
			if err != nil {
				return err
			}
			return t.insert(b.Verification, record, b.Now)
		}
	}
	other := testBegin(time.Now())
	for what, test := range map[string]struct {
		step  func(tx) error
		harms bool
	}{
		"a refusal":           {step: func(tx) error { return &otp.Error{Code: otp.Expired} }},
		"an error of its own": {step: func(tx) error { return errors.New("a damaged record") }},
		"an error after write": {harms: true, step: func(t tx) error {
			return errors.Join(insert(other)(t), errors.New("oh"))
		}},
		"a refusal after write": {harms: true, step: func(t tx) error {
			return errors.Join(insert(other)(t), &otp.Error{Code: otp.Expired})
		}},
		"an error of SQLite": {harms: true, step: func(t tx) error { _, err := t.exec("SELECT nothing"); return err }},
		"an error of SQLite that is kept silent": {harms: true, step: func(t tx) error {
			_, _ = t.exec("SELECT nothing")
			return nil
		}},
		"a panic": {harms: true, step: func(tx) error { panic("+233201234567") }},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			s := testStore(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
			first, last := testBegin(time.Now()), testBegin(time.Now())
			errs := group(t, s, insert(first), test.step, insert(last))
			for i, b := range map[int]otp.Begin{0: first, 2: last} {
				_, err := s.Get(t.Context(), b.Verification.Reference)
				if written := err == nil; written == test.harms || (errs[i] == nil) == test.harms || code(errs[i]) != "" {
					t.Errorf("written: %v, answered %v", written, errs[i])
				}
			}
			if _, err := s.Get(t.Context(), other.Verification.Reference); code(err) != otp.NotFound {
				t.Errorf("half of an operation was written: %v", err)
			}
			if _, err := s.Begin(t.Context(), testBegin(time.Now())); err != nil {
				t.Errorf("the store does not go on: %v", err)
			}
			if err := s.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			if told := strings.Contains(log.String(), "cannot write"); told != test.harms {
				t.Errorf("logged: %s", log.String())
			}
			if strings.Contains(log.String(), "+23320") {
				t.Errorf("a number is in the log: %s", log.String())
			}
		})
	}
}

func TestAFailedGroupLeavesNothingInMemory(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	b := testBegin(time.Now())
	if _, err := s.Begin(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	guess := func(t tx) error {
		v, err := t.load(b.Verification.Reference)
		if err != nil {
			return err
		}
		g := otp.Guess{Match: otp.Match{Reference: v.Reference, App: v.App}, ID: "c", Now: b.Now}
		if err := v.Reserve(g, nil); err != nil {
			return err
		}
		return t.save(v, b.Now)
	}
	group(t, s, guess, func(tx) error { panic("in the same group") })
	v, err := s.Release(t.Context(), otp.Release{Reference: b.Verification.Reference, Check: "none", Now: b.Now})
	if err != nil || v.Attempts != 0 {
		t.Errorf("attempts %d, error %v", v.Attempts, err)
	}
}

func TestARowThatVanishedIsAFailureAndThenUnknown(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	b := testBegin(time.Now())
	if _, err := s.Begin(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	err := s.writer.do(t.Context(), func(t tx) error {
		_, err := t.exec(deleteVerification, string(b.Verification.Reference)) // and the memory is not told
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d := otp.Dispatch{Reference: b.Verification.Reference, Now: b.Now}
	if _, err := s.Deliver(t.Context(), d); err == nil || code(err) != "" {
		t.Errorf("recorded with %v", err)
	}
	if _, err := s.Deliver(t.Context(), d); code(err) != otp.NotFound {
		t.Errorf("recorded with %v", err)
	}
}

func TestADamagedRecordHarmsNobodyElse(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	b := testBegin(time.Now())
	if err := damaged(s, b); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), b.Verification.Reference); err == nil || code(err) != "" {
		t.Errorf("read with %v", err)
	}
	d := otp.Dispatch{Reference: b.Verification.Reference, Now: b.Now}
	if _, err := s.Deliver(t.Context(), d); err == nil || code(err) != "" {
		t.Errorf("recorded with %v", err)
	}
	if _, err := s.Begin(t.Context(), testBegin(time.Now())); err != nil {
		t.Error(err)
	}
}

// damaged writes a verification whose record nobody can read, and that the writer does not remember.
func damaged(s *Store, b otp.Begin) error {
	return s.writer.do(context.Background(), func(t tx) error {
		if err := t.insert(b.Verification, []byte("{"), b.Now); err != nil {
			return err
		}
		t.records.Remove(b.Verification.Reference)
		return nil
	})
}

func TestAFileThatIsLockedForAWhileIsAFailureAndPasses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	s := testStore(t, Options{Path: path})
	other, err := connect(path, reading())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(other.script("PRAGMA query_only = 0"), other.begin()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(t.Context(), testBegin(time.Now())); err == nil || code(err) != "" {
		t.Errorf("begun with %v", err)
	}
	if err := errors.Join(other.script("ROLLBACK"), other.close()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(t.Context(), testBegin(time.Now())); err != nil {
		t.Error(err)
	}
}

func TestAFileThatVanishedIsAFailure(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	s := testStore(t, Options{Path: path})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	group(t, s, func(tx) error { panic("so that the file is opened again") })
	if err := s.Ping(t.Context()); err == nil || code(err) != "" {
		t.Errorf("pinged with %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("an empty store was made in its place")
	}
}

func TestLimitsAreReadFromTheFileWhenTheyAreNotInMemory(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	b := testBegin(time.Now())
	b.Claims = []otp.Claim{{Name: "recipient", Key: "k", Limit: otp.Limit{Max: 1, Window: time.Hour}}}
	if _, err := s.Begin(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	group(t, s, func(tx) error { panic("so that the memory is lost") })
	b.Verification.Reference = otp.NewReference(b.Now, ama())
	if _, err := s.Begin(t.Context(), b); code(err) != otp.RateLimited {
		t.Errorf("begun with %v", err)
	}
}
