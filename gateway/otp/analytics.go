package otp

import (
	"context"
	"strconv"
	"time"

	"github.com/otpgate/otpgate/gateway/apps"
)

// Bounds of the days that analytics tells of.
const (
	DefaultDays = 30
	MaxDays     = 90
)

// Analysis is what became of an app's verifications, day by day.
type Analysis struct {
	From, Until time.Time // of the whole series; Until: the end of the hour that is not over yet
	Total       Counts
	Days        []Row // one for each day in UTC, the oldest first; days without traffic too
}

// Analytics counts the verifications of an app that began on the last days, today included. days is a number, as the
// app wrote it; empty: 30.
func (s *Service) Analytics(ctx context.Context, app *apps.App, days string) (Analysis, error) {
	n := DefaultDays
	if days != "" {
		var err error
		if n, err = strconv.Atoi(days); err != nil || n < 1 || n > MaxDays {
			return Analysis{}, invalid("days", "1 to 90 days can be asked for")
		}
	}
	now := s.now().UTC()
	a := Analysis{From: now.Truncate(day).AddDate(0, 0, 1-n), Until: now.Truncate(time.Hour).Add(time.Hour)}
	rows, err := s.history.Report(ctx, ReportQuery{
		App: app.ID, From: a.From, Until: a.Until, By: []Group{GroupDay}, Now: now,
	})
	if err != nil {
		return Analysis{}, storeError(err)
	}
	for at := a.From; at.Before(a.Until); at = at.Add(day) {
		row := Row{Cell: Cell{Hour: at}}
		for len(rows) > 0 && !rows[0].Hour.After(at) {
			row.Counts, rows = rows[0].Counts, rows[1:]
		}
		a.Total.Add(row.Counts, 1)
		a.Days = append(a.Days, row)
	}
	return a, nil
}
