package otp

import (
	"context"
	"slices"

	"github.com/otpgate/otpgate/gateway/apps"
)

// LogsInput is a request for events, as the app made it.
type LogsInput struct {
	ListInput
	Reference, Event string
}

// Logs returns a page of what happened to the app's verifications, the newest first.
func (s *Service) Logs(ctx context.Context, app *apps.App, in LogsInput) (Page[Event], error) {
	d := s.newSelection(app, in.ListInput)
	if in.Reference != "" {
		ref, err := ParseReference(in.Reference)
		if err != nil {
			d.refuse("reference", "this is no reference; send the one that send returned")
		}
		d.q.Reference = ref
	}
	d.q.Event = EventKind(in.Event)
	if in.Event != "" && !slices.Contains(EventKinds(), d.q.Event) {
		d.refuse("event", "there is no such event; use created, resend, delivery, report, check, returned, verified, "+
			"expired, failed or canceled")
	}
	if err := d.err(); err != nil {
		return Page[Event]{}, err
	}
	page, err := s.history.Events(ctx, d.q)
	return page, storeError(err)
}

// EventKinds lists every sort of event.
func EventKinds() []EventKind {
	return []EventKind{
		EventCreated, EventResend, EventDelivery, EventReport, EventCheck, EventReturned, EventVerified, EventExpired,
		EventFailed, EventCanceled,
	}
}
