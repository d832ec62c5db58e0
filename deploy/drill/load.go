package main

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// pace begins do with 0, 1, 2 … at a steady rate, whether or not the earlier ones are done: an open loop, so that a
// gateway that hesitates is not spared. It ends with the drill, or with stop, which waits for all that were begun.
func (s *stage) pace(perSecond int, do func(n int, due time.Time)) (stop func()) {
	quit := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { s.begin(&all, math.MaxInt, perSecond, quit, do) })
	return sync.OnceFunc(func() {
		close(quit)
		all.Wait()
	})
}

// burst is pace for a number of times. It returns when all that were begun are done.
func (s *stage) burst(times, perSecond int, do func(n int)) {
	var all sync.WaitGroup
	s.begin(&all, times, perSecond, nil, func(n int, _ time.Time) { do(n) })
	all.Wait()
}

func (s *stage) begin(all *sync.WaitGroup, times, perSecond int, quit <-chan struct{}, do func(int, time.Time)) {
	began := time.Now()
	for n := range times {
		due := began.Add(time.Duration(n) * time.Second / time.Duration(perSecond))
		timer := time.NewTimer(time.Until(due))
		select {
		case <-timer.C:
		case <-quit:
			timer.Stop()
			return
		case <-s.ctx.Done():
			timer.Stop()
			return
		}
		all.Go(func() { do(n, due) })
	}
}

// timings remember when each request was due, and how long after that it was answered.
type timings struct {
	mu  sync.Mutex
	all []timing
}

type timing struct {
	due  time.Time
	took time.Duration
}

// done notes a request that was due and has just been answered.
func (t *timings) done(due time.Time) {
	took := time.Since(due)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, timing{due, took})
}

// between are the times of the requests that were due between two moments.
func (t *timings) between(from, to time.Time) spans {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found spans
	for _, one := range t.all {
		if !one.due.Before(from) && one.due.Before(to) {
			found = append(found, one.took)
		}
	}
	slices.Sort(found)
	return found
}

// spans are times in order, shortest first.
type spans []time.Duration

// quantile is the time within which the share q was answered.
func (s spans) quantile(q float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	return s[min(len(s)-1, int(q*float64(len(s))))]
}

// String is for people.
func (s spans) String() string {
	return fmt.Sprintf("%d requests, p50 %v, p99 %v, slowest %v",
		len(s), short(s.quantile(0.50)), short(s.quantile(0.99)), short(s.quantile(1)))
}

// slack is what the machine may add to a time that the gateway keeps to.
const slack = time.Second

// highest remembers the highest number that it saw.
type highest struct{ most atomic.Int64 }

func (h *highest) see(n int64) {
	for seen := h.most.Load(); n > seen; seen = h.most.Load() {
		h.most.CompareAndSwap(seen, n)
	}
}

func (h *highest) value() int64 { return h.most.Load() }

// slowest remembers the longest time that it saw.
type slowest struct{ most highest }

func (s *slowest) see(took time.Duration) { s.most.see(int64(took)) }

func (s *slowest) took() time.Duration { return time.Duration(s.most.value()) }

// short leaves out what nobody reads.
func short(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
