package routing

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Quality is how many of a provider's codes were verified lately, on one channel in one country. Old codes fade: they
// count half after a day, and sooner where there are many.
type Quality struct {
	Provider string            `json:"provider"`
	Channel  providers.Channel `json:"channel"`
	Country  string            `json:"country,omitempty"` // empty: e-mail
	Verified float64           `json:"verified"`
	Total    float64           `json:"total"`
	At       time.Time         `json:"at"` // of the last code
}

const (
	qualityHalfLife = 24 * time.Hour
	qualityMost     = 200 // codes remembered: more push out older ones
	qualityLeast    = 20  // codes below which a share proves nothing
	qualityGrain    = 0.02
	exploredShare   = 0.05 // of the requests goes to those that do not lead
)

// fadeTo lets the counts fade until now.
func (q *Quality) fadeTo(now time.Time) {
	if age := now.Sub(q.At); age > 0 {
		keep := math.Exp2(-float64(age) / float64(qualityHalfLife))
		q.Verified *= keep
		q.Total *= keep
		q.At = now
	}
}

func (q *Quality) add(verified bool) {
	if q.Total > qualityMost-1 {
		keep := (qualityMost - 1) / q.Total
		q.Verified *= keep
		q.Total *= keep
	}
	q.Total++
	if verified {
		q.Verified++
	}
}

// share is the part that was verified.
func (q *Quality) share() float64 {
	if q.Total == 0 {
		return 0
	}
	return q.Verified / q.Total
}

// ledger keeps the qualities.
type ledger struct {
	mu   sync.RWMutex
	rows map[qualityKey]Quality
}

type qualityKey struct {
	spot    Spot
	country string
}

func (l *ledger) record(spot Spot, country string, verified bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := qualityKey{spot, country}
	q, ok := l.rows[key]
	if !ok {
		q = Quality{Provider: spot.Provider, Channel: spot.Channel, Country: country, At: now}
	}
	q.fadeTo(now)
	q.add(verified)
	l.rows[key] = q
}

func (l *ledger) read(spot Spot, country string, now time.Time) Quality {
	l.mu.RLock()
	q := l.rows[qualityKey{spot, country}]
	l.mu.RUnlock()
	q.fadeTo(now)
	return q
}

func (l *ledger) export() []Quality {
	l.mu.RLock()
	defer l.mu.RUnlock()
	rows := make([]Quality, 0, len(l.rows))
	for _, q := range l.rows {
		rows = append(rows, q)
	}
	slices.SortFunc(rows, func(a, b Quality) int {
		return cmp.Or(
			cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Country, b.Country),
		)
	})
	return rows
}

// load puts rows in the place of those with the same provider, channel and country.
func (l *ledger) load(rows []Quality) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range rows {
		if q.Total >= 0 && q.Verified >= 0 && q.Verified <= q.Total {
			l.rows[qualityKey{Spot{q.Provider, q.Channel}, q.Country}] = q
		}
	}
}
