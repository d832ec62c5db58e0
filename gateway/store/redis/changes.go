package redis

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis/history"
)

var _ history.Source = (*Store)(nil)

// History tells what happened to the verifications of the store, and what Run of it has taken in. Events are told of for
// as long as events says. The store has to be opened with Track.
func (s *Store) History(events time.Duration) *history.History {
	return history.New(history.Options{
		Client: s.client, Prefix: s.options.Prefix, Source: s, Log: s.options.Log,
		KeepVerifications: s.options.Retention, KeepEvents: events,
	})
}

// perShard is how many entries a shard is asked for at once: with all shards busy it is far more than anybody takes.
const perShard = 32

// news is what the list of a shard tells: to which verification something happened, and which entries say so.
type news struct {
	ref     otp.Reference
	version string // that it had after the last of them
	end     int    // of the list that the entries are near to: 1 is its beginning, -1 its end
	entries []string
}

// Changed implements [history.Source].
func (s *Store) Changed(ctx context.Context, n int) ([]*history.Change, error) {
	told, err := s.news(ctx, n)
	if err != nil {
		return nil, err
	}
	changes, unknown := make([]*history.Change, 0, len(told)), make([]*news, 0, len(told))
	for _, one := range told {
		if seen, ok := s.known(one); ok {
			change := seen.change(one)
			change.Unread = true
			changes = append(changes, change)
		} else {
			unknown = append(unknown, one)
		}
	}
	refs := make([]otp.Reference, len(unknown))
	for i, one := range unknown {
		refs[i] = one.ref
	}
	texts, err := s.texts(ctx, refs)
	if err != nil {
		return nil, err
	}
	var gone []*history.Change
	for i, one := range unknown {
		seen, err := decode(texts[i].text)
		if err == nil {
			changes = append(changes, seen.change(one))
			continue
		}
		if len(texts[i].text) > 0 {
			s.options.Log.Error("a verification cannot be read and is left out of the history", "reference", one.ref, "error", err)
		}
		none := &state{verification: otp.Verification{Reference: one.ref}}
		gone = append(gone, none.change(one))
	}
	return changes, s.Followed(ctx, gone)
}

// known is the state that the last entry tells of, if this gateway remembers it. Whoever looks at it changes nothing.
func (s *Store) known(one *news) (*state, bool) {
	seen, ok := s.memory.Peek(one.ref)
	switch {
	case !ok:
		return nil, false
	case seen.state != nil:
		return seen.state, seen.state.version() == one.version
	case versionOf(seen.text) != one.version:
		return nil, false
	}
	now, err := decode(seen.text)
	return now, err == nil
}

// change is the state as the history looks at it, of which entries tell.
func (s *state) change(of *news) *history.Change {
	return &history.Change{Verification: s.verification, Version: s.version(), At: s.at, End: of.end, Entries: of.entries}
}

// news reads what happened, about n verifications at most. It looks into every shard, beginning anywhere, so that a busy
// one does not hide the others; but where the first ones it asks have plenty, the others would be asked in vain. It reads a
// list from one of its ends, now from this and now from that one: some entries that cannot be taken in for the time being do
// not hide the others.
func (s *Store) news(ctx context.Context, n int) ([]*news, error) {
	var all []*news
	first, few, end := rand.IntN(otp.Shards), max(1, n/perShard), 1-2*rand.IntN(2)
	for asked := 0; asked < otp.Shards && len(all) < n; {
		many := otp.Shards - asked
		if busy := 4*len(all) >= asked*perShard; busy {
			many = min(many, few)
		}
		pipe := s.client.Pipeline()
		entries := make([]*goredis.StringSliceCmd, many)
		for i := range entries {
			key := s.keys.news(byte(first + asked + i))
			if end > 0 {
				entries[i] = pipe.LRange(ctx, key, 0, perShard-1)
			} else {
				entries[i] = pipe.LRange(ctx, key, -perShard, -1)
			}
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, explain(err)
		}
		for _, shard := range entries {
			all = gather(all, shard.Val(), end)
		}
		asked += many
	}
	return all[:min(n, len(all))], nil
}

