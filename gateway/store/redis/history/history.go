// Package history keeps what happened to verifications on Redis: lists, events and sums for reports.
//
// It follows the records. Every step of the store leaves the reference of what it changed in a list; Follow compares each
// of these records with the state in which it was last taken in, and writes down the difference. All that belongs to
// one app lives in one slot, where one transaction takes in the new states, their events and their counts, or nothing
// when one of the states is another by then: so a difference is counted once, whoever follows and whenever one of them
// dies. What is told lags behind by less than a second.
package history

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

// Change is a record that changed since it was last taken in.
type Change struct {
	otp.Verification
	Version string    // of the record; another one with every step
	At      time.Time // of the last change
	Unread  bool      // it is what somebody remembers: the record may have changed since
	End     int       // for [Feed.Followed]
	Entries []string  // that tell of the change, for [Feed.Followed]
}

// Source is what the history is made of.
type Source interface {
	Feed
	Archive
}

// Feed is what the history follows.
type Feed interface {
	// Changed returns at most n records that changed, none of them twice.
	Changed(ctx context.Context, n int) ([]*Change, error)
	// Followed forgets that records changed. A change that came after [Source.Changed] is not forgotten.
	Followed(ctx context.Context, changes []*Change) error
	// Still tells of each of the changes whether its record is what it was. One that is not is told as it is next time.
	Still(ctx context.Context, changes []*Change) ([]bool, error)
}

// Archive is what the history tells of and does not keep itself.
type Archive interface {
	// Records returns the verifications that are still kept, in the order of their references.
	Records(ctx context.Context, refs []otp.Reference) ([]otp.Verification, error)
	// To returns the references of verifications to an address, of all apps, the newest first and n at most: those from
	// from on and before before, where they are not empty.
	To(ctx context.Context, address string, from, before string, n int64) ([]otp.Reference, error)
	// Overdue returns verifications that ran out and are still pending in their records.
	Overdue(ctx context.Context, now time.Time) ([]otp.Verification, error)
}

// Options are what a history is made of.
type Options struct {
	Client redis.UniversalClient
	Prefix string // of every key
	Source Source
	Log    *slog.Logger
	// How long what has ended is told of: verifications in lists, and events and sums.
	KeepVerifications, KeepEvents time.Duration
}

// History implements [otp.History].
type History struct {
	Options
	following sync.Mutex
	memory    *simplelru.LRU[otp.Reference, string] // states, as they stand in Redis
}

// New makes a history. It tells what it finds on Redis; what happens is taken in by Follow.
func New(o Options) *History {
	memory, _ := simplelru.NewLRU[otp.Reference, string](rememberedAtMost, nil) // fails for sizes below 1 only
	return &History{Options: o, memory: memory}
}
