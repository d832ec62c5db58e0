package otp

import (
	"fmt"

	"github.com/goccy/go-json/v2"
)

// detailRecord is the part of an event that nobody searches by.
type detailRecord struct {
	Delivery *deliveryRecord `json:"delivery,omitempty"`
	Check    *checkRecord    `json:"check,omitempty"`
}

// EncodeDetail writes the delivery or the check of an event, for a store that keeps the rest in columns; nil when it
// has neither.
func EncodeDetail(e Event) ([]byte, error) {
	var r detailRecord
	switch {
	case e.Delivery != nil:
		d := deliveryRecordOf(*e.Delivery)
		r.Delivery = &d
	case e.Check != nil:
		c := checkRecordOf(*e.Check)
		r.Check = &c
	default:
		return nil, nil
	}
	return json.MarshalOf(r)
}

// DecodeDetail puts what EncodeDetail wrote into e.
func DecodeDetail(b []byte, e *Event) error {
	if len(b) == 0 {
		return nil
	}
	var r detailRecord
	if err := json.UnmarshalOf(b, &r); err != nil {
		return fmt.Errorf("a stored event is damaged: %w", err)
	}
	if r.Delivery != nil {
		d := r.Delivery.delivery()
		e.Delivery = &d
	}
	if r.Check != nil {
		c := r.Check.check()
		e.Check = &c
	}
	return nil
}