// gather adds the entries of a shard, the oldest first, those of one verification together. An entry is what script note
// wrote: a reference and a version.
func gather(all []*news, entries []string, end int) []*news {
	begin := len(all)
	for _, entry := range entries {
		ref, version, _ := strings.Cut(entry, " ")
		at := slices.IndexFunc(all[begin:], func(one *news) bool { return string(one.ref) == ref })
		if at < 0 {
			at = len(all) - begin
			all = append(all, &news{ref: otp.Reference(ref), end: end})
		}
		one := all[begin+at]
		one.version, one.entries = version, append(one.entries, entry)
	}
	return all
}

// Followed implements [history.Source]. What is told of a verification is no older than the entries that were read: so they can
// go, and one that came since stays.
func (s *Store) Followed(ctx context.Context, changes []*history.Change) error {
	type place struct {
		shard byte
		end   int
	}
	entries := map[place][]any{}
	for _, c := range changes {
		at := place{c.Reference.Shard(), c.End}
		if entries[at] == nil {
			entries[at] = []any{c.End}
		}
		for _, entry := range c.Entries {
			entries[at] = append(entries[at], entry)
		}
	}
	if len(entries) == 0 {
		return nil
	}
	calls := make([]*command, 0, len(entries))
	for at, args := range entries {
		calls = append(calls, newCommand(ctx, "followed", s.scripts.drop, []string{s.keys.news(at.shard)}, args...))
	}
	return s.run(ctx, calls...)
}

// Still implements [history.Source].
func (s *Store) Still(ctx context.Context, changes []*history.Change) ([]bool, error) {
	refs := make([]otp.Reference, len(changes))
	for i, c := range changes {
		refs[i] = c.Reference
	}
	texts, err := s.texts(ctx, refs)
	if err != nil {
		return nil, err
	}
	still := make([]bool, len(changes))
	for i, c := range changes {
		if still[i] = versionOf(texts[i].text) == c.Version; !still[i] {
			s.memory.Remove(c.Reference) // so that it is read next time
		}
	}
	return still, nil
}

// Records implements [history.Source].
func (s *Store) Records(ctx context.Context, refs []otp.Reference) ([]otp.Verification, error) {
	texts, err := s.texts(ctx, refs)
	if err != nil {
		return nil, err
	}
	found := make([]otp.Verification, 0, len(refs))
	for _, one := range texts {
		if len(one.text) == 0 {
			continue
		}
		v, err := verificationOf(one.text)
		if err != nil {
			return nil, err
		}
		found = append(found, v)
	}
	return found, nil
}

// To implements [history.Source].
func (s *Store) To(ctx context.Context, address string, from, before string, n int64) ([]otp.Reference, error) {
	key := s.keys.to(otp.ShardOf(strings.ToLower(address)), address)
	span := &goredis.ZRangeBy{Min: "-", Max: "+", Count: n}
	if from != "" {
		span.Min = "[" + from
	}
	if before != "" {
		span.Max = "(" + before
	}
	found, err := s.client.ZRevRangeByLex(ctx, key, span).Result()
	if err != nil {
		return nil, explain(err)
	}
	refs := make([]otp.Reference, len(found))
	for i, ref := range found {
		refs[i] = otp.Reference(ref)
	}
	return refs, nil
}

// overdueAtMost bounds what is looked at that ran out and was not swept yet.
const overdueAtMost = 20_000

// Overdue implements [history.Source].
func (s *Store) Overdue(ctx context.Context, now time.Time) ([]otp.Verification, error) {
	late, err := s.ripe(ctx, s.keys.end, now, overdueAtMost)
	if err != nil {
		return nil, err
	}
	refs := make([]otp.Reference, len(late))
	for i, one := range late {
		refs[i] = one.ref
	}
	return s.Records(ctx, refs)
}
