package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

var (
	errTooLong = errors.New("a page is longer than it may be")
	errEndless = errors.New("the pages have no end")
)

// recorder takes steps on a store and remembers what they came to: it is what a history is compared with.
type recorder struct {
	otp.Store
	states map[otp.Reference]otp.Verification
	events []otp.Event // oldest first
}

func newRecorder(s otp.Store) *recorder {
	return &recorder{Store: s, states: map[otp.Reference]otp.Verification{}}
}

func (r *recorder) note(v otp.Verification, now time.Time, err error) {
	if err != nil {
		return
	}
	v = v.Clone()
	r.events = append(r.events, otp.Changes(r.states[v.Reference], v, now)...)
	r.states[v.Reference] = v
}

// Begin implements [otp.Store].
func (r *recorder) Begin(ctx context.Context, b otp.Begin) (otp.Begun, error) {
	begun, err := r.Store.Begin(ctx, b)
	if begun.Replay == nil {
		r.note(begun.Verification, b.Now, err)
	}
	return begun, err
}

// Renew implements [otp.Store].
func (r *recorder) Renew(ctx context.Context, n otp.Renewal) (otp.Begun, error) {
	begun, err := r.Store.Renew(ctx, n)
	if begun.Replay == nil {
		r.note(begun.Verification, n.Now, err)
	}
	return begun, err
}

// Deliver implements [otp.Store].
func (r *recorder) Deliver(ctx context.Context, d otp.Dispatch) (otp.Verification, error) {
	v, err := r.Store.Deliver(ctx, d)
	r.note(v, d.Now, err)
	return v, err
}

// Report implements [otp.Store]. It does not tell what it changed, so everything is looked at.
func (r *recorder) Report(ctx context.Context, told otp.Reporting) error {
	if err := r.Store.Report(ctx, told); err != nil {
		return err
	}
	for _, ref := range slices.Sorted(maps.Keys(r.states)) {
		v, err := r.Get(ctx, ref)
		if err != nil {
			return err
		}
		r.note(v, told.Now, nil)
	}
	return nil
}

// Reserve implements [otp.Store].
func (r *recorder) Reserve(ctx context.Context, g otp.Guess) (otp.Verification, error) {
	v, err := r.Store.Reserve(ctx, g)
	r.note(v, g.Now, err)
	return v, err
}

// Release implements [otp.Store].
func (r *recorder) Release(ctx context.Context, e otp.Release) (otp.Verification, error) {
	v, err := r.Store.Release(ctx, e)
	r.note(v, e.Now, err)
	return v, err
}

// Settle implements [otp.Store].
func (r *recorder) Settle(ctx context.Context, s otp.Settlement) (otp.Verification, error) {
	v, err := r.Store.Settle(ctx, s)
	r.note(v, s.Now, err)
	return v, err
}

// list is what List should tell.
func (r *recorder) list(q otp.Query) []otp.Verification {
	var found []otp.Verification
	for _, v := range r.states {
		if v = v.At(q.Now); lists(q, v) {
			found = append(found, v)
		}
	}
	slices.SortFunc(found, func(a, b otp.Verification) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(string(b.Reference), string(a.Reference))
	})
	return found
}

func lists(q otp.Query, v otp.Verification) bool {
	provider := ""
	if n := len(v.Deliveries); n > 0 {
		provider = v.Deliveries[n-1].Provider
	}
	return fits(q.App, v.App) && fits(q.Status, v.Status) && fits(q.Channel, v.Channel) && fits(q.Provider, provider) &&
		fits(q.Country, v.To.Country()) && fits(q.Purpose, v.Purpose) && belongs(q, v) && within(q, v.CreatedAt)
}

// tell is what Events should tell, newest first.
func (r *recorder) tell(q otp.Query) []otp.Event {
	var found []otp.Event
	for _, e := range slices.Backward(r.events) {
		if fits(q.App, e.App) && fits(q.Reference, e.Reference) && fits(q.Event, e.Kind) && fits(q.Status, e.Status) &&
			fits(q.Channel, e.Channel) && fits(q.Provider, e.Provider) && fits(q.Country, e.To.Country()) &&
			fits(q.Purpose, e.Purpose) && belongs(q, r.states[e.Reference]) && within(q, e.At) {
			found = append(found, e)
		}
	}
	return found
}

func fits[T comparable](asked, is T) bool {
	var any T
	return asked == any || asked == is
}

func belongs(q otp.Query, v otp.Verification) bool {
	for name, value := range q.Metadata {
		if v.Metadata[name] != value {
			return false
		}
	}
	return fits(q.To, v.To.Address())
}

func within(q otp.Query, at time.Time) bool {
	return !at.Before(q.From) && (q.Until.IsZero() || at.Before(q.Until))
}

// count is what Report should tell.
func (r *recorder) count(q otp.ReportQuery) []otp.Row {
	var entries []otp.Entry
	for _, v := range r.states {
		if !q.Now.Before(v.ExpiresAt) {
			v = v.At(q.Now)
		}
		for _, e := range otp.Account(v) {
			if fits(q.App, e.App) && fits(q.Country, e.Country) && fits(q.Channel, e.Channel) && fits(q.Provider, e.Provider) &&
				!e.Hour.Before(q.From) && (q.Until.IsZero() || e.Hour.Before(q.Until)) {
				entries = append(entries, e)
			}
		}
	}
	return otp.Fold(entries, q.By)
}

// plain is an event as far as histories keep it: of a recipient the address and its country.
type plain struct {
	Event       otp.Event
	To, Country string
}

func plainly(events []otp.Event) []plain {
	var all []plain
	for _, e := range events {
		p := plain{Event: e, To: e.To.Address(), Country: e.To.Country()}
		p.Event.To = providers.Recipient{}
		if e.Delivery != nil {
			d := *e.Delivery
			p.Event.Delivery = &d
		}
		all = append(all, p)
	}
	return all
}
