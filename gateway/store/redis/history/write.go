package history

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

// write takes in items of an app, all of them or none. It watches their states: should one be another than it was, or
// become another meanwhile, the error is errOvertaken or [redis.TxFailedErr].
func (h *History) write(ctx context.Context, app string, items []*item) error {
	watched := make([]string, len(items))
	for i, one := range items {
		watched[i] = h.seen(app, one.change.Reference)
	}
	return h.Client.Watch(ctx, func(tx *redis.Tx) error {
		now, err := h.compare(ctx, tx, app, items)
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

// compare finds out whether the states are what the items were made of, and where their events begin. It returns the
// time of the server.
func (h *History) compare(ctx context.Context, tx *redis.Tx, app string, items []*item) (time.Time, error) {
	var clock *redis.TimeCmd
	var none *redis.IntCmd
	lines, counts := make([]*redis.StringCmd, len(items)), make([]*redis.IntCmd, len(items))
	_, err := tx.Pipelined(ctx, func(p redis.Pipeliner) error {
		var stateless []string
		clock = p.Time(ctx)
		for i, one := range items {
			ref, line := one.change.Reference, one.before.line
			if line == "" {
				stateless = append(stateless, h.seen(app, ref))
				continue
			}
			lines[i] = p.GetRange(ctx, h.seen(app, ref), 0, int64(len(line)-1))
			counts[i] = p.LLen(ctx, h.events(app, ref))
		}
		if len(stateless) > 0 {
			none = p.Exists(ctx, stateless...)
		}
		return nil
	})
	if err != nil {
		return time.Time{}, err
	}
	if none != nil && none.Val() > 0 {
		return time.Time{}, errOvertaken
	}
	for i, one := range items {
		if lines[i] == nil {
			continue
		}
		if lines[i].Val() != one.before.line {
			return time.Time{}, errOvertaken
		}
		one.first = counts[i].Val()
	}
	return clock.Val(), nil
}

// writeAll makes the commands. What many items share is written once for all of them. now is the time of the server.
func (h *History) writeAll(ctx context.Context, p redis.Pipeliner, app string, items []*item, now time.Time) {
	var fresh []redis.Z
	var told []string
	for _, one := range items {
		ref := one.change.Reference
		h.writeOne(ctx, p, app, one)
		if one.fresh {
			fresh = append(fresh, redis.Z{Member: string(ref)})
		}
		if len(one.events) > 0 {
			told = append(told, string(ref), strconv.FormatInt(one.first, 10), strconv.Itoa(len(one.events)))
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
		p.ZRemRangeByLex(ctx, h.list(app), "-", "("+first(now.Add(-h.KeepVerifications)))
		p.PExpire(ctx, h.list(app), h.KeepVerifications)
	}
	h.add(ctx, p, app, sumsOf(items))
}

// writeOne makes the commands for what one verification has alone.
func (h *History) writeOne(ctx context.Context, p redis.Pipeliner, app string, one *item) {
	c := one.change
	p.Set(ctx, h.seen(app, c.Reference), one.state, c.ExpiresAt.Sub(c.CreatedAt)+known)
	events := h.events(app, c.Reference)
	if len(one.events) > 0 {
		texts := make([]any, len(one.events))
		for i, e := range one.events {
			texts[i] = e
		}
		p.RPush(ctx, events, texts...)
	}
	if one.moved || one.first == 0 {
		p.PExpire(ctx, events, h.KeepEvents+max(c.ExpiresAt.Sub(c.At), 0))
	}
	if one.fresh {
		person := h.person(app, c.To.Address())
		p.ZAdd(ctx, person, redis.Z{Member: string(c.Reference)})
		p.PExpire(ctx, person, h.KeepVerifications)
	}
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
		if one.untold() {
			continue
		}
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
