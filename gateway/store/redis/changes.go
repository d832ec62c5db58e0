package redis

import (
	"context"
	"math/rand/v2"
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

// perShard is how many changes a shard is asked for at once: with all shards busy it is far more than anybody takes.
const perShard = 16

// Changed implements [history.Source].
func (s *Store) Changed(ctx context.Context, n int) ([]history.Change, error) {
	refs, err := s.marked(ctx, n)
	if err != nil {
		return nil, err
	}
	texts, err := s.texts(ctx, refs)
	if err != nil {
		return nil, err
	}
	changes := make([]history.Change, 0, len(refs))
	var gone []history.Change
	for i, ref := range refs {
		seen, err := decode(texts[i].text)
		change := history.Change{Verification: seen.verification, Version: versionOf(texts[i].text), At: seen.at}
		if err == nil {
			changes = append(changes, change)
			continue
		}
		if texts[i].text != "" {
			s.options.Log.Error("a verification cannot be read and is left out of the history", "reference", ref, "error", err)
		}
		change.Reference = ref
		gone = append(gone, change)
	}
	return changes, s.Followed(ctx, gone)
}

// marked finds verifications that changed, n at most. It looks into every shard, beginning anywhere, so that a busy one
// does not hide the others; but where the first ones it asks have plenty, the others would be asked in vain.
func (s *Store) marked(ctx context.Context, n int) ([]otp.Reference, error) {
	var refs []otp.Reference
	first, few := rand.IntN(otp.Shards), max(1, n/perShard)
	for asked := 0; asked < otp.Shards && len(refs) < n; {
		many := otp.Shards - asked
		if busy := 2*len(refs) >= asked*perShard; busy {
			many = min(many, few)
		}
		pipe := s.client.Pipeline()
		marked := make([]*goredis.StringSliceCmd, many)
		for i := range marked {
			marked[i] = pipe.SRandMemberN(ctx, s.keys.dirty(byte(first+asked+i)), perShard)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, explain(err)
		}
		for _, shard := range marked {
			for _, ref := range shard.Val() {
				refs = append(refs, otp.Reference(ref))
			}
		}
		asked += many
	}
	return refs[:min(n, len(refs))], nil
}

// Followed implements [history.Source].
func (s *Store) Followed(ctx context.Context, changes []history.Change) error {
	if len(changes) == 0 {
		return nil
	}
	type part struct {
		keys []string
		args []any
	}
	parts := map[byte]*part{}
	for _, c := range changes {
		shard := c.Reference.Shard()
		one := parts[shard]
		if one == nil {
			one = &part{keys: []string{s.keys.dirty(shard)}}
			parts[shard] = one
		}
		one.keys = append(one.keys, s.keys.record(c.Reference))
		one.args = append(one.args, string(c.Reference), c.Version)
	}
	calls := make([]*command, 0, len(parts))
	for _, one := range parts {
		calls = append(calls, newCommand(ctx, "followed", s.scripts.followed, one.keys, one.args...))
	}
	return s.run(ctx, calls...)
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
