package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/sqlite"
	"github.com/otpgate/otpgate/gateway/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) otp.Store {
		return open(t, sqlite.Options{Path: filepath.Join(t.TempDir(), "otpgate.db")})
	})
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
