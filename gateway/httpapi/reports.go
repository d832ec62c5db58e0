package httpapi

import (
	"net/http"
	"slices"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// counts are what a report counts, member for member in the order of the contract.
type counts struct {
	Sends           int64              `json:"sends"`
	Verified        int64              `json:"verified"`
	Expired         int64              `json:"expired"`
	Failed          int64              `json:"failed"`
	Canceled        int64              `json:"canceled"`
	Resends         int64              `json:"resends"`
	Checks          int64              `json:"checks"`
	Deliveries      int64              `json:"deliveries"`
	Taken           int64              `json:"taken"`
	Delivered       int64              `json:"delivered"`
	Undelivered     int64              `json:"undelivered"`
	Failovers       int64              `json:"failovers"`
	Conversion      float64            `json:"conversion"`
	P50             *float64           `json:"p50_seconds,omitempty"` // nil: none was verified
	P95             *float64           `json:"p95_seconds,omitempty"`
	Costs           map[string]float64 `json:"costs"`
	CostPerVerified map[string]float64 `json:"cost_per_verified"`
}

func newCounts(c otp.Counts) counts {
	out := counts{
		Sends: c.Sends, Verified: c.Verified, Expired: c.Expired, Failed: c.Failed, Canceled: c.Canceled,
		Resends: c.Resends, Checks: c.Checks, Deliveries: c.Deliveries, Taken: c.Taken, Delivered: c.Delivered,
		Undelivered: c.Undelivered, Failovers: c.Failovers, Conversion: c.Conversion(),
		Costs: map[string]float64{}, CostPerVerified: map[string]float64{},
	}
	if len(c.Times) > 0 {
		p50, p95 := c.TimeToVerify(0.5).Seconds(), c.TimeToVerify(0.95).Seconds()
		out.P50, out.P95 = &p50, &p95
	}
	for currency, micros := range c.Costs {
		out.Costs[currency] = amount(micros)
		if c.Verified > 0 {
			out.CostPerVerified[currency] = amount(micros / c.Verified)
		}
	}
	return out
}

// amount is millionths as a number of the currency.
func amount(micros int64) float64 { return float64(micros) / 1e6 }

// reportRow is a line of a report: what it is grouped by, and its counts. A group that is asked for stands there though
// it be empty, as the provider of what nobody took is.
type reportRow struct {
	App      *string            `json:"app,omitzero"`
	Country  *string            `json:"country,omitzero"`
	Channel  *providers.Channel `json:"channel,omitzero"`
	Provider *string            `json:"provider,omitzero"`
	Hour     string             `json:"hour,omitzero"`
	Day      string             `json:"day,omitzero"`
	counts
}

func newReportRow(row otp.Row, by []otp.Group) reportRow {
	out := reportRow{counts: newCounts(row.Counts)}
	for _, group := range by {
		switch group {
		case otp.GroupApp:
			out.App = &row.App
		case otp.GroupCountry:
			out.Country = &row.Country
		case otp.GroupChannel:
			out.Channel = &row.Channel
		case otp.GroupProvider:
			out.Provider = &row.Provider
		case otp.GroupHour:
			out.Hour = timestamp(row.Hour)
		case otp.GroupDay:
			out.Day = row.Hour.UTC().Format(time.DateOnly)
		}
	}
	return out
}

type report struct {
	From  string      `json:"from"`
	Until string      `json:"until"`
	Items []reportRow `json:"items"`
}

func (r *call) reports() (otp.Answer, error) {
	query, err := r.query("from", "until", "group_by", "country", "channel", "provider", "format")
	if err != nil {
		return otp.Answer{}, err
	}
	fields := blank(query)
	format, given := query["format"]
	if given && format != "" && !slices.Contains([]string{"json", "csv"}, format) {
		fields = append(fields, otp.Field{Field: "format", Message: "there is no such format; use json or csv"})
	}
	if len(fields) > 0 {
		return otp.Answer{}, invalid(fields...)
	}
	sums, err := r.snapshot.OTP.Reports(r.ctx, r.caller.App, otp.ReportsInput{
		From: query["from"], Until: query["until"], GroupBy: query["group_by"],
		Country: query["country"], Channel: query["channel"], Provider: query["provider"],
	})
	if err != nil {
		return otp.Answer{}, err
	}
	if format == "csv" {
		return r.sheet(sums), nil
	}
	out := report{From: timestamp(sums.From), Until: timestamp(sums.Until), Items: make([]reportRow, len(sums.Rows))}
	for i, row := range sums.Rows {
		out.Items[i] = newReportRow(row, sums.By)
	}
	return answer(http.StatusOK, out), nil
}

type analysis struct {
	From  string      `json:"from"`
	Until string      `json:"until"`
	Total counts      `json:"total"`
	Days  []reportRow `json:"days"`
}

func (r *call) analytics() (otp.Answer, error) {
	query, err := r.query("days")
	if err != nil {
		return otp.Answer{}, err
	}
	if fields := blank(query); len(fields) > 0 {
		return otp.Answer{}, invalid(fields...)
	}
	a, err := r.snapshot.OTP.Analytics(r.ctx, r.caller.App, query["days"])
	if err != nil {
		return otp.Answer{}, err
	}
	out := analysis{
		From: timestamp(a.From), Until: timestamp(a.Until), Total: newCounts(a.Total), Days: make([]reportRow, len(a.Days)),
	}
	for i, row := range a.Days {
		out.Days[i] = newReportRow(row, []otp.Group{otp.GroupDay})
	}
	return answer(http.StatusOK, out), nil
}
