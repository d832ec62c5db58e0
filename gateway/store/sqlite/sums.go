package sqlite

import (
	"slices"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

const (
	addCell = `INSERT INTO report_cells (app, hour, country, channel, provider, sends, verified, expired, failed, canceled,
			resends, checks, deliveries, taken, delivered, undelivered, failovers)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET sends = sends + excluded.sends, verified = verified + excluded.verified,
			expired = expired + excluded.expired, failed = failed + excluded.failed, canceled = canceled + excluded.canceled,
			resends = resends + excluded.resends, checks = checks + excluded.checks,
			deliveries = deliveries + excluded.deliveries, taken = taken + excluded.taken,
			delivered = delivered + excluded.delivered, undelivered = undelivered + excluded.undelivered,
			failovers = failovers + excluded.failovers`
	addCost = `INSERT INTO report_costs (app, hour, country, channel, provider, currency, n) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET n = n + excluded.n`
	addTime = `INSERT INTO report_times (app, hour, country, channel, provider, slot, n) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET n = n + excluded.n`
)

// sums are what the operations of a group add to the reports. They are written once for the group, in its transaction.
// An operation adds to them only after it has written: so one that is refused adds nothing, and one that fails later
// takes the group and the sums with it.
type sums map[otp.Cell]*otp.Counts

// change counts what a step made of a verification.
func (s sums) change(before, after *otp.Verification) {
	s.add(*before, -1)
	s.add(*after, 1)
}

func (s sums) add(v otp.Verification, times int64) {
	for _, entry := range otp.Account(asStored(v)) {
		s.at(entry.Cell).Add(entry.Counts, times)
	}
}

// at are the counts of a cell.
func (s sums) at(cell otp.Cell) *otp.Counts {
	counts := s[cell]
	if counts == nil {
		counts = new(otp.Counts)
		s[cell] = counts
	}
	return counts
}

// asStored has the times of v as its record tells them, so that what is taken away later is what was added.
func asStored(v otp.Verification) otp.Verification {
	v.CreatedAt, v.EndedAt = v.CreatedAt.Truncate(time.Millisecond), v.EndedAt.Truncate(time.Millisecond)
	return v
}

// flush writes the sums and begins new ones.
func (t tx) flush() error {
	for cell, counts := range t.sums {
		if err := t.addCounts(cell, *counts); err != nil {
			return err
		}
	}
	clear(t.sums)
	return nil
}

func (t tx) addCounts(cell otp.Cell, counts otp.Counts) error {
	at := []any{cell.App, cell.Hour.UnixMilli(), cell.Country, string(cell.Channel), cell.Provider}
	numbers := numbersOf(&counts)
	if slices.ContainsFunc(numbers, func(n *int64) bool { return *n != 0 }) {
		args := at
		for _, n := range numbers {
			args = append(args, *n)
		}
		if _, err := t.exec(addCell, args...); err != nil {
			return err
		}
	}
	for currency, n := range counts.Costs {
		if _, err := t.exec(addCost, slices.Concat(at, []any{currency, n})...); err != nil {
			return err
		}
	}
	for slot, n := range counts.Times {
		if _, err := t.exec(addTime, slices.Concat(at, []any{int64(slot), n})...); err != nil {
			return err
		}
	}
	return nil
}

// numbersOf are the counts in the order of the columns of report_cells.
func numbersOf(c *otp.Counts) []*int64 {
	return []*int64{
		&c.Sends, &c.Verified, &c.Expired, &c.Failed, &c.Canceled, &c.Resends, &c.Checks, &c.Deliveries, &c.Taken,
		&c.Delivered, &c.Undelivered, &c.Failovers,
	}
}
