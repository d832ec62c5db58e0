package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/zend/zendtwin"
)

// What two-gateways works with.
const (
	twinClients  = 64   // connections of the load
	twinMost     = 5000 // verifications that one of them comes to
	twinTime     = 5 * time.Second
	timersOfEach = 100             // fallbacks that are started at each gateway
	timerSoon    = 2 * time.Second // until their next steps: both gateways are there
	timerLate    = 6 * time.Second // the first gateway, at which they were started, is dead by then
	timerWithin  = 30 * time.Second
	stepsPeople  = 5_000_000 // the first person of these
)

// two is two gateways on one Redis.
type two struct {
	*ledger
	first *process // the one that is killed
	both  *fleet
	tried int // people whose limits were tried
}

func twoGateways(s *stage) error {
	t := &two{ledger: s.newLedger()}
	if err := t.open(); err != nil {
		return err
	}
	t.holdLimits()
	if err := t.die(); err != nil {
		return err
	}
	other := t.both.any()
	t.look(other)
	t.again(other)
	t.stray(other)
	t.only(sent, verifiedNow, wrongCode, usedCode, noAnswer)
	lost := t.answers.of("send "+noAnswer) + t.answers.of("verify "+noAnswer)
	t.expect(lost <= twinClients, "requests that the dead one left unanswered: %d of %d connections", lost, twinClients)
	t.faults()
	t.stepsOnce(1, "the steps that came due while both were there")
	t.stepsOnce(0, "the steps that the dead one had started")
	return nil
}

// die kills the first gateway under load, with steps of fallbacks still to come.
func (t *two) die() error {
	quit := make(chan struct{})
	var clients sync.WaitGroup
	for client := range twinClients {
		clients.Go(func() { t.load(client*twinMost, quit) })
	}
	t.startSteps(1, timerSoon)
	t.rest(twinTime)
	t.startSteps(0, timerLate)
	t.both.down[0].Store(true)
	t.say("kill -9 of the first gateway under load of %d connections; the second goes on", twinClients)
	err := t.first.kill()
	t.rest(twinTime)
	close(quit)
	clients.Wait()
	t.say("answered: %s", t.figures())
	return err
}

func (t *two) open() error {
	redis, err := t.startRedis("--appendonly", "yes")
	if err != nil {
		return err
	}
	set, err := t.providers()
	if err != nil {
		return err
	}
	whatsapp, err := t.upstream(zendtwin.New(zendtwin.Options{Inbox: t.hosted}))
	if err != nil {
		return err
	}
	set.Store = redis.store()
	set.Limits = fmt.Sprintf("recipient: [%d/1h], recipient_failures: %d/24h, ip: [%d/1h], app: []",
		limitOfPerson, limitOfFailures, limitOfAddress)
	set.Providers += zendBlock(whatsapp.url, "")
	set.Routes = "  - {name: whatsapp, when: {channel: [whatsapp]}, use: [zend]}\n" + set.Routes
	ps, both, err := t.serveTwo(set)
	t.first, t.both = ps[0], both
	return err
}

// load is one client: it lets people live, whichever gateway answers, until quit is closed.
func (t *two) load(first int, quit <-chan struct{}) {
	for n := first; t.ctx.Err() == nil; n++ {
		_ = t.live(n, t.both.any) // what is not answered is counted
		select {
		case <-quit:
			return
		default:
		}
	}
}

// startSteps starts verifications at one gateway whose next step is due later.
func (t *two) startSteps(gateway int, after time.Duration) {
	started := newTally()
	t.burst(timersOfEach, 200, func(n int) {
		a, err := t.both.clients[gateway].send(t.stepper(gateway, n),
			fmt.Sprintf(`,"fallback":[{"channel":"whatsapp","after":"%v"}]`, after))
		started.add(verdictOf(a, err), fmt.Sprint(a, err))
	})
	t.expect(started.of("201") == timersOfEach, "gateway %d starts %d fallbacks of %v: %v", gateway+1, timersOfEach,
		after, started.counts)
}

// stepper is the n-th person with a fallback that a gateway has started.
func (t *two) stepper(gateway, n int) string { return ghanaian(stepsPeople + gateway*timersOfEach + n) }

// stepsOnce expects that every step was made, and by one gateway.
func (t *two) stepsOnce(gateway int, what string) {
	arrived := func(n int) int { return len(t.hosted.Messages(t.stepper(gateway, n), providers.WhatsApp)) }
	made := t.await(timerWithin, func() bool {
		for n := range timersOfEach {
			if arrived(n) == 0 {
				return false
			}
		}
		return true
	})
	t.rest(2 * time.Second) // for one that is made twice
	counts := map[int]int{}
	for n := range timersOfEach {
		counts[arrived(n)]++
	}
	t.expect(made && counts[1] == timersOfEach, "%s are each made once: %v (messages: steps)", what, counts)
}

// statusCounts runs a request at both gateways in turn, all at the same time, and counts the answers.
func (t *two) statusCounts(times int, do func(at *client) (answer, error)) *tally {
	counts := newTally()
	var all sync.WaitGroup
	for n := range times {
		all.Go(func() {
			a, err := do(t.both.clients[n%len(t.both.clients)])
			name := verdictOf(a, err)
			if a.status == http.StatusCreated || a.status == http.StatusOK {
				name = "granted"
			}
			counts.add(name, fmt.Sprint(a, err))
		})
	}
	all.Wait()
	return counts
}
