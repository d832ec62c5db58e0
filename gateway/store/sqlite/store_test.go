package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/sqlite"
	"github.com/otpgate/otpgate/gateway/store/storetest"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) otp.Store {
		return open(t, sqlite.Options{Path: filepath.Join(t.TempDir(), "otpgate.db")})
	})
}

func TestTimers(t *testing.T) {
	t.Parallel()
	storetest.RunTimers(t, func(t *testing.T) otp.Store {
		return open(t, sqlite.Options{Path: filepath.Join(t.TempDir(), "otpgate.db")})
	})
}

func TestQualityIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	rows := []routing.Quality{
		{Provider: "a", Channel: providers.SMS, Country: "GH", Verified: 1.5, Total: 20.25, At: time.UnixMilli(1_800_000_000_000).UTC()},
		{Provider: "b", Channel: providers.Email, Verified: 0, Total: 1, At: time.UnixMilli(1_800_000_000_001).UTC()},
	}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time in their own place
		if err := s.SaveQuality(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := open(t, sqlite.Options{Path: path}).Quality(t.Context())
	if diff := cmp.Diff(rows, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func open(tb testing.TB, o sqlite.Options) *sqlite.Store {
	tb.Helper()
	s, err := sqlite.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func TestHistory(t *testing.T) {
	t.Parallel()
	storetest.RunHistory(t, func(t *testing.T) storetest.Past {
		s := open(t, sqlite.Options{Path: filepath.Join(t.TempDir(), "otpgate.db")})
		return storetest.Past{Store: s, History: s.History()}
	})
}

// However short pages are because looking for them took too long, all together they are the whole.
func TestHistoryInTheShortestPages(t *testing.T) {
	t.Parallel()
	storetest.RunHistory(t, func(t *testing.T) storetest.Past {
		s := open(t, sqlite.Options{Path: filepath.Join(t.TempDir(), "otpgate.db")})
		return storetest.Past{Store: s, History: sqlite.Impatient(s)}
	})
}
