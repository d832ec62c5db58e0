package history

import (
	"context"
	_ "embed" // for the script
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-json/v2"
	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

//go:embed scripts/take.lua
var takeScript string

const (
	followEvery = 200 * time.Millisecond
	// batch is how many records are looked at at once, and bite how many of them one script takes in: it keeps Redis
	// busy for a few milliseconds at most.
	batch, bite = 512, 32
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
	Ref     otp.Reference     `json:"ref"`
	Was     string            `json:"was"` // version that was seen last; empty: none
	Version string            `json:"version"`
	Record  string            `json:"record"`
	Keep    int64             `json:"keep"`   // of the state, in milliseconds
	Oldest  string            `json:"oldest"` // reference that is still listed
	Hour    int64             `json:"hour"`   // that it counts in, in Unix seconds
	Events  []string          `json:"events"`
	Counts  map[string]string `json:"counts"`
}

// takeIn returns the changes that are taken in now, by this call or by an earlier one.
func (h *History) takeIn(ctx context.Context, app string, changes []Change) ([]Change, error) {
	states, err := h.states(ctx, app, changes)
	if err != nil {
		return nil, err
	}
	keys := []string{h.list(app), h.stream(app), h.hours(app)}
	var items []item
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
		items, asked = append(items, one), append(asked, c)
		keys = append(keys, h.seen(app, c.Reference), h.events(app, c.Reference), h.hour(app, strconv.FormatInt(one.Hour, 10)),
			h.person(app, c.To.Address()))
	}
	if len(items) == 0 {
		return done, nil
	}
	arg, err := json.Marshal(items)
	if err != nil {
		return nil, err
	}
	taken, err := h.take.Run(ctx, h.Client, keys, arg,
		h.KeepVerifications.Milliseconds(), h.KeepEvents.Milliseconds()).Int64Slice()
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
	replies := make([]*redis.SliceCmd, len(changes))
	_, err := h.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, c := range changes {
			replies[i] = p.HMGet(ctx, h.seen(app, c.Reference), "version", "record")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	states := make([]state, len(changes))
	for i, reply := range replies {
		version, _ := reply.Val()[0].(string)
		record, _ := reply.Val()[1].(string)
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
	record, err := otp.EncodeRecord(c.Verification)
	if err != nil {
		return item{}, err
	}
	one := item{
		Ref: c.Reference, Was: before.version, Version: c.Version, Record: string(record),
		Keep: (c.ExpiresAt.Sub(c.CreatedAt) + known).Milliseconds(), Oldest: first(c.At.Add(-h.KeepVerifications)),
		Hour:   hourOf(c.CreatedAt).Unix(),
		Events: []string{}, Counts: map[string]string{},
	}
	for _, e := range otp.Changes(before.Verification, c.Verification, c.At) {
		b, err := otp.EncodeEvent(e)
		if err != nil {
			return item{}, err
		}
		one.Events = append(one.Events, string(b))
	}
	sums := map[string]int64{}
	add := func(v otp.Verification, times int64) {
		for _, entry := range otp.Account(v) {
			for name, n := range fields(entry.Counts) {
				sums[cellName(entry.Cell)+separator+name] += times * n
			}
		}
	}
	add(c.Verification, 1)
	add(before.Verification, -1)
	for name, n := range sums {
		if n != 0 {
			one.Counts[name] = strconv.FormatInt(n, 10)
		}
	}
	return one, nil
}

func hourOf(t time.Time) time.Time { return t.UTC().Truncate(time.Hour) }

// separator stands in no name of a country, channel, provider or currency.
const separator = "\x1f"

func cellName(c otp.Cell) string {
	return strings.Join([]string{c.Country, string(c.Channel), c.Provider}, separator)
}

// fields are counts by the names that they have on Redis.
func fields(c otp.Counts) map[string]int64 {
	all := map[string]int64{}
	for name, n := range pointers(&c) {
		all[name] = *n
	}
	for currency, n := range c.Costs {
		all[costPrefix+currency] = n
	}
	for slot, n := range c.Times {
		all[timePrefix+strconv.Itoa(slot)] = n
	}
	return all
}

const costPrefix, timePrefix = "cost ", "time "

func pointers(c *otp.Counts) map[string]*int64 {
	return map[string]*int64{
		"sends": &c.Sends, "verified": &c.Verified, "expired": &c.Expired, "failed": &c.Failed, "canceled": &c.Canceled,
		"resends": &c.Resends, "checks": &c.Checks, "deliveries": &c.Deliveries, "taken": &c.Taken,
		"delivered": &c.Delivered, "undelivered": &c.Undelivered, "failovers": &c.Failovers,
	}
}

// set is the opposite of fields, for one of them.
func set(c *otp.Counts, name string, n int64) error {
	if field, ok := pointers(c)[name]; ok {
		*field = n
		return nil
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
