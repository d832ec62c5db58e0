package routing

import (
	"cmp"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// State is what a breaker lets through.
type State string

// The states of a breaker.
const (
	Closed   State = "closed"    // everything
	HalfOpen State = "half_open" // a few calls on trial
	Open     State = "open"      // nothing
)

// Breaker is how a breaker judges. Zero fields take the defaults 5 of 10, 15 s and one probe.
type Breaker struct {
	Failures int           // in a row open it, and so does their share Failures/Of of the last minute's calls
	Of       int           // calls at the least before a share counts
	OpenFor  time.Duration // until calls are let through on trial
	Probes   int           // calls on trial at one time, and successes that close it
	SlowCall time.Duration // a call that takes as long is a failure, although its result is used; 0: none is
}

const (
	breakerWindow = time.Minute
	breakerBucket = 5 * time.Second
)

func (b Breaker) withDefaults() Breaker {
	b.Failures = cmp.Or(b.Failures, 5)
	b.Of = max(cmp.Or(b.Of, 10), b.Failures)
	b.OpenFor = cmp.Or(b.OpenFor, 15*time.Second)
	b.Probes = cmp.Or(b.Probes, 1)
	return b
}

func (b Breaker) trips(n gobreaker.Counts) bool {
	failed, calls := int(n.TotalFailures), int(n.TotalFailures+n.TotalSuccesses)
	return int(n.ConsecutiveFailures) >= b.Failures || calls >= b.Of && failed*b.Of >= b.Failures*calls
}

// What gobreaker is told of a call. Nil is a success.
var (
	errBad     = errors.New("failure")
	errFatal   = errors.New("failure that lasts")
	errNeutral = errors.New("not counted")
)

func (m mark) err() error {
	switch m {
	case good:
		return nil
	case fatal:
		return errFatal
	case neutral:
		return errNeutral
	case bad:
	}
	return errBad
}

// breaker guards one spot. It outlives the settings it works by.
type breaker struct {
	spot     Spot
	observer Observer
	core     atomic.Pointer[core]

	mu      sync.Mutex
	changes []change // that the observer has not been told yet
	telling bool     // somebody is telling them
}

type change struct{ from, to State }

// core is a breaker from its making until other settings, or an early probe that went well, put another in its place.
// What is asked on every plan stands in atomics beside gobreaker's lock.
type core struct {
	settings Breaker
	gate     *gobreaker.TwoStepCircuitBreaker[struct{}]
	state    atomic.Int32 // a gobreaker.State
	until    atomic.Int64 // Unix nanoseconds: the end of being open
	probed   atomic.Bool  // the early probe of this opening is taken
	fatal    bool         // under gobreaker's lock: the call that is being counted ended fatally
}

func newBreaker(spot Spot, settings Breaker, observer Observer) *breaker {
	b := &breaker{spot: spot, observer: observer}
	b.core.Store(b.newCore(settings.withDefaults()))
	return b
}

// newCore makes a closed core. gobreaker calls all four functions with its lock held, IsSuccessful right before
// ReadyToTrip: that is how a single failure can open it. None of them may ask gobreaker for anything.
func (b *breaker) newCore(settings Breaker) *core {
	c := &core{settings: settings}
	c.gate = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:         b.spot.Provider,
		MaxRequests:  uint32(settings.Probes), // a small count from the configuration
		Interval:     breakerWindow,
		BucketPeriod: breakerBucket,
		Timeout:      settings.OpenFor,
		IsExcluded:   func(err error) bool { return errors.Is(err, errNeutral) },
		IsSuccessful: func(err error) bool {
			c.fatal = errors.Is(err, errFatal)
			return err == nil
		},
		ReadyToTrip: func(n gobreaker.Counts) bool { return c.fatal || settings.trips(n) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				c.until.Store(time.Now().Add(settings.OpenFor).UnixNano())
				c.probed.Store(false)
			}
			c.state.Store(int32(to)) // one of three
			b.note(change{stateOf(from), stateOf(to)})
		},
	})
	return c
}

func stateOf(s gobreaker.State) State {
	switch s {
	case gobreaker.StateOpen:
		return Open
	case gobreaker.StateHalfOpen:
		return HalfOpen
	case gobreaker.StateClosed:
	}
	return Closed
}

// configure puts new settings in force. Only where they differ is the state forgotten.
func (b *breaker) configure(settings Breaker) {
	settings = settings.withDefaults()
	c := b.core.Load()
	if c.settings != settings {
		b.replace(c, settings)
	}
}

// replace puts a closed core in the place of c, unless somebody else did.
func (b *breaker) replace(c *core, settings Breaker) {
	from := stateOf(gobreaker.State(c.state.Load()))
	if b.core.CompareAndSwap(c, b.newCore(settings)) && from != Closed {
		b.note(change{from, Closed})
	}
	b.tell()
}

// look tells the state at now; until when it is open; and whether an early probe may be asked for.
func (b *breaker) look(now time.Time) (state State, until time.Time, probe bool) {
	c := b.core.Load()
	state = stateOf(gobreaker.State(c.state.Load()))
	if state != Open {
		return state, time.Time{}, false
	}
	ends := c.until.Load()
	if now.UnixNano() > ends { // gobreaker turns half-open when it is asked
		state = stateOf(c.gate.State())
		b.tell()
		return state, time.Time{}, false
	}
	return Open, time.Unix(0, ends), !c.probed.Load()
}

// permit is the right to make one call. It must be ended.
type permit struct {
	breaker *breaker
	core    *core
	done    func(error) // nil: an early probe
}

// allow asks for a call. While the breaker is open, or its places on trial are taken, there is none.
func (b *breaker) allow() (permit, bool) {
	c := b.core.Load()
	done, err := c.gate.Allow()
	b.tell()
	return permit{b, c, done}, err == nil
}

// allowEarly asks for a call through a breaker that is open, for when all are. There is one for each opening. A breaker
// that is no longer open answers as it does to everybody.
func (b *breaker) allowEarly(now time.Time) (permit, bool) {
	if state, _, _ := b.look(now); state != Open {
		return b.allow()
	}
	c := b.core.Load()
	return permit{breaker: b, core: c}, c.probed.CompareAndSwap(false, true)
}

// end tells the breaker what became of the call. An early probe that went well closes it.
func (p permit) end(m mark) {
	switch {
	case p.done != nil:
		p.done(m.err())
	case m == good:
		p.breaker.replace(p.core, p.core.settings)
	case m == neutral:
		p.core.probed.Store(false)
	}
	p.breaker.tell()
}

// blame counts a failure that nobody asked a permit for. An open breaker takes no notice.
func (b *breaker) blame(m mark) {
	if p, ok := b.allow(); ok {
		p.end(m)
	}
}

// slow tells whether a call that took so long counts as failed.
func (b *breaker) slow(took time.Duration) bool {
	limit := b.core.Load().settings.SlowCall
	return limit > 0 && took >= limit
}

func (b *breaker) note(c change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changes = append(b.changes, c)
}

// tell tells the observer of all changes, in their order and under no lock. Who finds another telling leaves it to him.
func (b *breaker) tell() {
	if !b.beginTelling() {
		return
	}
	for c, ok := b.nextChange(); ok; c, ok = b.nextChange() {
		b.observer.BreakerChanged(b.spot, c.from, c.to)
	}
}

func (b *breaker) beginTelling() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.telling || len(b.changes) == 0 {
		return false
	}
	b.telling = true
	return true
}

func (b *breaker) nextChange() (change, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.changes) == 0 {
		b.telling = false
		return change{}, false
	}
	c := b.changes[0]
	b.changes = b.changes[1:]
	return c, true
}
