package routing

import (
	"math"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter bounds the calls to one provider: how many begin in a second, and how many are under way. A second's worth
// may begin at once.
type limiter struct {
	mu        sync.Mutex
	perSecond float64 // 0: not bounded
	rate      *rate.Limiter
	max       int // under way at one time; 0: not bounded
	inFlight  int
	queue     []chan struct{} // who waits for a place, first come first served; a place is handed over by closing
}

func newLimiter(perSecond float64, inFlight int) *limiter {
	l := &limiter{rate: rate.NewLimiter(rate.Inf, 0)}
	l.configure(perSecond, inFlight)
	return l
}

// configure puts new bounds in force. What is under way and what was used of the current second stay counted.
func (l *limiter) configure(perSecond float64, inFlight int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit, burst := rate.Inf, 0
	if perSecond > 0 {
		limit, burst = rate.Limit(perSecond), int(math.Ceil(perSecond))
	}
	switch l.perSecond {
	case perSecond:
	case 0: // nothing was counted until now
		l.rate = rate.NewLimiter(limit, burst)
	default:
		l.rate.SetLimit(limit)
		l.rate.SetBurst(burst)
	}
	l.perSecond, l.max = perSecond, inFlight
	l.handOver()
}

// enter takes a place if one is free at now. Whoever enters leaves.
func (l *limiter) enter(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.full() || !l.rate.AllowN(now, 1) {
		return false
	}
	l.inFlight++
	return true
}

// join takes a place whether or not one is free: for a verify, which nobody else can answer.
func (l *limiter) join(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rate.AllowN(now, 1)
	l.inFlight++
}

// enterBy waits for a place, until the time given at the latest, or until stop is closed.
func (l *limiter) enterBy(latest time.Time, stop <-chan struct{}) bool {
	if !l.awaitTurn(latest, stop) {
		return false
	}
	turn, taken := l.enqueue()
	if taken {
		return true
	}
	timer := time.NewTimer(time.Until(latest))
	defer timer.Stop()
	select {
	case <-turn:
		return true
	case <-timer.C:
	case <-stop:
	}
	return l.giveUp(turn)
}

// awaitTurn waits until the rate lets one more begin.
func (l *limiter) awaitTurn(latest time.Time, stop <-chan struct{}) bool {
	now := time.Now()
	l.mu.Lock()
	r := l.rate.ReserveN(now, 1)
	l.mu.Unlock()
	wait := r.DelayFrom(now)
	if now.Add(wait).After(latest) {
		r.CancelAt(now)
		return false
	}
	return pause(wait, stop)
}

func (l *limiter) enqueue() (turn chan struct{}, taken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.full() {
		l.inFlight++
		return nil, true
	}
	turn = make(chan struct{})
	l.queue = append(l.queue, turn)
	return turn, false
}

// giveUp leaves the queue. A place that was handed over in the same moment is kept.
func (l *limiter) giveUp(turn chan struct{}) (taken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.queue, turn)
	if i < 0 {
		return true
	}
	l.queue = slices.Delete(l.queue, i, i+1)
	return false
}

// leave gives the place to the one who waits longest.
func (l *limiter) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	l.handOver()
}

func (l *limiter) handOver() {
	for len(l.queue) > 0 && !l.full() {
		l.inFlight++
		close(l.queue[0])
		l.queue = slices.Delete(l.queue, 0, 1)
	}
}

func (l *limiter) full() bool { return l.max > 0 && l.inFlight >= l.max }

// wait tells whether a call would have to wait at now, and how long where that is known.
func (l *limiter) wait(now time.Time) (wait time.Duration, limited bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.perSecond > 0 {
		if missing := 1 - l.rate.TokensAt(now); missing > 0 {
			return time.Duration(missing / l.perSecond * float64(time.Second)), true
		}
	}
	return 0, l.full()
}

// level tells how far the bounds are used: calls that may begin at once, calls under way, and the bounds themselves.
// Negative tokens are owed by calls that wait.
func (l *limiter) level(now time.Time) (tokens, perSecond float64, inFlight, maxInFlight int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.perSecond > 0 {
		tokens = l.rate.TokensAt(now)
	}
	return tokens, l.perSecond, l.inFlight, l.max
}
