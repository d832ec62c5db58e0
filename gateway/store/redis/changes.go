package redis

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis digests with it: it tells states of a record apart, and protects nothing
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/goccy/go-json/v2"
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

// Changed implements [history.Source]. It looks into every shard, beginning anywhere, so that a busy one does not hide
// the others.
func (s *Store) Changed(ctx context.Context, n int) ([]history.Change, error) {
	pipe := s.client.Pipeline()
	first := rand.IntN(otp.Shards)
	marked := make([]*goredis.StringSliceCmd, otp.Shards)
	for i := range marked {
		marked[i] = pipe.SRandMemberN(ctx, s.keys.dirty(byte(first+i)), perShard)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, explain(err)
	}
	var refs []otp.Reference
	for _, shard := range marked {
		for _, ref := range shard.Val() {
			refs = append(refs, otp.Reference(ref))
		}
	}
	refs = refs[:min(n, len(refs))]
	lines, err := s.lines(ctx, refs)
	if err != nil {
		return nil, err
	}
	changes := make([]history.Change, 0, len(refs))
	var gone []history.Change
	for i, ref := range refs {
		v, err := join(lines[i])
		if err != nil {
			if lines[i] != "" {
				s.options.Log.Error("a verification cannot be read and is left out of the history", "reference", ref, "error", err)
			}
			gone = append(gone, history.Change{Verification: otp.Verification{Reference: ref}, Version: digest(lines[i])})
			continue
		}
		changes = append(changes, history.Change{Verification: v, Version: digest(lines[i]), At: changedAt(v, lines[i])})
	}
	return changes, s.Followed(ctx, gone)
}

// changedAt is when a record was last written.
func changedAt(v otp.Verification, lines string) time.Time {
	var head struct {
		ChangedAt int64 `json:"changed_at"`
	}
	first, _, _ := strings.Cut(lines, "\n")
	if err := json.Unmarshal([]byte(first), &head); err != nil || head.ChangedAt == 0 {
		return v.CreatedAt
	}
	return time.UnixMilli(head.ChangedAt).UTC()
}

func digest(lines string) string {
	sum := sha1.Sum([]byte(lines)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

// Followed implements [history.Source].
func (s *Store) Followed(ctx context.Context, changes []history.Change) error {
	if len(changes) == 0 {
		return nil
	}
	calls := make([]*command, len(changes))
	for i, c := range changes {
		keys := []string{s.keys.record(c.Reference)[0], s.keys.dirty(c.Reference.Shard())}
		calls[i] = newCommand(ctx, s.scripts.followed, keys, string(c.Reference), c.Version)
	}
	return s.run(ctx, calls...)
}

// Records implements [history.Source].
func (s *Store) Records(ctx context.Context, refs []otp.Reference) ([]otp.Verification, error) {
	lines, err := s.lines(ctx, refs)
	if err != nil {
		return nil, err
	}
	found := make([]otp.Verification, 0, len(refs))
	for _, one := range lines {
		if one == "" {
			continue
		}
		v, err := join(one)
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

// lines are the records of references; an empty one is gone.
func (s *Store) lines(ctx context.Context, refs []otp.Reference) ([]string, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	pipe := s.client.Pipeline()
	read := make([]*goredis.StringCmd, len(refs))
	for i, ref := range refs {
		read[i] = pipe.Get(ctx, s.keys.record(ref)[0])
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, goredis.Nil) {
		return nil, explain(err)
	}
	lines := make([]string, len(refs))
	for i, one := range read {
		if err := one.Err(); err != nil && !errors.Is(err, goredis.Nil) {
			return nil, explain(err)
		}
		lines[i] = one.Val()
	}
	return lines, nil
}
