package main

import (
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// What the kill drills work with.
const (
	killRounds  = 3
	killAfter   = 8 * time.Second // of load, and a little more from round to round
	killClients = 24
	killMost    = 10_000                // verifications that a client comes to in a round; no number is taken twice
	killRetry   = 50 * time.Millisecond // of a client that was told that the store is away
)

// crash is a gateway that is killed, and what its clients were told before.
type crash struct {
	*ledger
	file      string
	store     []string // patterns of the store's files
	redis     *redisServer
	collector *collector
	p         *process
	api       *client
	logs      []*journal
}

func kill(s *stage) error {
	c := &crash{ledger: s.newLedger()}
	if err := c.open(""); err != nil {
		return err
	}
	c.store = []string{filepath.Join(filepath.Dir(c.file), "otpgate.db*")}
	for n := range killRounds {
		if err := c.round(n, c.killGateway); err != nil {
			return err
		}
	}
	return c.finish(noAnswer)
}

// open writes the configuration; store are the members of its block of that name.
func (c *crash) open(store string) (err error) {
	if c.collector, err = c.collect(); err != nil {
		return err
	}
	set, err := c.providers()
	if err != nil {
		return err
	}
	set.Store, set.Telemetry = store, c.collector.settings()
	c.file, err = c.write(&set, "drill")
	return err
}

// launch starts the gateway, and looks at what those before it have left.
func (c *crash) launch() (err error) {
	if c.p, err = c.serveFile(c.file); err != nil {
		return err
	}
	c.logs = append(c.logs, c.p.log)
	c.api = c.newClient(c.p.url)
	c.look(c.api)
	return nil
}

// round breaks something under load.
func (c *crash) round(n int, ruin func() error) error {
	if c.p == nil || c.p.ended() {
		if err := c.launch(); err != nil {
			return err
		}
	}
	quit := make(chan struct{})
	var clients sync.WaitGroup
	for client := range killClients {
		clients.Go(func() { c.load((n*killClients+client)*killMost, quit) })
	}
	c.rest(killAfter + time.Duration(n)*777*time.Millisecond)
	err := ruin()
	close(quit)
	clients.Wait()
	c.say("answered so far: %s", c.figures())
	return err
}

// load is one client: it lets people live until the gateway is dead or the round over.
func (c *crash) load(first int, quit <-chan struct{}) {
	for n := first; ; n++ {
		away := c.answers.of("send " + storeAway)
		if c.live(n, func() *client { return c.api }) != nil {
			return
		}
		if c.answers.of("send "+storeAway) > away {
			c.rest(killRetry)
		}
		select {
		case <-quit:
			return
		default:
		}
	}
}

func (c *crash) killGateway() error {
	c.say("kill -9 of the gateway under load")
	return c.p.kill()
}

// finish looks at everything once more, and for canaries in all that was written. Besides what is good, the answers
// in also are allowed.
func (c *crash) finish(also ...string) error {
	if c.p.ended() {
		if err := c.launch(); err != nil {
			return err
		}
	} else {
		c.look(c.api)
	}
	c.again(c.api)
	c.stray(c.api)
	c.only(append(also, sent, verifiedNow, wrongCode, usedCode)...)
	c.faults()
	return c.search()
}

// search looks for the codes of the in-house generator; those of the twin are too short not to be there by chance.
func (c *crash) search() error {
	search := newSearch(c.stage)
	for _, t := range c.told {
		if len(t.code) >= chaosLength {
			search.seen.add(t.code)
		}
	}
	if err := search.console(c.p.console, c.told); err != nil {
		return err
	}
	c.end(c.p) // what waits for the collector is sent now
	lines := 0
	for _, log := range c.logs {
		lines += search.log(log.file)
	}
	size, err := search.files(c.store...)
	if err != nil {
		return err
	}
	exports, err := search.exports(c.collector)
	c.say("searched for %d codes: %d lines of log, %d KiB of the store, %d pages, %d exports of %d KiB",
		len(search.seen.codes), lines, size>>10, search.pages, exports, c.collector.size>>10)
	c.expect(lines > 0 && size > 0 && exports > 0, "there was something of each to be searched")
	search.expect()
	return err
}

// killRedis is kill on a Redis that loses nothing (appendfsync always), which is killed itself too.
func killRedis(s *stage) error {
	c := &crash{ledger: s.newLedger()}
	var err error
	c.redis, err = s.startRedis("--appendonly", "yes", "--appendfsync", "always", "--aof-use-rdb-preamble", "no",
		"--rdbcompression", "no")
	if err != nil {
		return err
	}
	c.store = []string{filepath.Join(c.redis.data, "*.rdb"), filepath.Join(c.redis.data, "*", "*")}
	if err := c.open(c.redis.store()); err != nil {
		return err
	}
	for n, ruin := range []func() error{c.killGateway, c.killStore, c.killBoth} {
		if err := c.round(n, ruin); err != nil {
			return err
		}
	}
	if err := c.redis.command("SAVE", "+OK"); err != nil {
		return fmt.Errorf("a dump of Redis: %w", err)
	}
	return c.finish(noAnswer, storeAway, exhausted)
}

// killStore kills Redis, starts it again, and lets the gateway find that out.
func (c *crash) killStore() error {
	c.say("kill -9 of Redis under load; the gateway stays")
	c.redis.kill()
	c.rest(time.Second)
	if err := c.redis.launch(); err != nil {
		return err
	}
	began := time.Now()
	before := c.answers.of(sent)
	back := c.await(recoverWithin, func() bool { return c.answers.of(sent) > before })
	c.expect(back, "sends succeed %v after Redis is back, without a restart of the gateway", short(time.Since(began)))
	c.rest(2 * time.Second)
	return nil
}

func (c *crash) killBoth() error {
	c.say("kill -9 of the gateway and of Redis under load")
	c.redis.kill()
	err := c.p.kill()
	if err != nil {
		return err
	}
	return c.redis.launch()
}
