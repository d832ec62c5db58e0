package otp

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/providers"
)

// How long a page of a list is.
const (
	DefaultPage = 50
	MaxPage     = 200
)

// ListInput is a request for verifications, as the app made it. What is empty was left out; all that is given must hold.
type ListInput struct {
	Status, Channel, Provider, Country, To, Purpose string
	Metadata                                        map[string]string
	From, Until                                     string // RFC 3339; inclusive and exclusive
	Cursor, Limit                                   string
}

// List returns a page of the app's verifications, the newest first.
func (s *Service) List(ctx context.Context, app *apps.App, in ListInput) (Page[Verification], error) {
	d := s.newSelection(app, in)
	if err := d.err(); err != nil {
		return Page[Verification]{}, err
	}
	page, err := s.history.List(ctx, d.q)
	return page, storeError(err)
}

// selection is a request on its way to become a query: it gathers every mistake.
type selection struct {
	q      Query
	fields []Field
}

func (d *selection) refuse(field, message string) {
	d.fields = append(d.fields, Field{Field: field, Message: message})
}

func (d *selection) err() error {
	if len(d.fields) == 0 {
		return nil
	}
	return &Error{
		Code: InvalidRequest, Detail: "the request has mistakes; errors names each field and what would be right",
		Fields: d.fields,
	}
}

func (s *Service) newSelection(app *apps.App, in ListInput) *selection {
	d := &selection{q: Query{
		App: app.ID, Status: Status(in.Status), Channel: providers.Channel(in.Channel), Provider: in.Provider,
		Country: strings.ToUpper(in.Country), Purpose: in.Purpose, Metadata: in.Metadata, Cursor: in.Cursor, Now: s.now(),
	}}
	states := []Status{StatusPending, StatusVerified, StatusExpired, StatusFailed, StatusCanceled}
	if in.Status != "" && !slices.Contains(states, d.q.Status) {
		d.refuse("status", "there is no such status; use pending, verified, expired, failed or canceled")
	}
	d.channel(in.Channel)
	d.country(in.Country)
	if in.To != "" {
		to, err := s.numbers.Recipient(in.To, app.Defaults.Country)
		if err != nil {
			d.refuse("to", err.Error())
		}
		d.q.To = to.Address()
	}
	if len(in.Metadata) > maxMetadataKeys {
		d.refuse("metadata", "at most 20 keys can be asked for")
	}
	d.q.From, d.q.Until = d.moment("from", in.From), d.moment("until", in.Until)
	d.order(d.q.From, d.q.Until)
	d.page(in.Limit)
	return d
}

func (d *selection) channel(text string) {
	if text != "" && !providers.Channel(text).Known() {
		d.refuse("channel", "there is no such channel; use sms, whatsapp, email, voice or ussd")
	}
}

func (d *selection) country(text string) {
	if text != "" && !isCountry(text) {
		d.refuse("country", "this is not a country; write an ISO 3166-1 code of two letters, such as GH")
	}
}

// moment reads a time; the zero time where there is none.
func (d *selection) moment(field, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < 1970 || at.Year() > 9999 {
		d.refuse(field, "this is not a time; write it as RFC 3339 does, such as 2026-01-15T10:20:00Z "+
			"(a + is written %2B in a URL)")
		return time.Time{}
	}
	return at.UTC()
}

func (d *selection) order(from, until time.Time) {
	if !until.IsZero() && until.Before(from) {
		d.refuse("until", "this is before from; name a later time, or leave it out")
	}
}

func (d *selection) page(limit string) {
	d.q.Limit = DefaultPage
	if limit == "" {
		return
	}
	n, err := strconv.Atoi(limit)
	if err != nil || n < 1 || n > MaxPage {
		d.refuse("limit", "a page has 1 to 200 items")
		return
	}
	d.q.Limit = n
}
