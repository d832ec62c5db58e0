package history

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// Report implements [otp.History].
func (h *History) Report(ctx context.Context, q otp.ReportQuery) ([]otp.Row, error) {
	apps, err := h.named(ctx, q.App)
	if err != nil {
		return nil, err
	}
	var entries []otp.Entry
	for _, app := range apps {
		sums, err := h.sums(ctx, app, q.From, q.Until)
		if err != nil {
			return nil, err
		}
		entries = append(entries, sums...)
	}
	overdue, err := h.overdue(ctx, q)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(append(entries, overdue...), func(e otp.Entry) bool {
		return q.Country != "" && e.Country != q.Country || q.Channel != "" && e.Channel != q.Channel ||
			q.Provider != "" && e.Provider != q.Provider
	})
	return otp.Fold(entries, q.By), nil
}

// named is the app of a question, or all of them.
func (h *History) named(ctx context.Context, app string) ([]string, error) {
	if app != "" {
		return []string{app}, nil
	}
	all, err := h.Client.SMembers(ctx, h.apps()).Result()
	slices.Sort(all)
	return all, err
}

// hoursAtOnce bounds what one pipeline asks for.
const hoursAtOnce = 200

func (h *History) sums(ctx context.Context, app string, from, until time.Time) ([]otp.Entry, error) {
	span := &redis.ZRangeBy{Min: "-inf", Max: "+inf"}
	if !from.IsZero() {
		span.Min = strconv.FormatInt(hourOf(from).Unix(), 10)
	}
	if !until.IsZero() {
		span.Max = "(" + strconv.FormatInt(until.Unix(), 10)
	}
	hours, err := h.Client.ZRangeByScore(ctx, h.hours(app), span).Result()
	if err != nil {
		return nil, err
	}
	var entries []otp.Entry
	for some := range slices.Chunk(hours, hoursAtOnce) {
		more, err := h.sumsOf(ctx, app, some)
		if err != nil {
			return nil, err
		}
		entries = append(entries, more...)
	}
	return entries, nil
}

func (h *History) sumsOf(ctx context.Context, app string, hours []string) ([]otp.Entry, error) {
	replies := make([]*redis.MapStringStringCmd, len(hours))
	_, err := h.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, hour := range hours {
			replies[i] = p.HGetAll(ctx, h.hour(app, hour))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var entries []otp.Entry
	for i, reply := range replies {
		seconds, err := strconv.ParseInt(hours[i], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no hour: %w", hours[i], err)
		}
		of, err := entriesOf(otp.Cell{Hour: time.Unix(seconds, 0).UTC(), App: app}, reply.Val())
		if err != nil {
			return nil, err
		}
		entries = append(entries, of...)
	}
	return entries, nil
}

// entriesOf reads the sums of an hour.
func entriesOf(cell otp.Cell, sums map[string]string) ([]otp.Entry, error) {
	cells := map[otp.Cell]*otp.Counts{}
	for field, text := range sums {
		parts := strings.Split(field, separator)
		n, err := strconv.ParseInt(text, 10, 64)
		if len(parts) != 4 || err != nil {
			return nil, fmt.Errorf("a stored sum is damaged: %q is %q", field, text)
		}
		cell.Country, cell.Channel, cell.Provider = parts[0], providers.Channel(parts[1]), parts[2]
		if cells[cell] == nil {
			cells[cell] = &otp.Counts{}
		}
		if err := set(cells[cell], parts[3], n); err != nil {
			return nil, err
		}
	}
	entries := make([]otp.Entry, 0, len(cells))
	for cell, counts := range cells {
		entries = append(entries, otp.Entry{Cell: cell, Counts: *counts})
	}
	return entries, nil
}

// overdue is what changes in the sums because verifications ran out that are still counted as pending.
func (h *History) overdue(ctx context.Context, q otp.ReportQuery) ([]otp.Entry, error) {
	late, err := h.Source.Overdue(ctx, q.Now)
	if err != nil {
		return nil, err
	}
	var entries []otp.Entry
	for _, v := range late {
		hour := hourOf(v.CreatedAt)
		if q.App != "" && v.App != q.App || hour.Before(hourOf(q.From)) || !q.Until.IsZero() && !hour.Before(q.Until) {
			continue
		}
		entries = append(entries, otp.Account(v.At(q.Now))...)
		for _, e := range otp.Account(v) {
			var away otp.Counts
			away.Add(e.Counts, -1)
			entries = append(entries, otp.Entry{Cell: e.Cell, Counts: away})
		}
	}
	return entries, nil
}
