package console_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// fakeHistory answers from verifications that it holds in memory, the newest first.
type fakeHistory struct {
	all     []otp.Verification
	entries []otp.Entry
	fails   error
}

func (h *fakeHistory) List(_ context.Context, q otp.Query) (otp.Page[otp.Verification], error) {
	var found []otp.Verification
	for _, v := range h.all {
		if (q.To == "" || v.To.Address() == q.To) && (q.Status == "" || v.Status == q.Status) && (q.App == "" || v.App == q.App) {
			found = append(found, v)
		}
	}
	if q.Cursor != "" {
		found = found[q.Limit:]
	}
	page := otp.Page[otp.Verification]{Items: found}
	if len(found) > q.Limit {
		page = otp.Page[otp.Verification]{Items: found[:q.Limit], Next: "more"}
	}
	return page, h.fails
}

func (h *fakeHistory) Events(_ context.Context, q otp.Query) (otp.Page[otp.Event], error) {
	var page otp.Page[otp.Event]
	for _, v := range h.all {
		if v.Reference == q.Reference {
			page.Items = otp.Changes(otp.Verification{}, v, noon())
		}
	}
	slices.SortStableFunc(page.Items, func(a, b otp.Event) int { return a.At.Compare(b.At) })
	slices.Reverse(page.Items)
	return page, h.fails
}

func (h *fakeHistory) Report(_ context.Context, q otp.ReportQuery) ([]otp.Row, error) {
	rows := map[otp.Cell]*otp.Counts{}
	for _, e := range h.entries {
		if e.Hour.Before(q.From) || !e.Hour.Before(q.Until) {
			continue
		}
		cell := only(e.Cell, q.By)
		if rows[cell] == nil {
			rows[cell] = new(otp.Counts)
		}
		rows[cell].Add(e.Counts, 1)
	}
	all := make([]otp.Row, 0, len(rows))
	for cell, counts := range rows {
		all = append(all, otp.Row{Cell: cell, Counts: *counts})
	}
	return all, h.fails
}

// only is the cell with what the groups name.
func only(c otp.Cell, by []otp.Group) otp.Cell {
	var out otp.Cell
	for _, group := range by {
		switch group {
		case otp.GroupApp:
			out.App = c.App
		case otp.GroupCountry:
			out.Country = c.Country
		case otp.GroupChannel:
			out.Channel = c.Channel
		case otp.GroupProvider:
			out.Provider = c.Provider
		case otp.GroupHour:
			out.Hour = c.Hour
		case otp.GroupDay:
			out.Hour = c.Hour.Truncate(24 * time.Hour)
		}
	}
	return out
}

// chance is the same in every test.
func chance() *rand.Rand { return rand.New(rand.NewPCG(7, 7)) }

// month is made once: it is large, and never changed.
var month = sync.OnceValue(busy)

// busy is the history of a gateway with two months of traffic, more by day than by night.
func busy() *fakeHistory {
	chance := chance()
	h := &fakeHistory{}
	for at := noon(); at.After(noon().Add(-61 * 24 * time.Hour)); {
		h.add(verification(chance, at))
		quiet := 1.0
		if hour := at.Hour(); hour < 6 || hour > 21 {
			quiet = 5
		}
		at = at.Add(-time.Duration(quiet * (1 + chance.Float64()) * float64(150*time.Second)))
	}
	return h
}

func (h *fakeHistory) add(v otp.Verification) {
	h.all = append(h.all, v)
	h.entries = append(h.entries, otp.Account(v)...)
}

