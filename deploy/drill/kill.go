package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers/twin"
)

// What kill works with.
const (
	killRounds  = 3
	killAfter   = 8 * time.Second // of load, and a little more from round to round
	killClients = 24
)

// crash is a gateway that is killed, and what its clients were told before.
type crash struct {
	*stage
	api    *client
	file   string
	hosted *twin.Inbox
	own    *twin.Inbox
	tally  *tally

	mu   sync.Mutex
	told []*told
}

// told is what a client knows of its verification from answers that it got.
type told struct {
	to, reference, code, key string
	attempts                 int // that were answered as counted
	verified                 bool
}

func kill(s *stage) error {
	c := &crash{stage: s, hosted: new(twin.Inbox), own: new(twin.Inbox), tally: newTally()}
	if err := c.open(); err != nil {
		return err
	}
	for round := range killRounds {
		if err := c.round(round); err != nil {
			return err
		}
	}
	p, err := c.serveFile(c.file)
	if err != nil {
		return err
	}
	c.api = c.newClient(p.url)
	c.look()
	c.again()
	for _, name := range []string{
		"sends that were refused", "references that are lost", "guesses that went back", "successes that went back",
		"codes that succeeded twice", "idempotency keys that are lost",
	} {
		c.none(c.tally, name)
	}
	return nil
}

// open makes a provider of each sort: one that keeps its codes itself, and the in-house generator.
func (c *crash) open() error {
	hosted, err := c.hubtel("hosted", c.hosted)
	if err != nil {
		return err
	}
	own, err := c.upstream(phones(c.own))
	if err != nil {
		return err
	}
	c.file, err = c.write(&settings{
		Providers: hubtelBlock("hosted", hosted.url, "") + inhouseBlock("own", own.url),
		Routes:    "  - {name: hosted, when: {country: [GH]}, use: [hosted]}\n  - {name: rest, use: [own]}",
	}, "drill")
	return err
}

// round kills a gateway under load. What the rounds before have left is looked at first.
func (c *crash) round(n int) error {
	p, err := c.serveFile(c.file)
	if err != nil {
		return err
	}
	c.api = c.newClient(p.url)
	c.look()
	var clients sync.WaitGroup
	for client := range killClients {
		clients.Go(func() {
			for i := 0; c.live(n*1_000_000 + client*10_000 + i); i++ {
			}
		})
	}
	c.rest(killAfter + time.Duration(n)*777*time.Millisecond)
	err = p.kill()
	clients.Wait()
	if err != nil {
		return err
	}
	guesses, successes := 0, 0
	for _, t := range c.told {
		guesses += t.attempts
		if t.verified {
			successes++
		}
	}
	c.say("killed under load; answered so far: %d sends, %d guesses, %d successes", len(c.told), guesses, successes)
	return nil
}

// live is the life of the n-th verification, as far as it comes. It tells whether the gateway still answers.
func (c *crash) live(n int) bool {
	t := &told{to: nigerian(n), key: fmt.Sprint("key-", n)}
	inbox := c.own
	if n%4 == 0 {
		t.to, inbox = ghanaian(n), c.hosted
	}
	a, err := c.api.do(http.MethodPost, "/v1/otp/send", fmt.Sprintf(`{"to":%q}`, t.to), t.key)
	if err != nil {
		return false
	}
	if a.status != http.StatusCreated {
		c.tally.add("sends that were refused", fmt.Sprint(a))
		return true
	}
	t.reference, t.code = a.Reference, codes(inbox, t.to, "")[0]
	c.mu.Lock()
	c.told = append(c.told, t)
	c.mu.Unlock()
	for i := range n % 4 { // 0 to 2 wrong guesses, or the right one first
		guess := wrong([]string{t.code})
		if i == 2 {
			guess = t.code
		}
		if !c.guess(t, guess) {
			return false
		}
	}
	return n%2 == 0 || c.guess(t, t.code)
}

// guess notes what was answered. Nobody else guesses at the same verification.
func (c *crash) guess(t *told, guess string) bool {
	a, err := c.api.verify(t.reference, guess)
	switch {
	case err != nil:
		return false
	case a.status == http.StatusOK && t.verified:
		c.tally.add("codes that succeeded twice", fmt.Sprint(a))
	case a.status == http.StatusOK:
		t.attempts, t.verified = t.attempts+1, true
	case a.status == http.StatusUnprocessableEntity:
		t.attempts++
	}
	return true
}

// look compares what the gateway knows with what it has told. It may know more: what it did not come to answer.
func (c *crash) look() {
	began := time.Now()
	for _, t := range c.told {
		a, err := c.api.status(t.reference)
		switch detail := fmt.Sprintf("%+v, but %v %v", *t, a, err); {
		case err != nil || a.status != http.StatusOK:
			c.tally.add("references that are lost", detail)
		case a.Attempts < t.attempts:
			c.tally.add("guesses that went back", detail)
		case t.verified && a.state() != "verified":
			c.tally.add("successes that went back", detail)
		}
	}
	c.say("%d references looked up in %v", len(c.told), short(time.Since(began)))
}

// again tries what must not work again: codes that succeeded, and idempotency keys that were used.
func (c *crash) again() {
	for i, t := range c.told {
		if t.verified {
			c.guess(t, t.code)
		}
		if i%10 != 0 {
			continue
		}
		a, err := c.api.do(http.MethodPost, "/v1/otp/send", fmt.Sprintf(`{"to":%q}`, t.to), t.key)
		if err != nil || a.Reference != t.reference || a.header.Get("Idempotency-Replayed") != "true" {
			c.tally.add("idempotency keys that are lost", fmt.Sprintf("%+v, but %v %v", *t, a, err))
		}
	}
}
