package redis

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

// waiting is a verification whose time has come.
type waiting struct {
	ref otp.Reference
	at  float64
}

// looks is how often Due looks when others were faster each time.
const looks = 4

// Due implements [otp.Timers]. All shards are looked at in one round trip; what is due is claimed in a second one, each
// by a step of its own, so that of many gateways one gets it. Who comes at the same moment as others finds most of it
// gone, and looks again.
func (s *Store) Due(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]otp.Verification, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	var claimed []otp.Verification
	for range looks {
		more, undisturbed, err := s.claim(ctx, now, lease, limit-len(claimed))
		claimed = append(claimed, more...)
		if err != nil && len(claimed) == 0 {
			return nil, err
		}
		if err != nil || undisturbed || len(claimed) == limit {
			break // what is left waits for the next time
		}
	}
	return claimed, nil
}

// claim claims what is due, and tells whether nobody else took any of it.
func (s *Store) claim(
	ctx context.Context, now time.Time, lease time.Duration, limit int,
) (claimed []otp.Verification, undisturbed bool, err error) {
	due, err := s.ripe(ctx, s.keys.due, now, limit)
	if err != nil || len(due) == 0 {
		return nil, true, err
	}
	calls := make([]*command, len(due))
	for i, w := range due {
		calls[i] = s.step(ctx, "claim", s.scripts.claim, w.ref, nil, millis(now), millis(now.Add(lease)))
	}
	granted, err := s.granted(ctx, calls)
	for _, v := range granted {
		if v.At(now).Status == otp.StatusPending && len(v.Next.Steps) > 0 {
			claimed = append(claimed, v)
		}
	}
	return claimed, len(granted) == len(due), err
}

// ripe are the first members, over all shards, whose score is not after now: the oldest first, no more than limit.
func (s *Store) ripe(ctx context.Context, key func(shard byte) string, now time.Time, limit int) ([]waiting, error) {
	pipe := s.client.Pipeline()
	until := &goredis.ZRangeBy{Min: "-inf", Max: strconv.FormatInt(now.UnixMilli(), 10), Count: int64(limit)}
	read := make([]*goredis.ZSliceCmd, otp.Shards)
	for i := range read {
		read[i] = pipe.ZRangeByScoreWithScores(ctx, key(byte(i)), until)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, explain(err)
	}
	var all []waiting
	for _, shard := range read {
		for _, z := range shard.Val() {
			all = append(all, waiting{otp.Reference(text(z.Member)), z.Score})
		}
	}
	slices.SortFunc(all, func(a, b waiting) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.ref, b.ref)) })
	return all[:min(limit, len(all))], nil
}

// granted runs calls and returns the verifications that they handed out. One that cannot be read must not keep the
// others from their turn, nor a node of a Cluster that is away.
func (s *Store) granted(ctx context.Context, calls []*command) ([]otp.Verification, error) {
	if err := s.run(ctx, calls...); errors.Is(err, errUnanswered) {
		return nil, err
	}
	var all []otp.Verification
	var failed error
	for _, c := range calls {
		v, err := c.verification()
		if _, told := errors.AsType[goredis.Error](c.Err()); c.Err() != nil && !told {
			failed = explain(c.Err())
			continue
		}
		if err != nil {
			s.options.Log.Error("a verification cannot be read and is passed over", "step", c.name, "error", err)
		} else if v.Reference != "" {
			all = append(all, v)
		}
	}
	return all, failed
}

// verification is the one that a call handed out; one without a reference: none.
func (c *command) verification() (otp.Verification, error) {
	if c.Err() != nil {
		return otp.Verification{}, c.Err()
	}
	if r := c.reply(); r.word == "ok" {
		return verificationOf(r.record())
	}
	return otp.Verification{}, nil
}
