package otp_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/otpgate/otpgate/gateway/otp"
)

func TestParseLimit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]otp.Limit{
		"5/10m": {5, 10 * time.Minute}, "200/s": {200, time.Second}, "10/24h": {10, 24 * time.Hour}, "3/7d": {3, 168 * time.Hour},
	} {
		got, err := otp.ParseLimit(text)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
		if again, err := otp.ParseLimit(got.String()); err != nil || again != want {
			t.Errorf("%s reads back as %v, %v", got, again, err)
		}
	}
	for _, text := range []string{"", "5", "/10m", "0/10m", "-1/s", "5/", "5/soon", "5/0s", "5/10ms", "x/10m", "5/10m/2"} {
		if l, err := otp.ParseLimit(text); err == nil {
			t.Errorf("%q is taken for %v", text, l)
		}
	}
}

// A limit is never exceeded in any span of its window, whatever comes when; and an event is forgotten at most a slot late.
func TestWindowNeverExceedsItsLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := otp.Limit{Max: rapid.IntRange(1, 5).Draw(t, "max"), Window: time.Minute}
		claims := []otp.Claim{{Name: "recipient", Key: "k", Limit: limit}}
		window := new(otp.Window)
		now := time.Unix(1_800_000_000, 0)
		var granted []time.Time
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "pause")) * time.Millisecond)
			if raw, err := window.MarshalBinary(); err != nil || new(otp.Window).UnmarshalBinary(raw) != nil {
				t.Fatal("a window does not survive the store")
			}
			_, err := otp.Charge(claims, []*otp.Window{window}, now)
			recent := 0
			for _, at := range granted {
				if now.Sub(at) < limit.Window {
					recent++
				}
			}
			if err == nil {
				granted = append(granted, now)
				if recent >= limit.Max {
					t.Fatalf("%d events within %v", recent+1, limit.Window)
				}
				continue
			}
			e, ok := err.(*otp.Error) //nolint:errorlint // Charge returns it bare
			if !ok || e.RetryAfter <= 0 || e.RetryAfter > limit.Window+limit.Window/64 {
				t.Fatalf("refused with %+v", err)
			}
		}
	})
}

func TestAllClaimsOrNone(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	claims := []otp.Claim{{Name: "a", Limit: otp.Limit{Max: 9, Window: time.Hour}}, {Name: "b", Limit: otp.Limit{Max: 1, Window: time.Hour}}}
	windows := []*otp.Window{{}, {}}
	if _, err := otp.Charge(claims, windows, now); err != nil {
		t.Fatal(err)
	}
	if _, err := otp.Charge(claims, windows, now); err == nil {
		t.Fatal("the second limit did not hold")
	}
	if used := windows[0].Level("a", claims[0].Limit, now).Used; used != 1 {
		t.Errorf("a refused request counted in the other limit: %d", used)
	}
}

func TestTakeBack(t *testing.T) {
	t.Parallel()
	limit := otp.Limit{Max: 2, Window: time.Hour}
	window, now := new(otp.Window), time.Unix(1_800_000_000, 0)
	window.Add(limit, now)
	window.TakeBack(limit, now.Add(-2*time.Hour)) // not remembered: nothing happens
	if window.Level("a", limit, now).Used != 1 {
		t.Error("an event was taken back that never was")
	}
	window.TakeBack(limit, now)
	window.TakeBack(limit, now)
	if level := window.Level("a", limit, now); level.Used != 0 || !level.ResetsAt.IsZero() {
		t.Errorf("%+v", level)
	}
}

func FuzzWindow(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x80, 0x80})
	f.Fuzz(func(t *testing.T, raw []byte) {
		window := new(otp.Window)
		if window.UnmarshalBinary(raw) == nil {
			window.Level("a", otp.Limit{Max: 1, Window: time.Minute}, time.Unix(0, 0))
		}
	})
}
