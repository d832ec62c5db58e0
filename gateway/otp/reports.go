package otp

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/providers"
)

// Bounds of a report.
const (
	MaxReport     = 92 * day
	MaxReportRows = 10_000
)

// ReportsInput is a request for sums, as the app made it.
type ReportsInput struct {
	From, Until                string // RFC 3339; left out: the last 24 hours
	GroupBy                    string // groups with commas between them; empty: one row
	Country, Channel, Provider string
}

// Sums is a report and the time that it is of.
type Sums struct {
	From, Until time.Time // whole hours
	By          []Group
	Rows        []Row
}

// Reports counts the verifications of an app that began in a span of time. The span is widened to whole hours: nothing
// finer is counted.
func (s *Service) Reports(ctx context.Context, app *apps.App, in ReportsInput) (Sums, error) {
	now := s.now()
	d := new(selection)
	sums := Sums{By: d.groups(in.GroupBy)}
	sums.From, sums.Until = d.span(in, now)
	d.channel(in.Channel)
	d.country(in.Country)
	if err := d.err(); err != nil {
		return Sums{}, err
	}
	rows, err := s.history.Report(ctx, ReportQuery{
		App: app.ID, Country: strings.ToUpper(in.Country), Channel: providers.Channel(in.Channel), Provider: in.Provider,
		From: sums.From, Until: sums.Until, By: sums.By, Now: now,
	})
	if err != nil {
		return Sums{}, storeError(err)
	}
	if len(rows) > MaxReportRows {
		return Sums{}, invalid("group_by",
			"the report would have more than 10,000 rows; narrow it: a shorter time, or fewer groups")
	}
	sums.Rows = rows
	return sums, nil
}

// Groups lists what a report can tell apart.
func Groups() []Group {
	return []Group{GroupApp, GroupCountry, GroupChannel, GroupProvider, GroupHour, GroupDay}
}

func (d *selection) groups(text string) []Group {
	if text == "" {
		return nil
	}
	var by []Group
	for name := range strings.SplitSeq(text, ",") {
		group := Group(name)
		if !slices.Contains(Groups(), group) || slices.Contains(by, group) {
			d.refuse("group_by", "name each group once, with commas between them: app, country, channel, provider, hour, day")
			return nil
		}
		by = append(by, group)
	}
	if slices.Contains(by, GroupHour) && slices.Contains(by, GroupDay) {
		d.refuse("group_by", "an hour belongs to one day; name hour or day")
	}
	return by
}

// span reads the time of a report.
func (d *selection) span(in ReportsInput, now time.Time) (from, until time.Time) {
	from, until = d.moment("from", in.From), d.moment("until", in.Until)
	if until.IsZero() {
		until = now
	}
	if from.IsZero() {
		from = until.Add(-day)
	}
	d.order(from, until)
	from, until = from.Truncate(time.Hour), until.Add(time.Hour-1).Truncate(time.Hour)
	if until.Sub(from) > MaxReport+2*time.Hour {
		d.refuse("from", "a report is of 92 days at most; name a later time, or an earlier until")
	}
	return from, until
}
