package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers/twin"
	"github.com/otpgate/otpgate/providers/zend/zendtwin"
)

// What all-die works with.
const (
	outageTimeout = 2 * time.Second // of a request
	outageOpenFor = time.Second
	outageHolders = 40 // who hold a code when the outage begins
	outageGuesses = 6  // of each during it: more than a verification grants
	outageSends   = 200
	outageRate    = 150 // requests a second
)

// outage is three providers that all fail.
type outage struct {
	*stage
	api   *client
	inbox *twin.Inbox
	ups   []*upstream
	next  int // person
}

// outageFaults are the ways to fail, one after the other.
func outageFaults() []twin.Fault {
	return []twin.Fault{
		{Kind: twin.Status, Status: 503},
		{Kind: twin.Hang},
		{Kind: twin.Reset},
		{Kind: twin.HTML},
		{Kind: twin.Status, Status: 429, RetryAfter: "2"},
		{Kind: twin.Status, Status: 401},
	}
}

func allDie(s *stage) error {
	o := &outage{stage: s, inbox: new(twin.Inbox)}
	if err := o.open(); err != nil {
		return err
	}
	for _, f := range outageFaults() {
		if err := o.pass(f); err != nil {
			return err
		}
	}
	return nil
}

func (o *outage) open() error {
	more := fmt.Sprintf(", timeout: 500ms, breaker: {open_for: %v}", outageOpenFor)
	set := settings{
		Timeout: outageTimeout.String(),
		Limits:  "recipient: [], recipient_failures: 3/24h, ip: [], app: []",
		Routes: "  - {name: rest, strategy: weighted, use: " +
			"[{provider: a, weight: 1}, {provider: b, weight: 1}, {provider: zend, weight: 1}]}",
	}
	for _, name := range []string{"a", "b"} {
		u, err := o.hubtel(name, o.inbox)
		if err != nil {
			return err
		}
		o.ups = append(o.ups, u)
		set.Providers += hubtelBlock(name, u.url, more)
	}
	u, err := o.upstream(zendtwin.New(zendtwin.Options{Inbox: o.inbox}))
	if err != nil {
		return err
	}
	o.ups = append(o.ups, u)
	set.Providers += zendBlock(u.url, more)
	p, err := o.serve(set)
	if err == nil {
		o.api = o.newClient(p.url)
	}
	return err
}

// holder is somebody who holds a code.
type holder struct {
	to, reference, code string
	turn                sync.Mutex // one guess after the other, as people do
}

// pass is one outage, from its beginning to its end.
func (o *outage) pass(f twin.Fault) error {
	o.say("%s %s", f.Kind, statusOf(f))
	holders, err := o.holders()
	if err != nil {
		return err
	}
	for _, u := range o.ups {
		if err := u.Faults.Set(f); err != nil {
			return err
		}
	}
	t, slowest := o.suffer(holders)
	all := outageSends + outageHolders*outageGuesses
	o.expect(t.of(unavailable) == all, "%s: %d of %d sends and guesses", unavailable, t.of(unavailable), all)
	for name := range t.counts {
		if name != unavailable {
			o.none(t, name)
		}
	}
	o.expect(slowest <= outageTimeout+slack, "the slowest answer took %v; the request timeout is %v",
		short(slowest), outageTimeout)
	o.heal(holders)
	return nil
}

func statusOf(f twin.Fault) string {
	if f.Status == 0 {
		return ""
	}
	return fmt.Sprint(f.Status)
}

func (o *outage) holders() ([]*holder, error) {
	var all []*holder
	for range outageHolders {
		to := o.person()
		a, err := o.api.send(to, "")
		if err != nil || a.status != http.StatusCreated {
			return nil, fmt.Errorf("a send before the outage: %v %w", a, err)
		}
		all = append(all, &holder{to: to, reference: a.Reference, code: codes(o.inbox, to, "")[0]})
	}
	return all, nil
}

func (o *outage) person() string {
	o.next++
	return ghanaian(o.next)
}

// suffer sends and guesses while nobody answers: right codes and wrong ones in turn.
func (o *outage) suffer(holders []*holder) (*tally, time.Duration) {
	var requests []func() (answer, error)
	for range outageSends {
		to := o.person()
		requests = append(requests, func() (answer, error) { return o.api.send(to, "") })
	}
	for i := range outageGuesses {
		for _, h := range holders {
			guess := h.code
			if i%2 == 1 {
				guess = wrong([]string{h.code})
			}
			requests = append(requests, func() (answer, error) {
				h.turn.Lock()
				defer h.turn.Unlock()
				return o.api.verify(h.reference, guess)
			})
		}
	}
	t := newTally()
	var slowest slowest
	o.burst(len(requests), outageRate, func(n int) {
		a, err := requests[n]()
		slowest.see(a.took)
		t.add(verdict(a, err), fmt.Sprint(a, err))
	})
	return t, slowest.took()
}

// unavailable is how every request must be answered.
const unavailable = "provider_unavailable with Retry-After"

func verdict(a answer, err error) string {
	switch {
	case err != nil:
		return "no answer"
	case a.status == 503 && a.problem() == "provider_unavailable" && a.retryAfter() >= time.Second:
		return unavailable
	default:
		return fmt.Sprintf("%d %s, Retry-After %q", a.status, a.problem(), a.header.Get("Retry-After"))
	}
}

// heal ends the outage. Every guess must have been given back, and every code be good.
func (o *outage) heal(holders []*holder) {
	untouched := 0
	for _, h := range holders {
		if a, err := o.api.status(h.reference); err == nil && a.state() == "pending" && a.Attempts == 0 {
			untouched++
		}
	}
	o.expect(untouched == len(holders), "every guess was given back: %d of %d verifications count none",
		untouched, len(holders))
	began := time.Now()
	for _, u := range o.ups {
		u.Faults.Clear("")
	}
	back := o.await(10*time.Second, func() bool {
		a, err := o.api.send(o.person(), "")
		return err == nil && a.status == http.StatusCreated
	})
	o.expect(back, "a send succeeds %v after all healed, without a restart", short(time.Since(began)))
	right := 0
	for _, h := range holders {
		if a, err := o.api.verify(h.reference, h.code); err == nil && a.status == http.StatusOK {
			right++
		}
	}
	o.expect(right == len(holders), "the codes from before the outage are good: %d of %d", right, len(holders))
	closed := o.await(10*time.Second, o.allClosed)
	o.expect(closed, "every breaker is closed %v after all healed", short(time.Since(began)))
}

// allClosed sends, so that breakers find out, and tells whether all are closed.
func (o *outage) allClosed() bool {
	_, _ = o.api.send(o.person(), "")
	for _, name := range []string{"a", "b", "zend"} {
		if o.api.breaker(name) != "closed" {
			return false
		}
	}
	return true
}
