package otp

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// History is what a store tells of the past. What it tells was recorded with the change itself: see [Changes] and
// [Account]. An error that is an [*Error] says what is wrong with the question; every other means that the store could
// not do its work.
type History interface {
	// List returns verifications, the newest first.
	List(ctx context.Context, q Query) (Page[Verification], error)
	// Events returns what happened to verifications, the newest first.
	Events(ctx context.Context, q Query) (Page[Event], error)
	// Report counts verifications, in the order of the groups. What ran out counts as expired at once.
	Report(ctx context.Context, q ReportQuery) ([]Row, error)
}

// Query selects verifications or events. Everything that is left empty selects all; what is given must all hold.
type Query struct {
	App       string
	Reference Reference // events only
	Event     EventKind // events only
	Status    Status    // of the verification; with events: that the event left it in
	Channel   providers.Channel
	Provider  string // of the newest delivery; with events: that the event names
	Country   string
	To        string // address of the first recipient
	Purpose   string
	Metadata  map[string]string
	From      time.Time // of the creation or the event, inclusive
	Until     time.Time // exclusive
	Cursor    string    // where the page before ended; empty: the newest
	Limit     int       // most items of the page, from 1
	Now       time.Time
}

// Page is a part of a list. New rows do not move the pages that come after it. A store that has looked for long ends a
// page before it is full, even before anything is found: the last page is the one without Next, and no other.
type Page[T any] struct {
	Items []T    // at most as many as the limit; there may be none although there is a next page
	Next  string // cursor of the next page; empty: this is the last
}

// EventKind is a sort of event.
type EventKind string

// What can happen to a verification.
const (
	EventCreated  EventKind = "created"  // send took it in
	EventResend   EventKind = "resend"   // a resend was counted
	EventDelivery EventKind = "delivery" // a provider was tried
	EventReport   EventKind = "report"   // a delivery's status changed after the try
	EventCheck    EventKind = "check"    // a guess was counted; it was wrong unless EventVerified or EventReturned follows
	EventReturned EventKind = "returned" // a guess was given back
	EventVerified EventKind = "verified"
	EventExpired  EventKind = "expired"
	EventFailed   EventKind = "failed"
	EventCanceled EventKind = "canceled"
)

// Event is one thing that happened to a verification.
type Event struct {
	At        time.Time
	Kind      EventKind
	Reference Reference
	App       string
	To        providers.Recipient // first recipient of the verification, or that of Delivery
	Channel   providers.Channel
	Provider  string // that the event names; empty: none
	Purpose   string
	Status    Status    // of the verification after the event
	Delivery  *Delivery // of EventDelivery and EventReport, without its handle
	Check     *Check    // of EventCheck and EventReturned
}

// Changes lists what happened to a verification between two of its states, in order. before is the zero verification
// when it is new. now is the time of the last change: there may be several between the states, and what was undone by
// then is not told.
func Changes(before, after Verification, now time.Time) []Event {
	c := changes{v: after}
	if before.Reference == "" {
		c.add(EventCreated, after.CreatedAt)
	}
	for range after.Resends - before.Resends {
		c.add(EventResend, now)
	}
	c.deliveries(before, now)
	c.checks(before, now)
	if after.Status != before.Status && after.Status != StatusPending {
		c.add(EventKind(after.Status), after.EndedAt).Provider = after.judge()
	}
	return c.events
}

// changes gathers the events of one change.
type changes struct {
	v      Verification
	events []Event
}

func (c *changes) add(kind EventKind, at time.Time) *Event {
	c.events = append(c.events, Event{
		At: at, Kind: kind, Reference: c.v.Reference, App: c.v.App, To: c.v.To, Channel: c.v.Channel, Purpose: c.v.Purpose,
		Status: c.v.Status,
	})
	return &c.events[len(c.events)-1]
}

func (c *changes) deliveries(before Verification, now time.Time) {
	for _, d := range c.v.Deliveries {
		was := before.delivery(d.ID)
		if was == nil {
			c.delivery(EventDelivery, d, d.At)
		}
		if was == nil && !d.ReportedAt.IsZero() || was != nil && (was.Status != d.Status || was.Reason != d.Reason) {
			c.delivery(EventReport, d, now)
		}
	}
}

func (c *changes) delivery(kind EventKind, d Delivery, at time.Time) {
	d.Handle.State, d.Handle.Prefix = nil, ""
	e := c.add(kind, at)
	e.To, e.Channel, e.Provider, e.Delivery = d.To, d.Channel, d.Provider, &d
}

func (c *changes) checks(before Verification, now time.Time) {
	for _, check := range c.v.Checks {
		was := before.check(check.ID)
		if was == nil {
			c.check(EventCheck, check, check.At)
		}
		if !check.Counted && (was == nil || was.Counted) {
			c.check(EventReturned, check, now)
		}
	}
}

func (c *changes) check(kind EventKind, check Check, at time.Time) {
	e := c.add(kind, at)
	e.Provider, e.Check = check.Provider, &check
}

func (v *Verification) delivery(id string) *Delivery {
	for i := range v.Deliveries {
		if v.Deliveries[i].ID == id {
			return &v.Deliveries[i]
		}
	}
	return nil
}

// judge is the provider that said yes; empty: none has.
func (v *Verification) judge() string {
	for _, c := range v.Checks {
		if c.Outcome == OutcomeRight {
			return c.Provider
		}
	}
	return ""
}
