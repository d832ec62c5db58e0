package redis

import (
	"context"
	"time"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// parkedReport is a report that waits for its delivery.
type parkedReport struct {
	State  providers.DeliveryState `json:"state"`
	Reason string                  `json:"reason,omitempty"`
	At     int64                   `json:"at,omitempty"` // Unix milliseconds, by the upstream's clock
	Until  int64                   `json:"until"`
}

// Report implements [otp.Store]. Each report first finds its verification by the upstream's id, or is parked under
// that; then it is noted. The two stand in different slots: a gateway that dies between them loses the report, which
// decides about no outcome.
func (s *Store) Report(ctx context.Context, r otp.Reporting) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if len(r.Reports) == 0 {
		return nil
	}
	lookups := make([]*command, len(r.Reports))
	for i, one := range r.Reports {
		var err error
		if lookups[i], err = s.lookup(ctx, r, one); err != nil {
			return err
		}
	}
	if err := s.run(ctx, lookups...); err != nil {
		return err
	}
	var notes []*command
	var parked []any
	for i, one := range r.Reports {
		told := lookups[i].reply()
		if told.word == "parked" {
			parked = append(parked, lookups[i].keys[1])
			continue
		}
		call, err := s.noteReport(ctx, otp.Reference(text(told.at(0))), r.Provider, one, r.Now)
		if err != nil {
			return err
		}
		if call != nil {
			notes = append(notes, call)
		}
	}
	if err := s.boundParked(ctx, parked, r.Keep); err != nil {
		return err
	}
	return s.note(ctx, notes)
}

func (s *Store) lookup(ctx context.Context, r otp.Reporting, one providers.Report) (*command, error) {
	p := parkedReport{State: one.State, Reason: one.Reason, Until: r.Now.Add(r.Keep).UnixMilli()}
	if !one.At.IsZero() {
		p.At = one.At.UnixMilli()
	}
	item, err := json.Marshal(p)
	refs, parked := s.keys.upstream(r.Provider, one.UpstreamID)
	return newCommand(ctx, s.scripts.lookup, []string{refs, parked}, string(item), max(1, r.Keep.Milliseconds())), err
}

// again is how long a report waits whose delivery is on its way to its record this very moment.
const again = 20 * time.Millisecond

// note runs the calls that note reports. The id of a delivery may be known a moment before its record has it, as they
// stand in different slots: such a report is noted a little later.
func (s *Store) note(ctx context.Context, calls []*command) error {
	for try := 0; len(calls) > 0; try++ {
		if err := s.run(ctx, calls...); err != nil {
			return err
		}
		var early []*command
		for _, c := range calls {
			if c.reply().word == "unknown" {
				early = append(early, newCommand(ctx, c.script, c.keys, c.args...))
			}
		}
		if len(early) == 0 || try > 0 {
			return nil
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return ctx.Err()
		}
		calls = early
	}
	return nil
}

// noteReport is the call that notes a report; nil when it tells of no end. What a report makes of a delivery is asked
// of the rules, with a delivery that it is surely news for.
func (s *Store) noteReport(
	ctx context.Context, ref otp.Reference, provider string, r providers.Report, now time.Time,
) (*command, error) {
	probe := otp.Verification{Deliveries: []otp.Delivery{{
		Provider: provider, Status: otp.DeliverySent, Handle: providers.Handle{UpstreamID: r.UpstreamID},
	}}}
	if !probe.Report(provider, r, now) {
		return nil, nil
	}
	p, err := partsOf(probe)
	if err != nil {
		return nil, err
	}
	return s.step(ctx, s.scripts.report, ref, now, nil, provider, r.UpstreamID, string(p.Deliveries)), nil
}

// boundParked forgets the oldest reports when too many are parked. where are the lists of those that came just now.
func (s *Store) boundParked(ctx context.Context, where []any, keep time.Duration) error {
	if len(where) == 0 {
		return nil
	}
	args := append([]any{otp.MaxParked, max(1, keep.Milliseconds())}, where...)
	c := newCommand(ctx, s.scripts.park, []string{s.keys.parked()}, args...)
	if err := s.run(ctx, c); err != nil {
		return err
	}
	surplus := c.reply().list(0)
	if len(surplus) == 0 {
		return nil
	}
	pipe := s.client.Pipeline()
	for _, list := range surplus {
		pipe.LPop(ctx, text(list))
	}
	_, err := pipe.Exec(ctx)
	return ignoreNil(explain(err))
}

// meetParked notes reports that came before their deliveries, and forgets them. The lines are those of the record after
// it; empty when there were none.
func (s *Store) meetParked(ctx context.Context, d otp.Dispatch, links []*command) (string, error) {
	var notes []*command
	pipe := s.client.Pipeline()
	for i, u := range linked(d.Deliveries) {
		waiting := links[i].reply().list(0)
		for _, item := range waiting {
			var p parkedReport
			if err := json.Unmarshal([]byte(text(item)), &p); err != nil {
				return "", err
			}
			if p.Until <= d.Now.UnixMilli() {
				continue
			}
			report := providers.Report{UpstreamID: u.id, State: p.State, Reason: p.Reason}
			if p.At != 0 {
				report.At = time.UnixMilli(p.At).UTC()
			}
			call, err := s.noteReport(ctx, d.Reference, u.provider, report, d.Now)
			if err != nil {
				return "", err
			}
			if call != nil {
				notes = append(notes, call)
			}
		}
		if len(waiting) > 0 {
			pipe.LTrim(ctx, links[i].keys[1], int64(len(waiting)), -1)
		}
	}
	if pipe.Len() == 0 {
		return "", nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return "", explain(err)
	}
	if len(notes) == 0 {
		return "", nil
	}
	if err := s.run(ctx, notes...); err != nil {
		return "", err
	}
	return text(notes[len(notes)-1].reply().at(0)), nil
}
