package history

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

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
