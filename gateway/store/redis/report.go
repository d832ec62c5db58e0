package redis

import (
	"context"
	"slices"
	"strings"
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
	var notes []*noted
	var parked []any
	for i, one := range r.Reports {
		told := lookups[i].reply()
		if told.word == "parked" {
			parked = append(parked, s.keys.upstream(r.Provider, one.UpstreamID))
			continue
		}
		notes = note(notes, otp.Reference(text(told.at(0))), r.Provider, one, r.Now)
	}
	if err := s.boundParked(ctx, parked, r.Keep); err != nil {
		return err
	}
	return s.noteAll(ctx, notes)
}

func (s *Store) lookup(ctx context.Context, r otp.Reporting, one providers.Report) (*command, error) {
	p := parkedReport{State: one.State, Reason: one.Reason, Until: r.Now.Add(r.Keep).UnixMilli()}
	if !one.At.IsZero() {
		p.At = one.At.UnixMilli()
	}
	item, err := json.Marshal(p)
	key := s.keys.upstream(r.Provider, one.UpstreamID)
	return newCommand(ctx, "lookup", s.scripts.lookup, []string{key}, string(item)+"\n", max(1, r.Keep.Milliseconds())), err
}

// noted is a change that notes reports about the deliveries of one verification.
type noted struct {
	change
	early bool // the record does not have one of the deliveries yet
}

// note adds a report to the changes: all those of one verification are one change.
func note(notes []*noted, ref otp.Reference, provider string, r providers.Report, now time.Time) []*noted {
	at := slices.IndexFunc(notes, func(n *noted) bool { return n.ref == ref })
	if at < 0 {
		at = len(notes)
		none := func(*otp.Verification) (bool, error) { return false, nil }
		notes = append(notes, &noted{change: change{name: "report", ref: ref, now: now, rule: none}})
	}
	n := notes[at]
	before := n.rule
	n.rule = func(v *otp.Verification) (bool, error) {
		earlier, err := before(v)
		if !slices.Contains(linked(v.Deliveries), upstream{provider, r.UpstreamID}) {
			n.early = true
		}
		return v.Report(provider, r, now) || earlier, err
	}
	return notes
}

// again is how long a report waits whose delivery is on its way to its record this very moment.
const again = 20 * time.Millisecond

// noteAll makes the changes. The id of a delivery may be known a moment before its record has it, as they stand in
// different slots: such a report is noted a little later. A report about a verification that is gone has no effect.
func (s *Store) noteAll(ctx context.Context, notes []*noted) error {
	for try := 0; len(notes) > 0; try++ {
		changes := make([]*change, len(notes))
		for i, n := range notes {
			n.early = false
			changes[i] = &n.change
		}
		if err := s.make(ctx, changes); err != nil {
			return err
		}
		for _, c := range changes {
			if c.refused != nil && !isNotFound(c.refused) {
				return c.refused
			}
		}
		notes = slices.DeleteFunc(notes, func(n *noted) bool { return !n.early })
		if len(notes) == 0 || try > 0 {
			return nil
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// boundParked forgets the oldest reports when too many are parked. where are the keys of those that came just now.
func (s *Store) boundParked(ctx context.Context, where []any, keep time.Duration) error {
	if len(where) == 0 {
		return nil
	}
	args := append([]any{otp.MaxParked, max(1, keep.Milliseconds())}, where...)
	c := newCommand(ctx, "park", s.scripts.park, []string{s.keys.parked()}, args...)
	if err := s.run(ctx, c); err != nil {
		return err
	}
	surplus := c.reply().list(0)
	if len(surplus) == 0 {
		return nil
	}
	calls := make([]*command, len(surplus))
	for i, key := range surplus {
		calls[i] = newCommand(ctx, "unpark", s.scripts.unpark, []string{text(key)})
	}
	return s.run(ctx, calls...)
}

// isParked tells parked reports from a reference.
func isParked(text string) bool { return strings.HasPrefix(text, "{") }

// meetParked notes reports that came before their deliveries, and returns the verification after it. What links found is
// parked no more.
func (s *Store) meetParked(
	ctx context.Context, d otp.Dispatch, made *change, links []*command,
) (otp.Verification, error) {
	var notes []*noted
	for i, u := range linked(d.Deliveries) {
		before := text(links[i].Val())
		if !isParked(before) {
			continue
		}
		for item := range strings.Lines(before) {
			report, due, err := parkedOf(item, u.id, d.Now)
			if err != nil {
				return otp.Verification{}, err
			}
			if due {
				notes = note(notes, d.Reference, u.provider, report, d.Now)
			}
		}
	}
	if len(notes) == 0 {
		return *made.is, nil
	}
	s.remember(made.next)
	if err := s.make(ctx, []*change{&notes[0].change}); err != nil {
		return otp.Verification{}, err
	}
	if notes[0].refused != nil {
		return otp.Verification{}, notes[0].refused
	}
	return *notes[0].is, nil
}

// parkedOf reads a report that was parked, and tells whether it still counts.
func parkedOf(item, upstreamID string, now time.Time) (r providers.Report, counts bool, err error) {
	var p parkedReport
	if err := json.Unmarshal([]byte(item), &p); err != nil {
		return r, false, err
	}
	r = providers.Report{UpstreamID: upstreamID, State: p.State, Reason: p.Reason}
	if p.At != 0 {
		r.At = time.UnixMilli(p.At).UTC()
	}
	return r, now.UnixMilli() < p.Until, nil
}
