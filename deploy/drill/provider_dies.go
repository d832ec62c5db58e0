package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// What provider-dies works with. A probe lasts as long as a call may.
const (
	dyingRate    = 100 // sends a second
	dyingTimeout = time.Second
	dyingOpenFor = 5 * time.Second
	dyingPhase   = 20 * time.Second       // healthy, and dead
	dyingBeat    = 100 * time.Millisecond // for the next send to come, and be answered
)

// pair is a gateway before two providers, under steady load.
type pair struct {
	*stage
	api     *client
	inbox   *twin.Inbox
	a, b    *upstream
	timings timings
	tally   *tally

	mu   sync.Mutex
	sent []delivered // every send that was answered 201
}

type delivered struct {
	to, reference, provider string
	at                      time.Time
}

// providerDies holds a second pair beside the first, of which nobody dies: what both are slow at is the machine.
func providerDies(s *stage) error {
	control, err := s.newPair()
	if err != nil {
		return err
	}
	d, err := s.newPair()
	if err != nil {
		return err
	}
	stop, stopControl := s.pace(dyingRate, d.send), s.pace(dyingRate, control.send)
	defer stopControl()
	defer stop()
	s.rest(3 * time.Second) // warm up
	before, _ := d.measure("both alive", control)
	if err := d.die(); err != nil {
		return err
	}
	dead, machine := d.measure("one dead", control)
	limit := nearly(max(before, machine))
	s.expect(dead <= limit, "p99 with one dead is %v; before it was %v, without a dead one it is %v now: at most %v",
		short(dead), short(before), short(machine), short(limit))
	d.heal()
	stop()
	d.verifyAll()
	return nil
}

// nearly is what counts as no slower than t on a machine with other work: a quarter more, and 5 ms in any case. Who
// waited for a provider that is dead would be slower by a second.
func nearly(t time.Duration) time.Duration { return max(t+t/4, t+5*time.Millisecond) }

func (s *stage) newPair() (p *pair, err error) {
	p = &pair{stage: s, inbox: new(twin.Inbox), tally: newTally()}
	if p.a, err = s.hubtel("a", p.inbox); err != nil {
		return nil, err
	}
	if p.b, err = s.hubtel("b", p.inbox); err != nil {
		return nil, err
	}
	more := fmt.Sprintf(", timeout: %v, breaker: {open_for: %v}", dyingTimeout, dyingOpenFor)
	g, err := s.serve(settings{
		Providers: hubtelBlock("a", p.a.url, more) + hubtelBlock("b", p.b.url, more),
		Routes:    "  - {name: rest, use: [a, b]}",
	})
	if err != nil {
		return nil, err
	}
	p.api = s.newClient(g.url)
	return p, nil
}

func (p *pair) send(n int, due time.Time) {
	to := ghanaian(n)
	a, err := p.api.send(to, "")
	p.timings.done(due)
	if err != nil || a.status != http.StatusCreated {
		p.tally.add("sends that failed", fmt.Sprint(a, err))
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, delivered{to, a.Reference, a.Provider, time.Now()})
}

// measure lets the load go on for a while and returns the p99 of both.
func (p *pair) measure(what string, control *pair) (own, other time.Duration) {
	from := time.Now()
	p.rest(dyingPhase)
	to := time.Now()
	mine, theirs := p.timings.between(from, to), control.timings.between(from, to)
	p.say("%v, %s: %s", dyingPhase, what, mine)
	p.say("  without a dead one: %s", theirs)
	return mine.quantile(0.99), theirs.quantile(0.99)
}

// die has provider a hang, and returns when the gateway leaves it alone.
func (p *pair) die() error {
	began := time.Now()
	if err := p.a.Faults.Set(twin.Fault{Kind: twin.Hang}); err != nil {
		return err
	}
	open := p.await(10*time.Second, func() bool { return p.api.breaker("a") == "open" })
	p.expect(open, "its breaker opens, %v after it began to hang", short(time.Since(began)))
	p.rest(dyingTimeout) // those that were under way
	p.say("until then: %s", p.timings.between(began, time.Now()))
	return nil
}

// heal has provider a answer again, and waits until it is given sends.
func (p *pair) heal() {
	began := time.Now()
	p.a.Faults.Clear("")
	var first time.Time
	back := p.await(time.Minute, func() bool {
		first = p.firstBy("a", began)
		return !first.IsZero()
	})
	took := first.Sub(began)
	p.expect(back && took <= dyingOpenFor+dyingTimeout+dyingBeat,
		"it is back in use %v after it healed; open_for is %v, a probe %v", short(took), dyingOpenFor, dyingTimeout)
	from := time.Now()
	p.rest(5 * time.Second)
	byA, all := p.share("a", from)
	p.expect(byA == all && all > 0, "from then on it carries all again: %d of %d", byA, all)
}

func (p *pair) firstBy(provider string, after time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.sent {
		if one.provider == provider && one.at.After(after) {
			return one.at
		}
	}
	return time.Time{}
}

func (p *pair) share(provider string, after time.Time) (by, all int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.sent {
		if one.at.After(after) {
			all++
			if one.provider == provider {
				by++
			}
		}
	}
	return by, all
}

// verifyAll expects that every reference that was answered is known, and its code good.
func (p *pair) verifyAll() {
	texts := map[string]string{} // by number and twin
	for _, m := range p.inbox.Messages("", providers.SMS) {
		texts[m.To+m.Twin] = m.Text
	}
	known, verified := 0, 0
	for _, one := range p.sent {
		if a, err := p.api.status(one.reference); err == nil && a.state() == "pending" {
			known++
		}
		a, err := p.api.verify(one.reference, codeIn(texts[one.to+one.provider]))
		if err == nil && a.status == http.StatusOK {
			verified++
		}
	}
	p.none(p.tally, "sends that failed")
	p.expect(known == len(p.sent) && verified == known, "no send is lost: %d answered, %d known, %d verified",
		len(p.sent), known, verified)
}
