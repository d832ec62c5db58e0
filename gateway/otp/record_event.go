package otp

import (
	"fmt"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/providers"
)

// eventRecord is an event as a store keeps it.
type eventRecord struct {
	At        int64             `json:"at"` // Unix milliseconds
	Kind      EventKind         `json:"kind"`
	Reference Reference         `json:"ref"`
	App       string            `json:"app"`
	To        address           `json:"to"`
	Channel   providers.Channel `json:"channel"`
	Provider  string            `json:"provider,omitempty"`
	Purpose   string            `json:"purpose,omitempty"`
	Status    Status            `json:"status"`
	Delivery  *deliveryRecord   `json:"delivery,omitempty"`
	Check     *checkRecord      `json:"check,omitempty"`
}

// EncodeEvent writes e for a store.
func EncodeEvent(e Event) ([]byte, error) {
	r := eventRecord{
		At: millis(e.At), Kind: e.Kind, Reference: e.Reference, App: e.App, To: addressOf(e.To), Channel: e.Channel,
		Provider: e.Provider, Purpose: e.Purpose, Status: e.Status,
	}
	if e.Delivery != nil {
		d := deliveryRecordOf(*e.Delivery)
		r.Delivery = &d
	}
	if e.Check != nil {
		c := checkRecordOf(*e.Check)
		r.Check = &c
	}
	return json.MarshalOf(r)
}

// DecodeEvent reads what EncodeEvent wrote.
func DecodeEvent(b []byte) (Event, error) {
	var r eventRecord
	if err := json.UnmarshalOf(b, &r); err != nil {
		return Event{}, fmt.Errorf("a stored event is damaged: %w", err)
	}
	e := Event{
		At: instant(r.At), Kind: r.Kind, Reference: r.Reference, App: r.App, To: r.To.recipient(), Channel: r.Channel,
		Provider: r.Provider, Purpose: r.Purpose, Status: r.Status,
	}
	if r.Delivery != nil {
		d := r.Delivery.delivery()
		e.Delivery = &d
	}
	if r.Check != nil {
		c := r.Check.check()
		e.Check = &c
	}
	return e, nil
}
