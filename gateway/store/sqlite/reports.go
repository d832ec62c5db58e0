package sqlite

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

const (
	// Of verifications that share an upstream's id, the newest.
	selectReference = `SELECT reference FROM upstreams WHERE provider = ? AND upstream_id = ?
		ORDER BY reference DESC LIMIT 1`

	selectParked = `SELECT id, state, reason, at FROM parked
		WHERE provider = ? AND upstream_id = ? AND kept_until > ? ORDER BY id`
	insertParked = `INSERT INTO parked (provider, upstream_id, state, reason, at, kept_until) VALUES (?, ?, ?, ?, ?, ?)`
	deleteParked = `DELETE FROM parked WHERE id = ?`
	boundParked  = `DELETE FROM parked WHERE id <= (SELECT max(id) FROM parked) - ?`
	sweepParked  = `DELETE FROM parked WHERE id IN (SELECT id FROM parked WHERE kept_until <= ? LIMIT ?)`
	anyParked    = `SELECT count(*) FROM (SELECT 1 FROM parked LIMIT 1)`
)

// Report implements [otp.Store].
func (s *Store) Report(ctx context.Context, r otp.Reporting) error {
	_, err := write(ctx, s.writer, func(t tx) (struct{}, error) { return struct{}{}, t.report(r) })
	return err
}

// report notes what fits a delivery, and parks the rest.
func (t tx) report(r otp.Reporting) error {
	loaded, news := map[otp.Reference]*stored{}, map[otp.Reference]*stored{}
	var strange []providers.Report
	for _, one := range r.Reports {
		ref, err := t.reference(r.Provider, one.UpstreamID)
		if err != nil {
			return err
		}
		if ref == "" {
			strange = append(strange, one)
			continue
		}
		if loaded[ref] == nil {
			if loaded[ref], err = t.load(ref); t.err != nil {
				return err
			}
		}
		if v := loaded[ref]; v != nil && v.Report(r.Provider, one, r.Now) { // nil: it is damaged, of which the sweep tells
			news[ref] = v
		}
	}
	for _, v := range news {
		if err := t.save(v, r.Now); err != nil {
			return err
		}
	}
	return t.park(r, strange)
}

// reference is that of the newest verification with a delivery that provider calls id; empty: there is none.
func (t tx) reference(provider, id string) (otp.Reference, error) {
	var row [1]any
	_, err := t.row(row[:], selectReference, provider, id)
	ref, _ := row[0].(string)
	return otp.Reference(ref), err
}

// park keeps reports for deliveries that may come yet.
func (t tx) park(r otp.Reporting, reports []providers.Report) error {
	until := r.Now.Add(r.Keep).UnixMilli()
	for _, one := range reports {
		var at int64
		if !one.At.IsZero() {
			at = one.At.UnixMilli()
		}
		if _, err := t.exec(insertParked, r.Provider, one.UpstreamID, string(one.State), one.Reason, at, until); err != nil {
			return err
		}
	}
	if len(reports) == 0 {
		return nil
	}
	t.noneParked = false
	_, err := t.exec(boundParked, int64(otp.MaxParked))
	return err
}

// parked is a report that waits for its delivery.
type parked struct {
	id       int64
	provider string
	providers.Report
}

// waiting are the reports that were parked for deliveries.
func (t tx) waiting(deliveries []otp.Delivery, now time.Time) ([]parked, error) {
	var all []parked
	for _, d := range deliveries {
		if d.Handle.UpstreamID == "" || t.noneParked {
			continue
		}
		var row [4]any
		args := []any{d.Provider, d.Handle.UpstreamID, now.UnixMilli()}
		err := t.rows(row[:], selectParked, args, func() bool {
			p := parked{provider: d.Provider, Report: providers.Report{UpstreamID: d.Handle.UpstreamID}}
			p.id, _ = row[0].(int64)
			state, _ := row[1].(string)
			p.State = providers.DeliveryState(state)
			p.Reason, _ = row[2].(string)
			if at, _ := row[3].(int64); at != 0 {
				p.At = time.UnixMilli(at).UTC()
			}
			all = append(all, p)
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// unpark forgets reports that met their deliveries.
func (t tx) unpark(met []parked) error {
	for _, p := range met {
		if _, err := t.exec(deleteParked, p.id); err != nil {
			return err
		}
	}
	return nil
}

func purgeParked(t tx, now time.Time) (bool, error) {
	n, err := t.exec(sweepParked, now.UnixMilli(), int64(sweepBatch))
	if err != nil {
		return false, err
	}
	left, err := t.number(anyParked)
	t.noneParked = err == nil && left == 0
	return n == sweepBatch, err
}
