package storetest

import (
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// levels are those of the claims at now.
func (f fixture) levels(now time.Time, claims ...otp.Claim) []otp.Level {
	f.t.Helper()
	levels, err := f.store.Levels(f.t.Context(), claims, now)
	if err != nil {
		f.t.Fatalf("Levels: %v", err)
	}
	return levels
}

func levelTests() map[string]func(fixture) {
	claimed := func(claims ...otp.Claim) func(*otp.Begin) {
		return func(b *otp.Begin) { b.Claims = claims }
	}
	return map[string]func(fixture){
		"levels of what was never counted are empty": func(f fixture) {
			got := f.levels(after(0), claim("a", 3), claim("b", 2))
			want := []otp.Level{{Name: "a", Limit: claim("a", 3).Limit}, {Name: "b", Limit: claim("b", 2).Limit}}
			mustEqual(f.t, want, got)
			mustEqual(f.t, []otp.Level{}, f.levels(after(0)))
		},
		"levels are those that the last count told": func(f fixture) {
			begun, err := f.store.Begin(f.t.Context(), otp.Begin{
				Verification: draft(after(0)), Claims: []otp.Claim{claim("a", 3), claim("b", 2)}, Now: after(0),
			})
			if err != nil {
				f.t.Fatal(err)
			}
			mustEqual(f.t, begun.Levels, f.levels(after(0), claim("a", 3), claim("b", 2)))
		},
		"to read levels counts nothing": func(f fixture) {
			f.begin(claimed(claim("a", 2)))
			for range 5 {
				if used := f.levels(after(0), claim("a", 2))[0].Used; used != 1 {
					f.t.Fatalf("%d are used, want 1", used)
				}
			}
			f.begin(claimed(claim("a", 2)), func(b *otp.Begin) { b.Verification = draft(after(0)) })
		},
		"levels fall when the window has passed": func(f fixture) {
			f.begin(claimed(claim("a", 2)))
			if level := f.levels(after(2*time.Minute), claim("a", 2))[0]; level.Used != 0 || !level.ResetsAt.IsZero() {
				f.t.Errorf("%+v", level)
			}
		},
		"the level of wrong guesses is told": func(f fixture) {
			v := f.sent()
			f.reserve(guess(v, "c1", failures(), after(time.Minute)))
			if level := f.levels(after(time.Minute), otp.FailureClaim(v.To, *failures()))[0]; level.Used != 1 {
				f.t.Errorf("%+v", level)
			}
		},
	}
}

func mustEqual(t *testing.T, want, got []otp.Level) {
	t.Helper()
	if diff := difference(want, got); diff != "" {
		t.Errorf("the levels differ (-want +got):\n%s", diff)
	}
}
