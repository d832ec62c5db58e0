package routing

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Settings are an engine's part of the configuration.
type Settings struct {
	Rules     []Rule // the first that matches is taken
	Providers []ProviderSettings
	// LateAnswer is how long the answer to a try that may have taken effect is waited for beside the chain; 0: 30 s.
	LateAnswer time.Duration
}

// ProviderSettings are a provider, and those of its settings that routing looks after.
type ProviderSettings struct {
	Provider     providers.Provider
	Timeout      time.Duration // of one call; 0: 5 s
	MaxPerSecond float64       // calls that may begin in a second; 0: not bounded
	MaxInFlight  int           // calls under way at one time; 0: not bounded
	Breaker      Breaker
	Prices       map[Market]Price // of one delivery
}

const (
	usualTimeout    = 5 * time.Second
	usualLateAnswer = 30 * time.Second
)

// The operations, as calls and errors name them.
const (
	opSend   = "send"
	opResend = "resend"
	opVerify = "verify"
)

// Engine asks providers. It is made for one configuration and never changed.
type Engine struct {
	routes     []route
	units      map[string]*unit
	health     *Health
	lateAnswer time.Duration
	crew       crew
	base       context.Context // ends when the engine is closed
	cancel     context.CancelFunc
}

// unit is a configured provider.
type unit struct {
	provider providers.Provider
	info     providers.Info
	resender providers.Resender // nil: it has no resend of its own
	timeout  time.Duration
	settings ProviderSettings
	limiter  *limiter
	posts    map[providers.Channel]*post
}

// route is a rule, ready for use.
type route struct {
	Rule
	entries map[providers.Channel][]entry
	turn    *atomic.Uint64 // counts the requests that are left to chance
}

// NewEngine makes an engine. It puts the settings in force in health, so it comes last when a configuration is taken
// up. The error names what a rule uses and nobody built.
func NewEngine(s Settings, health *Health) (*Engine, error) {
	e := &Engine{health: health, units: map[string]*unit{}, lateAnswer: cmp.Or(s.LateAnswer, usualLateAnswer)}
	for _, p := range s.Providers {
		e.units[p.Provider.Info().Name] = nil
	}
	for _, rule := range s.Rules {
		for _, candidate := range rule.Use {
			if _, ok := e.units[candidate.Provider]; !ok {
				return nil, fmt.Errorf("routing: rule %q uses %q, which is no provider", rule.Name, candidate.Provider)
			}
		}
	}
	for _, p := range s.Providers {
		e.units[p.Provider.Info().Name] = newUnit(p, health)
	}
	for _, rule := range s.Rules {
		e.routes = append(e.routes, e.newRoute(rule))
	}
	e.base, e.cancel = context.WithCancel(context.Background())
	return e, nil
}

func newUnit(s ProviderSettings, health *Health) *unit {
	info := s.Provider.Info()
	u := &unit{
		provider: s.Provider, info: info, settings: s, timeout: cmp.Or(s.Timeout, usualTimeout),
		limiter: health.limiter(info.Name, s), posts: map[providers.Channel]*post{},
	}
	u.resender, _ = s.Provider.(providers.Resender)
	for _, c := range info.Coverage {
		u.posts[c.Channel] = health.post(Spot{info.Name, c.Channel}, s.Breaker)
	}
	return u
}

func (e *Engine) newRoute(rule Rule) route {
	rule.Strategy = cmp.Or(rule.Strategy, Priority)
	rule.OnAmbiguous = cmp.Or(rule.OnAmbiguous, Next)
	rule.Deadline = cmp.Or(rule.Deadline, DefaultDeadline)
	r := route{Rule: rule, entries: map[providers.Channel][]entry{}, turn: new(atomic.Uint64)}
	r.turn.Store(rand.Uint64()) // where to begin: several gateways should not draw in step
	for _, channel := range orAll(rule.When.Channels, providers.Channels()) {
		var entries []entry
		for i, candidate := range rule.Use {
			spot := Spot{candidate.Provider, channel}
			if !slices.ContainsFunc(entries, func(en entry) bool { return en.spot == spot }) {
				entries = append(entries, e.newEntry(spot, i+1, max(0, candidate.Weight)))
			}
		}
		r.entries[channel] = entries
	}
	return r
}

func (e *Engine) newEntry(spot Spot, listed, weight int) entry {
	u := e.units[spot.Provider]
	en := entry{spot: spot, unit: u, post: u.posts[spot.Channel], listed: listed, weight: weight}
	en.prices = pricesOn(spot.Channel, u.settings.Prices)
	if c, ok := u.info.On(spot.Channel); ok {
		en.coverage = &c
	}
	en.why = misfitsOf(spot, en.coverage)
	return en
}

func (e *Engine) post(spot Spot) *post {
	if u := e.units[spot.Provider]; u != nil {
		return u.posts[spot.Channel]
	}
	return nil
}

// Plan tells what Send would do with req now. It asks nobody and counts nothing.
func (e *Engine) Plan(req Request) Plan {
	return e.plan(&req, func(r *route) uint64 { return r.turn.Load() + 1 })
}

func (e *Engine) plan(req *Request, turn func(*route) uint64) Plan {
	r := e.routeOf(req)
	if r == nil {
		return Plan{Deadline: DefaultDeadline}
	}
	now := time.Now()
	entries := r.entries[req.Send.Channel]
	var room [roomFor]vitals
	seen := room[:0]
	for i := range entries {
		seen = append(seen, e.look(r, &entries[i], req, now))
	}
	return r.plan(req, entries, seen, now, r.chance(req, turn))
}

// routeOf is the first route that matches; nil: none does.
func (e *Engine) routeOf(req *Request) *route {
	for i := range e.routes {
		if r := &e.routes[i]; r.When.matches(req) {
			return r
		}
	}
	return nil
}

// chance is the number that decides what the route's strategy leaves to chance: the same for every request with the
// same key, and evenly spread for those without.
func (r *route) chance(req *Request, turn func(*route) uint64) float64 {
	switch {
	case r.Strategy != Weighted && r.Strategy != Best:
		return 0
	case req.Key != "":
		return chanceOf(req.App, req.Key)
	}
	return chanceAt(turn(r))
}

// look reads the health of an entry.
func (e *Engine) look(r *route, en *entry, req *Request, now time.Time) vitals {
	if en.post == nil {
		return vitals{}
	}
	v := en.look(now)
	if r.Strategy == Best {
		v.quality = e.health.quality.read(en.spot, req.Send.To.Country(), now)
		v.typical = en.post.meter.quantile(now, 0.5)
	}
	return v
}

// Send has one provider take the request: the first of the plan that does. Besides the error, a [*Failure], the outcome
// tells every try. late is told, once for each, of tries whose answer was unknown when Send went on, and whose code can
// be checked after all; it may be called after Send has returned and before, and from other goroutines. It may be nil.
func (e *Engine) Send(ctx context.Context, req Request, late func(Try)) (Outcome, error) {
	if !e.crew.enter() {
		return Outcome{}, closing()
	}
	defer e.crew.leave()
	c := e.newChain(ctx, &req, e.plan(&req, nextTurn), late)
	c.add()
	return c.run()
}

func nextTurn(r *route) uint64 { return r.turn.Add(1) }
