package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// span is a time that the overview can show, in steps.
type span struct {
	name  string
	step  time.Duration
	steps int
	by    otp.Group // that parts the time
}

const day = 24 * time.Hour

func spanNamed(name string) (span, error) {
	switch name {
	case "", "24h":
		return span{"24h", time.Hour, 24, otp.GroupHour}, nil
	case "7d":
		return span{name, day, 7, otp.GroupDay}, nil
	case "30d":
		return span{name, day, 30, otp.GroupDay}, nil
	}
	return span{}, mistake("range", "there is no such range; choose 24h, 7d or 30d")
}

func groupNamed(name string) (otp.Group, error) {
	switch group := otp.Group(cmp.Or(name, string(otp.GroupProvider))); group {
	case otp.GroupProvider, otp.GroupCountry, otp.GroupChannel, otp.GroupApp:
		return group, nil
	default:
		return "", mistake("by", "there is no such group; choose provider, country, channel or app")
	}
}

// overviewView is the first page: a span of time, the one before it for comparison, and what two days cost.
type overviewView struct {
	Range     string           `json:"range"`
	By        otp.Group        `json:"by"`
	Step      otp.Group        `json:"step"`
	Times     []time.Time      `json:"times"` // where each step begins; the last one is under way
	All       seriesView       `json:"all"`
	Groups    []seriesView     `json:"groups"` // the largest first
	Before    sums             `json:"before"`
	Today     map[string]int64 `json:"today"` // costs in millionths, by currency; days are those of UTC
	Yesterday map[string]int64 `json:"yesterday"`
}

// seriesView is a group over time.
type seriesView struct {
	Name  string `json:"name"`
	Total sums   `json:"total"`
	Steps []sums `json:"steps"`
}

// sums are counts as they are shown.
type sums struct {
	Sends      int64            `json:"sends"`
	Verified   int64            `json:"verified"`
	Conversion *float64         `json:"conversion"` // nil: there were no sends
	P50        *int64           `json:"p50_ms"`     // time to verify; nil: nobody was verified
	P95        *int64           `json:"p95_ms"`
	Tries      int64            `json:"tries"`
	Failovers  int64            `json:"failovers"`
	Costs      map[string]int64 `json:"costs"`
}

func newSums(c otp.Counts) sums {
	s := sums{Sends: c.Sends, Verified: c.Verified, Tries: c.Deliveries, Failovers: c.Failovers, Costs: c.Costs}
	if c.Sends > 0 {
		s.Conversion = new(c.Conversion())
	}
	if c.Verified > 0 {
		s.P50, s.P95 = new(c.TimeToVerify(0.50).Milliseconds()), new(c.TimeToVerify(0.95).Milliseconds())
	}
	return s
}

func (c *Console) overview(r *http.Request) (any, error) {
	query := r.URL.Query()
	span, err := spanNamed(query.Get("range"))
	if err != nil {
		return nil, err
	}
	by, err := groupNamed(query.Get("by"))
	if err != nil {
		return nil, err
	}
	ctx, now := r.Context(), c.Now().UTC()
	until := now.Truncate(span.step).Add(span.step)
	from := until.Add(-span.step * time.Duration(span.steps))
	rows, err := c.History.Report(ctx, otp.ReportQuery{From: from, Until: until, By: []otp.Group{by, span.by}, Now: now})
	if err != nil {
		return nil, err
	}
	view := newOverview(span, by, from, rows)
	before, err := c.sum(ctx, from.Add(from.Sub(until)), from, now)
	if err != nil {
		return nil, err
	}
	view.Before = newSums(before)
	midnight := now.Truncate(day)
	today, err := c.sum(ctx, midnight, midnight.Add(day), now)
	if err != nil {
		return nil, err
	}
	yesterday, err := c.sum(ctx, midnight.Add(-day), midnight, now)
	view.Today, view.Yesterday = today.Costs, yesterday.Costs
	return view, err
}

func (c *Console) sum(ctx context.Context, from, until, now time.Time) (otp.Counts, error) {
	var sum otp.Counts
	rows, err := c.History.Report(ctx, otp.ReportQuery{From: from, Until: until, Now: now})
	for _, row := range rows {
		sum.Add(row.Counts, 1)
	}
	return sum, err
}

func newOverview(span span, by otp.Group, from time.Time, rows []otp.Row) overviewView {
	all := make([]otp.Counts, span.steps)
	groups := map[string][]otp.Counts{}
	for _, row := range rows {
		at := int(row.Hour.Sub(from) / span.step)
		if at < 0 || at >= span.steps {
			continue
		}
		name := nameOf(row.Cell, by)
		if groups[name] == nil {
			groups[name] = make([]otp.Counts, span.steps)
		}
		groups[name][at].Add(row.Counts, 1)
		all[at].Add(row.Counts, 1)
	}
	view := overviewView{Range: span.name, By: by, Step: span.by, All: newSeries("all", all)}
	for i := range span.steps {
		view.Times = append(view.Times, from.Add(span.step*time.Duration(i)))
	}
	view.Groups = largest(groups)
	return view
}

func newSeries(name string, steps []otp.Counts) seriesView {
	s := seriesView{Name: name, Steps: make([]sums, len(steps))}
	var total otp.Counts
	for i, counts := range steps {
		s.Steps[i] = newSums(counts)
		total.Add(counts, 1)
	}
	s.Total = newSums(total)
	return s
}

// maxGroups is how many groups a plot can tell apart; what is smaller is shown as one.
const maxGroups = 7

func largest(groups map[string][]otp.Counts) []seriesView {
	all := make([]seriesView, 0, len(groups))
	for name, steps := range groups {
		all = append(all, newSeries(name, steps))
	}
	slices.SortFunc(all, func(a, b seriesView) int {
		return cmp.Or(cmp.Compare(b.Total.Sends, a.Total.Sends), cmp.Compare(b.Total.Tries, a.Total.Tries),
			cmp.Compare(a.Name, b.Name))
	})
	if len(all) <= maxGroups {
		return all
	}
	var rest []otp.Counts
	for _, small := range all[maxGroups-1:] {
		for i, counts := range groups[small.Name] {
			if rest == nil {
				rest = make([]otp.Counts, len(small.Steps))
			}
			rest[i].Add(counts, 1)
		}
	}
	return append(all[:maxGroups-1], newSeries("others", rest))
}

// nameOf is the group that a cell belongs to. What has none is named by what that means.
func nameOf(cell otp.Cell, by otp.Group) string {
	switch by {
	case otp.GroupCountry:
		return cmp.Or(cell.Country, "e-mail")
	case otp.GroupChannel:
		return string(cell.Channel)
	case otp.GroupApp:
		return cell.App
	default:
		return cmp.Or(cell.Provider, "taken by nobody")
	}
}
