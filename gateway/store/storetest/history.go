package storetest

import (
	"context"
	"testing"

	"github.com/otpgate/otpgate/gateway/otp"
)

// Past is a store and what it tells of the past.
type Past struct {
	Store   otp.Store
	History otp.History
	// Follow brings the history up to date with the store; nil: it always is.
	Follow func(context.Context) error
}

// RunHistory runs the suite of [otp.History]. open returns a store with nothing in it, and closes it in a cleanup of t; it
// is called once for each test, by several tests at once.
func RunHistory(t *testing.T, open func(t *testing.T) Past) {
	for rule, test := range historyTests() {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			past := open(t)
			test(pastFixture{fixture{t: t, store: past.Store}, past})
		})
	}
	t.Run("behaves as the model", func(t *testing.T) {
		t.Parallel()
		testPast(t, open(t))
	})
}

// pastFixture is a store with short words for what tests ask of its past.
type pastFixture struct {
	fixture
	past Past
}

// up brings the history up to date.
func (p Past) up(ctx context.Context) error {
	if p.Follow == nil {
		return nil
	}
	return p.Follow(ctx)
}

func (f pastFixture) up() {
	f.t.Helper()
	if err := f.past.up(f.t.Context()); err != nil {
		f.t.Fatalf("Follow: %v", err)
	}
}

// maxPages is more than any test has.
const maxPages = 1000

// all reads every page of a list. Pages may be shorter than they could be, and empty; the last is the one that names no
// next.
func all[T any](read func(cursor string) (otp.Page[T], error), limit int) ([]T, error) {
	var items []T
	cursor := ""
	for range maxPages {
		page, err := read(cursor)
		if err != nil {
			return nil, err
		}
		if len(page.Items) > limit {
			return nil, errTooLong
		}
		if items = append(items, page.Items...); page.Next == "" {
			return items, nil
		}
		cursor = page.Next
	}
	return nil, errEndless
}

func (p Past) list(ctx context.Context, q otp.Query) ([]otp.Verification, error) {
	return all(func(cursor string) (otp.Page[otp.Verification], error) {
		q.Cursor = cursor
		return p.History.List(ctx, q)
	}, q.Limit)
}

func (p Past) events(ctx context.Context, q otp.Query) ([]otp.Event, error) {
	return all(func(cursor string) (otp.Page[otp.Event], error) {
		q.Cursor = cursor
		return p.History.Events(ctx, q)
	}, q.Limit)
}
