package redis_test

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/otpgate/otpgate/gateway/store/redis"
	"github.com/otpgate/otpgate/gateway/store/redis/redistest"
)

// shared is the server that most tests use, each with a prefix of its own.
var shared *redistest.Server

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "otpgate-redis-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if shared, err = redistest.Start(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	shared.Kill()
	// A pool that cannot dial tries again each second, and ends only then.
	for range 5 {
		if err = goleak.Find(); err == nil {
			return code
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// launched is a server of the test's own.
func launched(t *testing.T, args ...string) *redistest.Server {
	t.Helper()
	s, err := redistest.Start(t.TempDir(), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

var prefixes atomic.Int64

// prefix is one that no other test has.
func prefix() string { return fmt.Sprintf("t%d", prefixes.Add(1)) }

// open is a store with nothing in it, on the shared server unless the options say otherwise.
func open(tb testing.TB, edits ...func(*redis.Options)) *redis.Store {
	tb.Helper()
	o := redis.Options{Addresses: []string{shared.Address}, Prefix: prefix(), Timeout: 10 * time.Second}
	for _, edit := range edits {
		edit(&o)
	}
	s, err := redis.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil && !strings.Contains(err.Error(), "closed") {
			tb.Error(err)
		}
	})
	return s
}
