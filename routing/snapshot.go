package routing

import (
	"cmp"
	"slices"
	"time"
)

// Reading is how one provider stands on one channel.
type Reading struct {
	Spot
	State        State
	OpensUntil   time.Time // the end of being open; zero: it is not
	CoolingUntil time.Time // zero: it is not cooling down
	PerSecond    float64   // bound of calls that begin in a second, shared by the provider's channels; 0: none
	Tokens       float64   // calls that may begin at once; negative: owed by calls that wait
	InFlight     int       // calls under way, on all channels of the provider
	MaxInFlight  int       // 0: not bounded
	Calls        uint64    // that the rest is drawn from: those of the last minutes
	SuccessRate  float64   // from 0 to 1
	P50, P95     time.Duration
	Price        Price
	Priced       bool
}

// Snapshot reads all providers, in the order of their names.
func (e *Engine) Snapshot() []Reading {
	now := time.Now()
	var readings []Reading
	for name, u := range e.units {
		for _, c := range u.info.Coverage {
			readings = append(readings, u.reading(Spot{name, c.Channel}, now))
		}
	}
	slices.SortFunc(readings, func(a, b Reading) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Channel, b.Channel))
	})
	return readings
}

func (u *unit) reading(spot Spot, now time.Time) Reading {
	p := u.posts[spot.Channel]
	r := Reading{Spot: spot, CoolingUntil: p.coolUntil(now)}
	r.State, r.OpensUntil, _ = p.breaker.look(now)
	r.Tokens, r.PerSecond, r.InFlight, r.MaxInFlight = u.limiter.level(now)
	r.SuccessRate, r.Calls = p.meter.rate(now)
	r.P50, r.P95 = p.meter.quantile(now, 0.50), p.meter.quantile(now, 0.95)
	r.Price, r.Priced = u.settings.Prices[Market{Channel: spot.Channel}]
	return r
}
