package otp

import (
	"math"
	"slices"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Cell is what reports tell apart. A verification counts in the hour in which it began, whatever becomes of it later:
// so the shares of an hour are those of its own verifications.
type Cell struct {
	Hour     time.Time // its beginning, in UTC
	App      string
	Country  string // of the number; empty: e-mail
	Channel  providers.Channel
	Provider string // empty: nobody took it
}

// Counts are what a report counts. A verification counts once, at the provider that carried it: the one whose code was
// verified, else the newest that took it. A delivery counts at its own provider.
type Counts struct {
	Sends    int64 // verifications that began
	Verified int64
	Expired  int64
	Failed   int64 // guesses used up, or nobody took it
	Canceled int64
	Resends  int64
	Checks   int64 // guesses that were counted

	Deliveries  int64 // tries
	Taken       int64 // tries that a provider took, or may have taken
	Delivered   int64 // that a provider told of
	Undelivered int64
	Failovers   int64            // tries that failed, after which the next provider of the plan was tried
	Costs       map[string]int64 // millionths, by currency
	Times       map[int]int64    // verified, by the slot of the time that it took: see [timeSlot]
}

// Entry is what a verification adds to a cell.
type Entry struct {
	Cell
	Counts
}

// Account is what a verification adds to the reports, as it stands. Whoever keeps sums adds Account of a state to them
// and takes Account of the state before away.
func Account(v Verification) []Entry {
	if v.Reference == "" {
		return nil
	}
	a := account{hour: v.CreatedAt.UTC().Truncate(time.Hour), app: v.App}
	carrier := v.carrier()
	if carrier != nil {
		a.verification(a.at(carrier.To, carrier.Channel, carrier.Provider), v)
	} else {
		a.verification(a.at(v.To, v.Channel, ""), v)
	}
	for i, d := range v.Deliveries {
		c := a.at(d.To, d.Channel, d.Provider)
		c.delivery(d, v.Status == StatusVerified && carrier != nil && carrier.ID == d.ID)
		if given := d.Status == DeliveryFailed || d.Status == DeliveryUnknown; given && i+1 < len(v.Deliveries) &&
			v.Deliveries[i+1].Place > d.Place {
			c.Failovers++
		}
	}
	return a.entries
}

type account struct {
	hour    time.Time
	app     string
	entries []Entry
}

func (a *account) at(to providers.Recipient, channel providers.Channel, provider string) *Counts {
	cell := Cell{a.hour, a.app, to.Country(), channel, provider}
	for i := range a.entries {
		if a.entries[i].Cell == cell {
			return &a.entries[i].Counts
		}
	}
	a.entries = append(a.entries, Entry{Cell: cell})
	return &a.entries[len(a.entries)-1].Counts
}

func (a *account) verification(c *Counts, v Verification) {
	c.Sends++
	c.Resends += int64(v.Resends)
	c.Checks += int64(v.Attempts)
	switch v.Status {
	case StatusVerified:
		c.Verified++
		c.Times = map[int]int64{timeSlot(v.EndedAt.Sub(v.CreatedAt)): 1}
	case StatusExpired:
		c.Expired++
	case StatusFailed:
		c.Failed++
	case StatusCanceled:
		c.Canceled++
	}
}

func (c *Counts) delivery(d Delivery, verified bool) {
	c.Deliveries++
	switch d.Status {
	case DeliveryDelivered:
		c.Delivered++
	case DeliveryUndelivered:
		c.Undelivered++
	case DeliveryFailed:
		return
	}
	c.Taken++
	if d.Cost.Currency == "" || d.Status == DeliveryUnknown && !verified ||
		d.Cost.OnDelivery && d.Status != DeliveryDelivered && !verified {
		return
	}
	if c.Costs == nil {
		c.Costs = map[string]int64{}
	}
	c.Costs[d.Cost.Currency] += d.Cost.Micros
}

// carrier is the delivery whose code was verified, else the newest that was taken; nil: there is none.
func (v *Verification) carrier() *Delivery {
	judge := v.judge()
	var newest *Delivery
	for i := range slices.Backward(v.Deliveries) {
		d := &v.Deliveries[i]
		switch {
		case d.Status == DeliveryFailed:
		case d.Provider == judge:
			return d
		case newest == nil:
			newest = d
		}
	}
	return newest
}

// Add adds times other to c; times is 1 or -1.
func (c *Counts) Add(other Counts, times int64) {
	for _, field := range [][2]*int64{
		{&c.Sends, &other.Sends}, {&c.Verified, &other.Verified}, {&c.Expired, &other.Expired}, {&c.Failed, &other.Failed},
		{&c.Canceled, &other.Canceled}, {&c.Resends, &other.Resends}, {&c.Checks, &other.Checks},
		{&c.Deliveries, &other.Deliveries}, {&c.Taken, &other.Taken}, {&c.Delivered, &other.Delivered},
		{&c.Undelivered, &other.Undelivered}, {&c.Failovers, &other.Failovers},
	} {
		*field[0] += times * *field[1]
	}
	c.Costs = addAll(c.Costs, other.Costs, times)
	c.Times = addAll(c.Times, other.Times, times)
}

func addAll[K comparable](sums, other map[K]int64, times int64) map[K]int64 {
	if sums == nil && len(other) > 0 {
		sums = map[K]int64{}
	}
	for key, n := range other {
		if sums[key] += times * n; sums[key] == 0 {
			delete(sums, key)
		}
	}
	if len(sums) == 0 {
		return nil // so that nothing is always written alike
	}
	return sums
}

// Conversion is the share of the verifications that succeeded; 0 when there is none.
func (c Counts) Conversion() float64 {
	if c.Sends == 0 {
		return 0
	}
	return float64(c.Verified) / float64(c.Sends)
}

// timeStep is how much longer the times of one slot are than those of the slot before: a quantile is told to within half
// of that, in a few dozen numbers whatever the traffic.
const timeStep = 1.1

// timeSlot is the slot of a time to verify. The first holds all below a second.
func timeSlot(took time.Duration) int {
	if took < time.Second {
		return 0
	}
	return 1 + int(math.Log(took.Seconds())/math.Log(timeStep))
}

// TimeToVerify is the time within which the share q of the verified were verified; 0 when none was.
func (c Counts) TimeToVerify(q float64) time.Duration {
	var total int64
	slots := make([]int, 0, len(c.Times))
	for slot, n := range c.Times {
		slots = append(slots, slot)
		total += n
	}
	slices.Sort(slots)
	rank := int64(math.Ceil(q * float64(total)))
	for _, slot := range slots {
		if rank -= c.Times[slot]; rank <= 0 {
			return middleOf(slot)
		}
	}
	return 0
}

// middleOf is a time in the middle of a slot.
func middleOf(slot int) time.Duration {
	if slot == 0 {
		return time.Second / 2
	}
	seconds := math.Pow(timeStep, float64(slot)-0.5)
	return time.Duration(seconds * float64(time.Second)).Round(100 * time.Millisecond)
}
