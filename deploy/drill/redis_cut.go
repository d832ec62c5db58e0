package main

import (
	"net/http"
	"time"
)

// What redis-cut works with.
const (
	cutRate  = 60 // verifications begun in a second; each is four requests on the average
	cutPause = 700 * time.Millisecond
	cutTime  = 10 * time.Second
	calmTime = 3 * time.Second
	// personsOfLoad is more than live during one load.
	personsOfLoad = 20_000
	// storeWithin is how soon a request without a store must be answered (docs/operations.md).
	storeWithin = time.Second
	// cutSlack is what two busy cores may add to that. The slowest took half of it all with nothing else to do.
	cutSlack = 250 * time.Millisecond
)

// cut is two gateways that lose their Redis.
type cut struct {
	*ledger
	redis *redisServer
	both  *fleet
	next  int // first verification of the next load
}

func redisCut(s *stage) error {
	c := &cut{ledger: s.newLedger()}
	c.pause = cutPause
	var err error
	if c.redis, err = s.startRedis("--appendonly", "yes", "--appendfsync", "everysec"); err != nil {
		return err
	}
	set, err := c.providers()
	if err != nil {
		return err
	}
	set.Store = c.redis.store()
	if _, c.both, err = s.serveTwo(set); err != nil {
		return err
	}
	c.say("Redis stands still, its connections open (SIGSTOP)")
	if err := c.pass(c.redis.stop, c.redis.resume); err != nil {
		return err
	}
	c.say("Redis is killed (kill -9), and started again")
	if err := c.pass(func() error { c.redis.kill(); return nil }, c.redis.launch); err != nil {
		return err
	}
	for _, one := range c.both.clients {
		c.look(one)
	}
	c.again(c.both.any())
	c.stray(c.both.any())
	c.faults()
	return nil
}

// pass is one cut, under load from before it to after it.
func (c *cut) pass(take, give func() error) error {
	c.fresh()
	stop := c.load()
	c.rest(calmTime)
	if err := take(); err != nil {
		return err
	}
	c.rest(time.Second)
	c.expect(!c.both.clients[0].ready() && !c.both.clients[1].ready(), "meanwhile /readyz of both says no")
	c.rest(cutTime - time.Second)
	began := time.Now()
	if err := give(); err != nil {
		return err
	}
	c.recovers(began)
	stop()
	c.only(sent, verifiedNow, wrongCode, usedCode, exhausted, storeAway)
	refusals := c.answers.of("send "+storeAway) + c.answers.of("verify "+storeAway)
	c.expect(refusals > 0 && c.refusal.took() <= storeWithin+cutSlack,
		"the slowest of %d answers %s took %v; at most %v, and %v for the machine",
		refusals, storeAway, short(c.refusal.took()), storeWithin, cutSlack)
	c.fresh()
	stop = c.load()
	c.rest(calmTime)
	stop()
	c.say("afterwards, for %v:", calmTime)
	c.only(sent, verifiedNow, wrongCode, usedCode)
	return nil
}

// load lets people live on both gateways until stop is called, which waits for their ends.
func (c *cut) load() (stop func()) {
	first := c.next
	c.next += personsOfLoad
	return c.pace(cutRate, func(n int, _ time.Time) {
		_ = c.live(first+n, c.both.any) // what is not answered is counted
	})
}

// recovers waits until both gateways send, and say that they are ready.
func (c *cut) recovers(since time.Time) {
	n := c.next - personsOfLoad/10
	for i, one := range c.both.clients {
		back := c.await(recoverWithin, func() bool {
			n++
			a, err := one.send(nigerian(n), "")
			return err == nil && a.status == http.StatusCreated && one.ready()
		})
		c.expect(back, "gateway %d sends again, and is ready, %v after Redis is back; nobody restarted it",
			i+1, short(time.Since(since)))
	}
}
