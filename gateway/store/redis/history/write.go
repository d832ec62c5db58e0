package history

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

// write takes in items of an app, all of them or none. It watches what is told of them: should a state be another than it
// was, or become another meanwhile, the error is errOvertaken or [redis.TxFailedErr].
func (h *History) write(ctx context.Context, app string, items []*item) error {
	watched := make([]string, len(items))
	for i, one := range items {
		watched[i] = h.told(app, one.change.Reference)
	}
	return h.Client.Watch(ctx, func(tx *redis.Tx) error {
		now, err := compare(ctx, tx, watched, items)
		if err != nil {
			return err
		}
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			h.writeAll(ctx, p, app, items, now)
			return nil
		})
		return err
	}, watched...)
}

// compare finds out whether the states are what the items were made of, and which events stand behind them. It returns the
// time of the server.
func compare(ctx context.Context, tx *redis.Tx, keys []string, items []*item) (time.Time, error) {
	var clock *redis.TimeCmd
	var none *redis.IntCmd
	texts := make([]*redis.StringCmd, len(items))
	_, err := tx.Pipelined(ctx, func(p redis.Pipeliner) error {
		clock = p.Time(ctx)
		var fresh []string
		for i, one := range items {
			if one.fresh() {
				fresh = append(fresh, keys[i])
			} else {
				texts[i] = p.Get(ctx, keys[i])
			}
		}
		if len(fresh) > 0 {
			none = p.Exists(ctx, fresh...)
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return time.Time{}, err
	}
	if none != nil && none.Val() > 0 {
		return time.Time{}, errOvertaken
	}
	for i, one := range items {
		if texts[i] == nil {
			continue
		}
		if !strings.HasPrefix(texts[i].Val(), one.before.line) {
			return time.Time{}, errOvertaken
		}
		one.told = eventsOf(texts[i].Val())
	}
	return clock.Val(), nil
}

// writeAll makes the commands. What many items share is written once for all of them. now is the time of the server.
func (h *History) writeAll(ctx context.Context, p redis.Pipeliner, app string, items []*item, now time.Time) {
	var fresh []redis.Z
	var told []string
	for _, one := range items {
		ref := one.change.Reference
		p.Set(ctx, h.told(app, ref), one.text(), h.keep(one))
		if one.fresh() {
			fresh = append(fresh, redis.Z{Member: string(ref)})
		}
		if len(one.events) > 0 {
			told = append(told, string(ref), strconv.Itoa(len(one.told)), strconv.Itoa(len(one.events)))
		}
	}
	if len(told) > 0 {
		p.XAdd(ctx, &redis.XAddArgs{
			Stream: h.stream(app), MinID: strconv.FormatInt(now.Add(-h.KeepEvents).UnixMilli(), 10), Approx: true,
			Values: []any{"events", strings.Join(told, " ")},
		})
		p.PExpire(ctx, h.stream(app), h.KeepEvents)
	}
	if len(fresh) > 0 {
		p.ZAdd(ctx, h.list(app), fresh...)
		p.ZRemRangeByLex(ctx, h.list(app), "-", "("+otp.ReferencesSince(now.Add(-h.KeepVerifications)))
		p.PExpire(ctx, h.list(app), h.KeepVerifications)
	}
	h.add(ctx, p, app, sumsOf(items))
}

// keep is how long what is told of an item is kept from now on. Events are told of until long after the end of the
// verification, so their end moves only when that one does, and with what comes after it.
func (h *History) keep(one *item) time.Duration {
	c := one.change
	if !one.fresh() && !c.At.After(c.ExpiresAt) && c.ExpiresAt.Equal(one.before.ExpiresAt) {
		return redis.KeepTTL
	}
	return h.KeepEvents + max(c.ExpiresAt.Sub(c.At), 0)
}

// add makes the commands that add to the sums.
func (h *History) add(ctx context.Context, p redis.Pipeliner, app string, sums map[int64]map[string]int64) {
	for hour, counts := range sums {
		start := strconv.FormatInt(hour, 10)
		for name, n := range counts {
			p.HIncrBy(ctx, h.hour(app, start), name, n)
		}
		p.PExpire(ctx, h.hour(app, start), h.KeepEvents)
		p.ZAdd(ctx, h.hours(app), redis.Z{Score: float64(hour), Member: start})
		p.ZRemRangeByScore(ctx, h.hours(app), "-inf", strconv.FormatInt(hour-int64(h.KeepEvents.Seconds()), 10))
		p.PExpire(ctx, h.hours(app), h.KeepEvents)
	}
}

// sumsOf are what items add to the sums, by the hour that they count in, in Unix seconds.
func sumsOf(items []*item) map[int64]map[string]int64 {
	sums := map[int64]map[string]int64{}
	for _, one := range items {
		hour := hourOf(one.change.CreatedAt).Unix()
		if sums[hour] == nil {
			sums[hour] = map[string]int64{}
		}
		for _, entry := range otp.Account(one.change.Verification) {
			addTo(sums[hour], cellName(entry.Cell)+separator, entry.Counts, 1)
		}
		for _, entry := range otp.Account(one.before.Verification) {
			addTo(sums[hour], cellName(entry.Cell)+separator, entry.Counts, -1)
		}
	}
	for _, counts := range sums {
		maps.DeleteFunc(counts, func(_ string, n int64) bool { return n == 0 })
	}
	return sums
}
