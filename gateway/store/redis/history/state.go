package history

import (
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// What is told of a verification stands in Redis as one string of lines:
//
//	the version of the record that was last taken in
//	what [otp.Changes] and [otp.Account] look at in it
//	an event, and so on, in their order
//
// The first two lines are its state.

// layout is the version of the second line.
const layout = 3

// seenRecord is the second line.
type seenRecord struct {
	Layout     int            `json:"v"`
	Country    string         `json:"c,omitempty"`
	Channel    string         `json:"m,omitempty"`
	Status     otp.Status     `json:"s"`
	CreatedAt  int64          `json:"t"` // Unix milliseconds, as all times here
	ExpiresAt  int64          `json:"x,omitzero"`
	EndedAt    int64          `json:"e,omitzero"`
	Attempts   int            `json:"a,omitzero"`
	Resends    int            `json:"r,omitzero"`
	Deliveries []seenDelivery `json:"d,omitempty"`
	Checks     []seenCheck    `json:"g,omitempty"`
}

type seenDelivery struct {
	ID       string             `json:"i"`
	Provider string             `json:"p,omitempty"`
	Channel  string             `json:"m,omitempty"`
	Country  string             `json:"c,omitempty"`
	Status   otp.DeliveryStatus `json:"s"`
	Reason   string             `json:"w,omitempty"`
	Place    int                `json:"n,omitzero"`
	Cost     seenCost           `json:"k,omitzero"`
}

type seenCost struct {
	Micros     int64  `json:"n"`
	Currency   string `json:"c"`
	OnDelivery bool   `json:"d,omitzero"`
}

type seenCheck struct {
	ID       string      `json:"i"`
	Outcome  otp.Outcome `json:"o,omitempty"`
	Counted  bool        `json:"y,omitzero"`
	Provider string      `json:"p,omitempty"`
}

// state is a verification as it was last taken in; the zero state: it was not. Of the verification only what seenRecord has is
// there.
type state struct {
	otp.Verification
	line  string // that it begins with, which tells states apart; empty: there is none
	newer bool   // it may be that of a later change
	// What changed since cannot be told, and must not keep others from being told: what was told before has had its time, or
	// the state cannot be read.
	forgotten, damaged bool
}

// lineOf is the first line of the state that a change leads to.
func lineOf(c *Change) string { return c.Version + "\n" }

// encodeState writes down what a change leads to.
func encodeState(c *Change) (string, error) {
	s := seenRecord{
		Layout: layout, Country: c.To.Country(), Channel: string(c.Channel), Status: c.Status,
		CreatedAt: c.CreatedAt.UnixMilli(), ExpiresAt: c.ExpiresAt.UnixMilli(), Attempts: c.Attempts, Resends: c.Resends,
	}
	if !c.EndedAt.IsZero() {
		s.EndedAt = c.EndedAt.UnixMilli()
	}
	for _, d := range c.Deliveries {
		s.Deliveries = append(s.Deliveries, seenDelivery{
			ID: d.ID, Provider: d.Provider, Channel: string(d.Channel), Country: d.To.Country(), Status: d.Status,
			Reason: d.Reason, Place: d.Place, Cost: seenCost(d.Cost),
		})
	}
	for _, g := range c.Checks {
		s.Checks = append(s.Checks, seenCheck{ID: g.ID, Outcome: g.Outcome, Counted: g.Counted, Provider: g.Provider})
	}
	b, err := json.MarshalOf(s)
	return lineOf(c) + string(b) + "\n", err
}

// decodeState reads what encodeState wrote, whatever comes after it.
func decodeState(ref otp.Reference, text string) (*state, error) {
	line, rest, _ := strings.Cut(text, "\n")
	second, _, _ := strings.Cut(rest, "\n")
	s := &state{line: line + "\n"}
	var r seenRecord
	err := json.UnmarshalOf([]byte(second), &r)
	switch {
	case err != nil:
		err = fmt.Errorf("what was last taken in of it is damaged: %w", err)
	case r.Layout != layout:
		err = fmt.Errorf("what was last taken in of it has layout %d; this gateway reads layout %d", r.Layout, layout)
	default:
		s.Verification = r.verification(ref)
	}
	s.damaged = err != nil
	return s, err
}

// eventsOf are the events behind a state.
func eventsOf(text string) []string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return lines[min(2, len(lines)):]
}

func (r *seenRecord) verification(ref otp.Reference) otp.Verification {
	v := otp.Verification{
		Reference: ref, To: providers.NewPhone("", r.Country, ""), Channel: providers.Channel(r.Channel), Status: r.Status,
		CreatedAt: time.UnixMilli(r.CreatedAt).UTC(), ExpiresAt: time.UnixMilli(r.ExpiresAt).UTC(),
		Attempts: r.Attempts, Resends: r.Resends,
	}
	if r.EndedAt != 0 {
		v.EndedAt = time.UnixMilli(r.EndedAt).UTC()
	}
	for _, d := range r.Deliveries {
		v.Deliveries = append(v.Deliveries, otp.Delivery{
			ID: d.ID, Provider: d.Provider, Channel: providers.Channel(d.Channel), To: providers.NewPhone("", d.Country, ""),
			Status: d.Status, Reason: d.Reason, Place: d.Place, Cost: otp.Cost(d.Cost),
		})
	}
	for _, g := range r.Checks {
		v.Checks = append(v.Checks, otp.Check{ID: g.ID, Outcome: g.Outcome, Counted: g.Counted, Provider: g.Provider})
	}
	return v
}
