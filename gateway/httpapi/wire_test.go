package httpapi

import (
	"testing"
	"time"
)

func TestTimestampsAreUTCToTheMillisecond(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("", 5*3600)
	for want, at := range map[string]time.Time{
		"2026-11-22T06:07:08.000Z":  time.Date(2026, 11, 22, 6, 7, 8, 0, time.UTC),
		"2026-11-22T01:07:08.045Z":  time.Date(2026, 11, 22, 6, 7, 8, 45_999_999, east), // never later than it was
		"2026-11-22T06:07:08.999Z":  time.Date(2026, 11, 22, 6, 7, 8, 999_999_999, time.UTC),
		"1969-12-31T23:59:59.900Z":  time.Unix(-1, 900_000_000),
		"0001-01-01T00:00:00.000Z":  {},
		"10000-01-01T00:00:00.100Z": time.Date(10000, 1, 1, 0, 0, 0, 100_000_000, time.UTC),
	} {
		if got := timestamp(at); got != want || got != at.UTC().Format("2006-01-02T15:04:05.000Z") {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
