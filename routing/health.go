package routing

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Health is what was learnt about the providers: breakers, limits, cool-downs, speed, verified shares. Engines come and
// go with the configuration; Health stays, and finds each spot again by provider and channel.
type Health struct {
	observer Observer
	quality  ledger

	mu       sync.Mutex
	posts    map[Spot]*post
	limiters map[string]*limiter
}

// NewHealth knows nothing yet. observer is told of everything that the engines built on it do; [Silent] wants to know
// nothing.
func NewHealth(observer Observer) *Health {
	if observer == nil {
		observer = Silent{}
	}
	return &Health{
		observer: observer,
		quality:  ledger{rows: map[qualityKey]Quality{}},
		posts:    map[Spot]*post{},
		limiters: map[string]*limiter{},
	}
}

// Feedback tells whether a code was verified in the end. country is the recipient's, empty for e-mail. Codes that
// nobody had a chance to enter, such as those of a canceled verification, belong in no share.
func (h *Health) Feedback(provider string, channel providers.Channel, country string, verified bool) {
	h.quality.record(Spot{provider, channel}, country, verified, time.Now())
}

// Export returns the verified shares, to be kept over a restart.
func (h *Health) Export() []Quality { return h.quality.export() }

// Import takes up what Export returned. Rows that make no sense are passed over.
func (h *Health) Import(rows []Quality) { h.quality.load(rows) }

// post is what is known of one spot.
type post struct {
	breaker *breaker
	meter   meter
	cool    atomic.Int64 // Unix nanoseconds until which the upstream asked to be left alone
}

// Cool-downs: what is taken where the upstream names none, and the longest that is believed. Beyond that a single call
// finds out whether it is still meant.
const (
	shortCoolDown   = time.Second
	longestCoolDown = 5 * time.Minute
)

func (p *post) coolDown(now time.Time, asked time.Duration) {
	if asked <= 0 {
		asked = shortCoolDown
	}
	until := now.Add(min(asked, longestCoolDown)).UnixNano()
	for seen := p.cool.Load(); seen < until; seen = p.cool.Load() {
		if p.cool.CompareAndSwap(seen, until) {
			return
		}
	}
}

// coolUntil tells until when the upstream is to be left alone; zero: it is not.
func (p *post) coolUntil(now time.Time) time.Time {
	if until := p.cool.Load(); until > now.UnixNano() {
		return time.Unix(0, until)
	}
	return time.Time{}
}

// post finds the spot's post, or makes it, and puts the settings in force.
func (h *Health) post(spot Spot, settings Breaker) *post {
	h.mu.Lock()
	p, ok := h.posts[spot]
	if !ok {
		p = &post{breaker: newBreaker(spot, settings, h.observer)}
		h.posts[spot] = p
	}
	h.mu.Unlock()
	p.breaker.configure(settings)
	return p
}

// limiter finds the provider's limiter, or makes it, and puts the bounds in force.
func (h *Health) limiter(provider string, s ProviderSettings) *limiter {
	h.mu.Lock()
	defer h.mu.Unlock()
	l, ok := h.limiters[provider]
	if !ok {
		l = newLimiter(s.MaxPerSecond, s.MaxInFlight)
		h.limiters[provider] = l
	}
	l.configure(s.MaxPerSecond, s.MaxInFlight)
	return l
}

// vitals is a spot's health as a plan sees it.
type vitals struct {
	state   State
	until   time.Time // the end of being open
	probe   bool      // open, and its early probe is not taken
	cool    time.Time // zero: not cooling down
	limited bool
	quality Quality       // for Best only
	typical time.Duration // median of its calls, for Best only; 0: not known
}

func (en *entry) look(now time.Time) vitals {
	var v vitals
	v.state, v.until, v.probe = en.post.breaker.look(now)
	v.cool = en.post.coolUntil(now)
	_, v.limited = en.unit.limiter.wait(now)
	return v
}
