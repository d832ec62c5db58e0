package redis

import (
	"context"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

// Backlog is what waits in the store, for metrics.
type Backlog struct {
	Timers  int // steps of fallbacks that are due
	Reports int // reports whose deliveries were not known when they came
	History int // steps on verifications that the history has not taken in yet
}

// Backlog tells what waits at now.
func (s *Store) Backlog(ctx context.Context, now time.Time) (Backlog, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	pipe := s.client.Pipeline()
	until := strconv.FormatInt(now.UnixMilli(), 10)
	due, changed := make([]*goredis.IntCmd, otp.Shards), make([]*goredis.IntCmd, otp.Shards)
	for i := range due {
		due[i] = pipe.ZCount(ctx, s.keys.due(byte(i)), "-inf", until)
		changed[i] = pipe.LLen(ctx, s.keys.news(byte(i)))
	}
	parked := pipe.LLen(ctx, s.keys.parked())
	if _, err := pipe.Exec(ctx); err != nil {
		return Backlog{}, explain(err)
	}
	b := Backlog{Reports: int(parked.Val())}
	for i := range due {
		b.Timers += int(due[i].Val())
		b.History += int(changed[i].Val())
	}
	return b, nil
}