func verification(chance *rand.Rand, at time.Time) otp.Verification {
	to := []providers.Recipient{
		providers.NewPhone(ghanaian, "GH", "0201234567"), providers.NewPhone("+233551234567", "GH", "0551234567"),
		providers.NewPhone("+2348031234567", "NG", "08031234567"), providers.NewEmail("ama.mensah@example.com"),
	}[chance.IntN(4)]
	v := otp.Verification{
		Reference: otp.NewReference(at, to), App: []string{"shop", "shop", "bank"}[chance.IntN(3)], To: to, Channel: providers.SMS,
		Status: otp.StatusVerified, CreatedAt: at, ExpiresAt: at.Add(5 * time.Minute), MaxAttempts: 3, MaxResends: 3, Purpose: "login",
	}
	names := []string{"hubtel-gh", "zend", "inhouse"}[chance.IntN(2):]
	if to.IsEmail() {
		v.Channel, names = providers.Email, []string{"inhouse"}
	}
	if chance.Float64() < 0.15 && len(names) > 1 {
		v.Deliveries = append(v.Deliveries, delivery(v, names[0], at, otp.DeliveryFailed))
		names = names[1:]
	}
	v.Deliveries = append(v.Deliveries, delivery(v, names[0], at.Add(700*time.Millisecond), otp.DeliverySent))
	v.EndedAt = at.Add(time.Duration(8+chance.ExpFloat64()*20) * time.Second)
	switch r := chance.Float64(); {
	case r < 0.1 || v.EndedAt.After(noon()):
		v.Status, v.EndedAt = otp.StatusExpired, v.ExpiresAt
		if v.ExpiresAt.After(noon()) {
			v.Status, v.EndedAt = otp.StatusPending, time.Time{}
		}
	default:
		v.Attempts = 1
		v.Checks = []otp.Check{check(v.EndedAt, otp.OutcomeRight, names[0])}
	}
	return v
}

func delivery(v otp.Verification, provider string, at time.Time, status otp.DeliveryStatus) otp.Delivery {
	d := otp.Delivery{
		ID: provider, Provider: provider, Channel: v.Channel, To: v.To, Status: status, At: at, Took: 640 * time.Millisecond,
		Rule: "ghana-sms", Place: len(v.Deliveries) + 1,
		Handle: providers.Handle{UpstreamID: "up-7d1f20", State: []byte("secret state")},
		Cost:   otp.Cost{Micros: 35_000, Currency: "USD"},
	}
	if status == otp.DeliveryFailed {
		d.Class, d.Code, d.Reason, d.Cost = "transient", "503", "provider_error", otp.Cost{}
	}
	return d
}

func check(at time.Time, outcome otp.Outcome, judge string) otp.Check {
	return otp.Check{ID: "c", At: at, Outcome: outcome, Counted: true, Provider: judge, IP: "203.0.113.7"}
}

// attacked is a verification whose app and upstream wrote what they should not.
func attacked() otp.Verification {
	to := providers.NewPhone(ghanaian, "GH", "0201234567")
	v := verification(chance(), noon().Add(-time.Minute))
	v.Reference, v.To, v.App = "01kk9d5cj9ffffffffffffff00", to, "shop"
	v.Status, v.EndedAt = otp.StatusPending, time.Time{}
	v.Sender, v.Message, v.Purpose, v.Locale = hostile, hostile+" {code}", hostile, hostile
	v.Metadata = map[string]string{hostile: hostile, "order": "A-1009"}
	v.Deliveries = nil // so that the places of the new ones begin with 1
	v.Deliveries = []otp.Delivery{
		delivery(v, "hubtel-gh", v.CreatedAt, otp.DeliveryFailed),
		delivery(v, "zend", v.CreatedAt.Add(time.Second), otp.DeliveryUnknown),
		delivery(v, "inhouse", v.CreatedAt.Add(6*time.Second), otp.DeliverySent),
	}
	v.Deliveries[1].Place, v.Deliveries[2].Place = 2, 3
	v.Deliveries[0].Code, v.Deliveries[0].Reason, v.Deliveries[0].Handle.UpstreamID = hostile, hostile, hostile
	v.Checks = []otp.Check{check(v.CreatedAt.Add(20*time.Second), otp.OutcomeWrong, "inhouse")}
	v.Attempts = 1
	return v
}
