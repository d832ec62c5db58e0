package history

import (
	"testing"

	"github.com/otpgate/otpgate/gateway/otp"
)

// A cursor is refused, or leads back to itself.
func FuzzCursorsOfEvents(f *testing.F) {
	for _, cursor := range []string{
		"1795328574227-0", "1795328574227-3.12", "1795328574227-3.12-shop", "7-1-a.1", "7-1-1-1", "",
		"7", "7-1.", "7-1.0", "7-1-",
	} {
		f.Add(cursor)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		s, ok := spotOf(cursor)
		if !ok || cursor == "" {
			return
		}
		q := otp.Query{}
		if s.app == "" {
			q.App = "shop"
		}
		if got := (place{id: s.id, before: s.left, app: s.app}).cursor(q); got != cursor {
			t.Errorf("%q leads to %q", cursor, got)
		}
	})
}
