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

// news is what a stream tells: to which verification something happened, and which entries say so.
type news struct {
	ref     otp.Reference
	entries []string
}

// Changed implements [history.Source].
func (s *Store) Changed(ctx context.Context, n int) ([]*history.Change, error) {
	told, err := s.news(ctx, n)
	if err != nil {
		return nil, err
	}
	refs := make([]otp.Reference, len(told))
	for i, one := range told {
		refs[i] = one.ref
	}
	texts, err := s.texts(ctx, refs)
	if err != nil {
		return nil, err
	}
	changes := make([]*history.Change, 0, len(told))
	var gone []*history.Change
	for i, one := range told {
		seen, err := decode(texts[i].text)
		if err == nil {
			changes = append(changes, &history.Change{
				Verification: seen.verification, Version: versionOf(texts[i].text), At: seen.at, Entries: one.entries,
			})
			continue
		}
		if texts[i].text != "" {
			s.options.Log.Error("a verification cannot be read and is left out of the history", "reference", one.ref, "error", err)
		}
		gone = append(gone, &history.Change{Verification: otp.Verification{Reference: one.ref}, Entries: one.entries})
	}
	return changes, s.Followed(ctx, gone)
}

// news reads what happened, about n verifications at most. It looks into every shard, beginning anywhere, so that a busy
// one does not hide the others; but where the first ones it asks have plenty, the others would be asked in vain.
func (s *Store) news(ctx context.Context, n int) ([]news, error) {
	var all []news
	first, few := rand.IntN(otp.Shards), max(1, n/perShard)
	for asked := 0; asked < otp.Shards && len(all) < n; {
		many := otp.Shards - asked
		if busy := 4*len(all) >= asked*perShard; busy {
			many = min(many, few)
		}
		pipe := s.client.Pipeline()
		entries := make([]*goredis.Cmd, many)
		for i := range entries {
			entries[i] = some(ctx, pipe, s.keys.news(byte(first+asked+i)))
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, explain(err)
		}
		for _, shard := range entries {
			told, _ := shard.Val().([]any)
			all = gather(all, told)
		}
		asked += many
	}
	return all[:min(n, len(all))], nil
}

// some reads entries of a shard from one of its ends, now from this and now from that one: some that cannot be taken in
// for the time being do not hide the others.
func some(ctx context.Context, pipe goredis.Pipeliner, key string) *goredis.Cmd {
	if rand.IntN(2) == 0 {
		return pipe.Do(ctx, "xrange", key, "-", "+", "count", perShard)
	}
	return pipe.Do(ctx, "xrevrange", key, "+", "-", "count", perShard)
}

// gather adds the entries of a shard, those of one verification together. An entry is its id and what script note wrote:
// the name of its only field, and a reference.
func gather(all []news, entries []any) []news {
	begin := len(all)
	for _, entry := range entries {
		parts, _ := entry.([]any)
		if len(parts) != 2 {
			continue
		}
		fields, _ := parts[1].([]any)
		if len(fields) != 2 {
			continue
		}
		ref := otp.Reference(text(fields[1]))
		at := slices.IndexFunc(all[begin:], func(one news) bool { return one.ref == ref })
		if at < 0 {
			at = len(all) - begin
			all = append(all, news{ref: ref})
		}
		one := &all[begin+at]
		one.entries = append(one.entries, text(parts[0]))
	}
	return all
}

// Followed implements [history.Source]. What is read of a verification is newer than the entries that were read before:
// so they can go, and one that came since stays.
func (s *Store) Followed(ctx context.Context, changes []*history.Change) error {
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
