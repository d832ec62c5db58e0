package redis

import (
	"context"
	"math/rand/v2"
	"slices"
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

// Changed implements [history.Source].
func (s *Store) Changed(ctx context.Context, n int) ([]history.Change, error) {
	news, err := s.news(ctx, n)
	if err != nil {
		return nil, err
	}
	refs := make([]otp.Reference, len(news))
	for i, c := range news {
		refs[i] = c.Reference
	}
	texts, err := s.texts(ctx, refs)
	if err != nil {
		return nil, err
	}
	changes := news[:0]
	var gone []history.Change
	for i, c := range news {
		seen, err := decode(texts[i].text)
		if err == nil {
			c.Verification, c.Version, c.At = seen.verification, versionOf(texts[i].text), seen.at
			changes = append(changes, c)
			continue
		}
		if texts[i].text != "" {
			s.options.Log.Error("a verification cannot be read and is left out of the history", "reference", c.Reference, "error", err)
		}
		gone = append(gone, c)
	}
	return changes, s.Followed(ctx, gone)
}

// news tells of verifications to which something happened, n at most: of each its reference and the entries that say so.
// It looks into every shard, beginning anywhere, so that a busy one does not hide the others; but where the first ones it
// asks have plenty, the others would be asked in vain.
func (s *Store) news(ctx context.Context, n int) ([]history.Change, error) {
	var all []history.Change
	first, few := rand.IntN(otp.Shards), max(1, n/perShard)
	for asked := 0; asked < otp.Shards && len(all) < n; {
		many := otp.Shards - asked
		if busy := 4*len(all) >= asked*perShard; busy {
			many = min(many, few)
		}
		pipe := s.client.Pipeline()
		entries := make([]*goredis.XMessageSliceCmd, many)
		for i := range entries {
			entries[i] = s.some(ctx, pipe, s.keys.news(byte(first+asked+i)))
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, explain(err)
		}
		for _, shard := range entries {
			all = append(all, gather(shard.Val())...)
		}
		asked += many
	}
	return all[:min(n, len(all))], nil
}

// some reads entries of a shard from one of its ends, now from this and now from that one: some that cannot be taken in
// for the time being do not hide the others.
func (*Store) some(ctx context.Context, pipe goredis.Pipeliner, key string) *goredis.XMessageSliceCmd {
	if rand.IntN(2) == 0 {
		return pipe.XRangeN(ctx, key, "-", "+", perShard)
	}
	return pipe.XRevRangeN(ctx, key, "+", "-", perShard)
}

// gather puts the entries of one verification together.
func gather(entries []goredis.XMessage) []history.Change {
	var all []history.Change
	for _, e := range entries {
		ref := otp.Reference(text(e.Values["r"]))
		at := slices.IndexFunc(all, func(c history.Change) bool { return c.Reference == ref })
		if at < 0 {
			at = len(all)
			all = append(all, history.Change{Verification: otp.Verification{Reference: ref}})
		}
		all[at].Entries = append(all[at].Entries, e.ID)
	}
	return all
}

// Followed implements [history.Source]. What is read of a verification is newer than the entries that were read before:
// so they can go, and one that came since stays.
func (s *Store) Followed(ctx context.Context, changes []history.Change) error {
	entries := map[byte][]string{}
	for _, c := range changes {
		entries[c.Reference.Shard()] = append(entries[c.Reference.Shard()], c.Entries...)
	}
	if len(entries) == 0 {
		return nil
	}
	pipe := s.client.Pipeline()
	for shard, ids := range entries {
		pipe.XDel(ctx, s.keys.news(shard), ids...)
	}
	_, err := pipe.Exec(ctx)
	return explain(err)
}

// Still implements [history.Source].
func (s *Store) Still(ctx context.Context, changes []history.Change) ([]bool, error) {
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
		still[i] = versionOf(texts[i].text) == c.Version
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
		if one.text == "" {
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
