package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/sqlite"
)

// The limit of a process on the size of its files stands in for a full disk, so the test needs a process of its own.
func TestAFullDiskIsAFailureAndPasses(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("windows has no limit on the size of a process's files")
	}
	squeezed := child(t, "squeezed", filepath.Join(t.TempDir(), "otpgate.db"))
	if out, err := squeezed.Output(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// fillDisk runs a store out of space and gives it space again.
func fillDisk(path string) error {
	s, err := sqlite.Open(context.Background(), sqlite.Options{Path: path})
	if err != nil {
		return err
	}
	kept, err := begin(s)
	if err != nil {
		return err
	}
	if err := limitFiles(64 << 10); err != nil {
		return err
	}
	var lost otp.Reference
	for n := 0; err == nil; n++ {
		if lost, err = begin(s); n > 1000 {
			return errors.New("the disk does not fill up")
		}
	}
	if refusal, ok := errors.AsType[*otp.Error](err); ok {
		return fmt.Errorf("a full disk is told as a refusal: %w", refusal)
	}
	for n := 0; s.Ping(context.Background()) == nil; n++ { // what a verification had no room in may be enough for a ping
		if n > 100 {
			return errors.New("a store on a full disk calls itself well")
		}
	}
	if _, err := s.Get(context.Background(), kept); err != nil {
		return fmt.Errorf("a full disk keeps readers out: %w", err)
	}
	if err := limitFiles(64 << 20); err != nil {
		return err
	}
	if err := s.Ping(context.Background()); err != nil {
		return fmt.Errorf("with space again: %w", err)
	}
	if _, err := s.Get(context.Background(), lost); err == nil {
		return errors.New("what failed is there")
	}
	if _, err := begin(s); err != nil {
		return fmt.Errorf("with space again: %w", err)
	}
	return s.Close()
}

func begin(s *sqlite.Store) (otp.Reference, error) {
	now := time.Now()
	v := draft(now)
	_, err := s.Begin(context.Background(), otp.Begin{Verification: v, Now: now})
	return v.Reference, err
}
