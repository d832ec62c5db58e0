package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/sqlite"
	"github.com/otpgate/otpgate/providers"
)

func TestBacklogTellsWhatWaits(t *testing.T) {
	t.Parallel()
	ctx, at := t.Context(), time.Now()
	s, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(t.TempDir(), "otpgate.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	v := draft(at)
	if _, err := s.Begin(ctx, otp.Begin{Verification: v, Now: at}); err != nil {
		t.Fatal(err)
	}
	next := &otp.Schedule{Steps: []otp.Step{{Channel: providers.SMS, To: v.To, After: time.Minute}}, At: at.Add(time.Minute)}
	if _, err := s.Deliver(ctx, otp.Dispatch{Reference: v.Reference, Next: next, Now: at}); err != nil {
		t.Fatal(err)
	}
	unknown := otp.Reporting{
		Provider: "hubtel", Keep: time.Minute, Now: at,
		Reports: []providers.Report{{UpstreamID: "u1", State: providers.DeliveryDelivered}},
	}
	if err := s.Report(ctx, unknown); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]sqlite.Backlog{
		0: {Timers: 0, Reports: 1}, 2 * time.Minute: {Timers: 1, Reports: 1},
	} {
		if got, err := s.Backlog(ctx, at.Add(after)); err != nil || got != want {
			t.Errorf("after %s: %+v, %v, want %+v", after, got, err, want)
		}
	}
}
