package history

import (
	"context"
	_ "embed" // for the script
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

//go:embed scripts/take.lua
var takeScript string

const (
	followEvery = 200 * time.Millisecond
	// batch is how many records are looked at at once, and bite how many of them one script takes in: it keeps Redis
	// busy for a few milliseconds at most.
	batch, bite = 512, 64
	// known is how long after its end the state of a verification is remembered. What comes later, such as a very late
	// report, is kept in its record and not told here.
	known = 24 * time.Hour
)

// Run follows until ctx ends.
func (h *History) Run(ctx context.Context) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for more := true; more && ctx.Err() == nil; {
			n, err := h.Follow(ctx)
			if err != nil && ctx.Err() == nil {
				h.Log.Warn("the history cannot be followed; what is missing is taken in later", "error", err)
			}
			more = err == nil && n == batch
		}
	}
}

// Follow takes in what changed, and tells how many records it looked at.
func (h *History) Follow(ctx context.Context) (int, error) {
	changed, err := h.Source.Changed(ctx, batch)
	if err != nil || len(changed) == 0 {
		return 0, err
	}
	byApp := map[string][]Change{}
	for _, c := range changed {
		byApp[c.App] = append(byApp[c.App], c)
	}
	apps := slices.Sorted(maps.Keys(byApp))
	if err := h.Client.SAdd(ctx, h.apps(), apps).Err(); err != nil {
		return 0, err
	}
	for _, app := range apps {
		for part := range slices.Chunk(byApp[app], bite) {
			done, err := h.takeIn(ctx, app, part)
			if err != nil {
				return 0, err
			}
			if err := h.Source.Followed(ctx, done); err != nil {
				return 0, err
			}
		}
	}
	return len(changed), nil
}

// item is what the script is told of a verification.
type item struct {
	ref     otp.Reference
	was     string // version that was seen last; empty: none
	version string
	record  []byte
	keep    time.Duration // of the state
	hour    int64         // that it counts in, in Unix seconds
	events  [][]byte
	counts  map[string]int64
}

// args are the item as the script reads it.
func (i *item) args(args []any) []any {
	args = append(args, string(i.ref), i.was, i.version, i.record, i.keep.Milliseconds(), i.hour, len(i.events))
	for _, e := range i.events {
		args = append(args, e)
	}
	args = append(args, len(i.counts))
	for name, n := range i.counts {
		args = append(args, name, n)
	}
	return args
}

// takeIn returns the changes that are taken in now, by this call or by an earlier one.
func (h *History) takeIn(ctx context.Context, app string, changes []Change) ([]Change, error) {
	states, err := h.states(ctx, app, changes)
	if err != nil {
		return nil, err
	}
	keys := []string{h.list(app), h.stream(app), h.hours(app)}
	oldest := first(changes[0].At.Add(-h.KeepVerifications))
	args := []any{h.KeepVerifications.Milliseconds(), h.KeepEvents.Milliseconds(), oldest}
	var done, asked []Change
	for i, c := range changes {
		if states[i].version == c.Version || states[i].damaged {
			done = append(done, c)
			continue
		}
		one, err := h.item(c, states[i])
		if err != nil {
			return nil, err
		}
		args, asked = one.args(args), append(asked, c)
		keys = append(keys, h.seen(app, c.Reference), h.events(app, c.Reference), h.hour(app, strconv.FormatInt(one.hour, 10)),
			h.person(app, c.To.Address()))
	}
	if len(asked) == 0 {
		return done, nil
	}
	taken, err := h.take.Run(ctx, h.Client, keys, args...).Int64Slice()
	if err != nil {
		return nil, err
	}
	for i, yes := range taken {
		if yes == 1 {
			done = append(done, asked[i])
		}
	}
	return done, nil
}

// state is a verification as it was last taken in.
type state struct {
	otp.Verification
	version string
	damaged bool // it cannot be read: what changed since cannot be told, and must not keep others from being told
}

