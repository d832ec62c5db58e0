package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/sqlite"
	"github.com/otpgate/otpgate/providers"
)

// guesses is how many guesses a verification of the guesser grants.
const guesses = 5

func ama() providers.Recipient { return providers.NewPhone("+233201234567", "GH", "0201234567") }

func draft(now time.Time) otp.Verification {
	return otp.Verification{
		Reference: otp.NewReference(now, ama()), App: "shop", Channel: providers.SMS,
		To:     ama(),
		Status: otp.StatusPending, CreatedAt: now, ExpiresAt: now.Add(time.Hour), MaxAttempts: guesses,
	}
}

// guessForEver begins verifications and guesses at them, by several callers, and prints each answer once it has it: the
// reference, and how many guesses are counted.
func guessForEver(path string) error {
	s, err := sqlite.Open(context.Background(), sqlite.Options{Path: path})
	if err != nil {
		return err
	}
	var printing sync.Mutex
	answered := func(v otp.Verification, err error) error {
		printing.Lock()
		defer printing.Unlock()
		if err == nil {
			_, err = fmt.Println(v.Reference, v.Attempts)
		}
		return err
	}
	failed := make(chan error)
	for range 8 {
		go func() {
			for {
				if err := guessOnce(s, answered); err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}

func guessOnce(s *sqlite.Store, answered func(otp.Verification, error) error) error {
	now := time.Now()
	begun, err := s.Begin(context.Background(), otp.Begin{Verification: draft(now), Now: now})
	if err := answered(begun.Verification, err); err != nil {
		return err
	}
	for n := range guesses {
		g := otp.Guess{
			Match: otp.Match{Reference: begun.Verification.Reference, App: "shop"}, ID: fmt.Sprint(n), Now: now,
		}
		if err := answered(s.Reserve(context.Background(), g)); err != nil {
			return err
		}
	}
	return nil
}

func TestNothingAnsweredIsLostByAKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	answered := make(map[otp.Reference]int) // guesses that were answered as counted
	for range 3 {
		killed(t, path, answered)
		s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		for ref, attempts := range answered {
			v, err := s.Get(t.Context(), ref)
			if err != nil {
				t.Fatalf("%s was answered and is lost: %v", ref, err)
			}
			if v.Attempts < attempts {
				t.Errorf("%s went back from %d guesses to %d", ref, attempts, v.Attempts)
			}
		}
		if err := sqlite.Agrees(t.Context(), s); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killed lets a guesser work until it has answered some hundred times, kills it, and adds what it answered.
func killed(t *testing.T, path string, answered map[otp.Reference]int) {
	t.Helper()
	guesser := child(t, "guesser", path)
	out, err := guesser.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := guesser.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		var ref otp.Reference
		var attempts int
		if _, err := fmt.Sscan(lines.Text(), &ref, &attempts); err != nil || len(ref) != 26 {
			continue // the last line may be cut off
		}
		answered[ref] = max(answered[ref], attempts)
		if n == 700 {
			if err := guesser.Process.Signal(os.Kill); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := guesser.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the guesser was not killed: %v", err)
	}
	if len(answered) < 100 {
		t.Fatalf("only %d verifications were answered", len(answered))
	}
}
