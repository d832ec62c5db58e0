package otp

import (
	"cmp"
	"slices"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Group is what a report can tell apart.
type Group string

// The groups of a report.
const (
	GroupApp      Group = "app"
	GroupCountry  Group = "country"
	GroupChannel  Group = "channel"
	GroupProvider Group = "provider"
	GroupHour     Group = "hour"
	GroupDay      Group = "day"
)

// ReportQuery asks for sums.
type ReportQuery struct {
	App      string // empty: all
	Country  string
	Channel  providers.Channel
	Provider string
	From     time.Time // whole hours; inclusive
	Until    time.Time // exclusive
	By       []Group   // empty: one row for all
	Now      time.Time
}

// Row is one line of a report. Of the cell only what the query groups by is set; Hour is the beginning of the hour or
// day.
type Row struct {
	Cell
	Counts
}

// Fold sums entries up by groups, in the order of the groups.
func Fold(entries []Entry, by []Group) []Row {
	sums := map[Cell]*Counts{}
	for _, e := range entries {
		cell := e.only(by)
		if sums[cell] == nil {
			sums[cell] = &Counts{}
		}
		sums[cell].Add(e.Counts, 1)
	}
	rows := make([]Row, 0, len(sums))
	for cell, counts := range sums {
		if !counts.empty() {
			rows = append(rows, Row{cell, *counts})
		}
	}
	slices.SortFunc(rows, func(a, b Row) int {
		for _, group := range by {
			if c := a.compare(b.Cell, group); c != 0 {
				return c
			}
		}
		return 0
	})
	return rows
}

// only is c without what is not grouped by.
func (c Cell) only(by []Group) Cell {
	var kept Cell
	for _, group := range by {
		switch group {
		case GroupApp:
			kept.App = c.App
		case GroupCountry:
			kept.Country = c.Country
		case GroupChannel:
			kept.Channel = c.Channel
		case GroupProvider:
			kept.Provider = c.Provider
		case GroupHour:
			kept.Hour = c.Hour
		case GroupDay:
			if !slices.Contains(by, GroupHour) {
				kept.Hour = c.Hour.Truncate(day)
			}
		}
	}
	return kept
}

func (c Cell) compare(other Cell, group Group) int {
	switch group {
	case GroupApp:
		return cmp.Compare(c.App, other.App)
	case GroupCountry:
		return cmp.Compare(c.Country, other.Country)
	case GroupChannel:
		return cmp.Compare(c.Channel, other.Channel)
	case GroupProvider:
		return cmp.Compare(c.Provider, other.Provider)
	default:
		return c.Hour.Compare(other.Hour)
	}
}

// empty tells that everything that was added was taken away again.
func (c Counts) empty() bool {
	return c.Sends == 0 && c.Deliveries == 0
}