func (h *History) states(ctx context.Context, app string, changes []Change) ([]state, error) {
	replies := make([]*redis.StringCmd, len(changes))
	_, err := h.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, c := range changes {
			replies[i] = p.Get(ctx, h.seen(app, c.Reference))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	states := make([]state, len(changes))
	for i, reply := range replies {
		version, record, _ := strings.Cut(reply.Val(), "\n")
		if version == "" {
			continue
		}
		v, err := otp.DecodeRecord([]byte(record))
		if err != nil {
			h.Log.Error("the history of a verification cannot be read and goes no further",
				"reference", changes[i].Reference, "error", err)
		}
		states[i] = state{v, version, err != nil}
	}
	return states, nil
}

// item tells the difference between what was seen of a verification and what it is now.
func (h *History) item(c Change, before state) (item, error) {
	one := item{
		ref: c.Reference, was: before.version, version: c.Version, record: c.Record,
		keep: c.ExpiresAt.Sub(c.CreatedAt) + known, hour: hourOf(c.CreatedAt).Unix(), counts: map[string]int64{},
	}
	for _, e := range otp.Changes(before.Verification, c.Verification, c.At) {
		b, err := otp.EncodeEvent(e)
		if err != nil {
			return item{}, err
		}
		one.events = append(one.events, b)
	}
	add := func(v otp.Verification, times int64) {
		for _, entry := range otp.Account(v) {
			addTo(one.counts, cellName(entry.Cell)+separator, entry.Counts, times)
		}
	}
	add(c.Verification, 1)
	add(before.Verification, -1)
	maps.DeleteFunc(one.counts, func(_ string, n int64) bool { return n == 0 })
	return one, nil
}

func hourOf(t time.Time) time.Time { return t.UTC().Truncate(time.Hour) }

// separator stands in no name of a country, channel, provider or currency.
const separator = "\x1f"

func cellName(c otp.Cell) string {
	return strings.Join([]string{c.Country, string(c.Channel), c.Provider}, separator)
}

// addTo adds counts to sums of the cell, by the names that they have on Redis.
func addTo(sums map[string]int64, cell string, c otp.Counts, times int64) {
	for _, one := range counters(&c) {
		if *one.n != 0 {
			sums[cell+one.name] += times * *one.n
		}
	}
	for currency, n := range c.Costs {
		sums[cell+costPrefix+currency] += times * n
	}
	for slot, n := range c.Times {
		sums[cell+timePrefix+strconv.Itoa(slot)] += times * n
	}
}

const costPrefix, timePrefix = "cost ", "time "

// counter is one of the counts and its name on Redis.
type counter struct {
	name string
	n    *int64
}

func counters(c *otp.Counts) [12]counter {
	return [12]counter{
		{"sends", &c.Sends}, {"verified", &c.Verified}, {"expired", &c.Expired}, {"failed", &c.Failed},
		{"canceled", &c.Canceled}, {"resends", &c.Resends}, {"checks", &c.Checks}, {"deliveries", &c.Deliveries},
		{"taken", &c.Taken}, {"delivered", &c.Delivered}, {"undelivered", &c.Undelivered}, {"failovers", &c.Failovers},
	}
}

// set is the opposite of addTo, for one of them.
func set(c *otp.Counts, name string, n int64) error {
	for _, one := range counters(c) {
		if one.name == name {
			*one.n = n
			return nil
		}
	}
	if currency, ok := strings.CutPrefix(name, costPrefix); ok {
		if c.Costs == nil {
			c.Costs = map[string]int64{}
		}
		c.Costs[currency] = n
		return nil
	}
	text, ok := strings.CutPrefix(name, timePrefix)
	slot, err := strconv.Atoi(text)
	if !ok || err != nil {
		return fmt.Errorf("a stored sum has the unknown name %q", name)
	}
	if c.Times == nil {
		c.Times = map[int]int64{}
	}
	c.Times[slot] = n
	return nil
}
