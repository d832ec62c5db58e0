package routing

import (
	"math"
	"sync"
	"time"
)

// meter remembers how calls to one spot went lately. What is older than meterHalfLife counts half, and so on.
type meter struct {
	mu       sync.Mutex
	since    time.Time // of the last halving
	worked   uint64
	failed   uint64
	duration [meterBuckets]uint64 // calls by how long they took; the last bucket takes all that is longer
}

const (
	meterHalfLife = 5 * time.Minute
	meterBuckets  = 30
	meterFirst    = 2 * time.Millisecond // upper bound of the first bucket
	meterStep     = 1.4                  // each bucket's bound is so many times the one before: the last is at 34 s
)

// record counts a call. A took of 0 tells nothing about speed.
func (m *meter) record(now time.Time, worked bool, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fade(now)
	if worked {
		m.worked++
	} else {
		m.failed++
	}
	if took > 0 {
		m.duration[bucketOf(took)]++
	}
}

func bucketOf(took time.Duration) int {
	if took <= meterFirst {
		return 0
	}
	exponent := math.Log(float64(took)/float64(meterFirst)) / math.Log(meterStep)
	return min(meterBuckets-1, int(math.Ceil(exponent)))
}

func boundOf(bucket int) time.Duration {
	return time.Duration(float64(meterFirst) * math.Pow(meterStep, float64(bucket)))
}

func (m *meter) fade(now time.Time) {
	if m.since.IsZero() {
		m.since = now
	}
	halvings := now.Sub(m.since) / meterHalfLife
	if halvings <= 0 {
		return
	}
	m.since = m.since.Add(halvings * meterHalfLife)
	m.worked >>= halvings
	m.failed >>= halvings
	for i := range m.duration {
		m.duration[i] >>= halvings
	}
}

// rate is the share of calls that worked, and how many it is drawn from.
func (m *meter) rate(now time.Time) (share float64, calls uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fade(now)
	if calls = m.worked + m.failed; calls > 0 {
		share = float64(m.worked) / float64(calls)
	}
	return share, calls
}

// quantile is the time within which the share q of the calls was answered, accurate to a bucket; 0: not known.
func (m *meter) quantile(now time.Time, q float64) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fade(now)
	var total, seen uint64
	for _, n := range m.duration {
		total += n
	}
	if total == 0 {
		return 0
	}
	for i, n := range m.duration {
		if seen += n; float64(seen) >= q*float64(total) {
			return boundOf(i)
		}
	}
	return boundOf(meterBuckets - 1)
}
