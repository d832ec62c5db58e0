package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otpgate/otpgate/providers/builtin"
	"github.com/otpgate/otpgate/providers/twin"
)

// What chaos works with.
const (
	chaosTime    = time.Minute
	chaosPeople  = 24                    // at one time
	chaosPause   = 30 * time.Millisecond // between two requests of a person
	chaosGuesses = 8                     // until a person gives up
	chaosTimeout = 3 * time.Second
	chaosChange  = 250 * time.Millisecond // how long a fault stays the same
	chaosForget  = 5 * time.Second
	chaosChance  = 0.3 // of a call to fail
)

// chaos is all hosted kinds, none of which can be relied on.
type chaos struct {
	*stage
	api     *client
	inbox   *twin.Inbox
	ups     []*upstream
	p       *process
	trap    string       // where redirects lead
	trapped atomic.Int64 // who went there
	tally   *tally
	slowest slowest
	search  *search

	mu      sync.Mutex
	answers map[string]int
}

func upstreamChaos(s *stage) error {
	c := &chaos{stage: s, inbox: new(twin.Inbox), tally: newTally(), answers: map[string]int{}, search: newSearch(s)}
	if err := c.open(); err != nil {
		return err
	}
	c.rage()
	for _, a := range sortedCounts(c.answers) {
		c.say("%s", a)
	}
	c.expect(c.slowest.took() <= chaosTimeout+slack, "the slowest answer took %v; the request timeout is %v",
		short(c.slowest.took()), chaosTimeout)
	for _, name := range []string{
		"codes approved that nobody was sent", "codes approved a second time", "right codes judged wrong",
		"500s, or no answer at all",
	} {
		c.none(c.tally, name)
	}
	c.expect(c.trapped.Load() == 0, "redirects that were followed: %d", c.trapped.Load())
	c.heal()
	c.end(c.p)
	return c.lookThrough()
}

// open serves all twins, each below an address of its own.
func (c *chaos) open() error {
	urls := map[string]string{}
	for _, one := range builtin.Twins() {
		u, err := c.upstream(one.New(c.inbox))
		if err != nil {
			return err
		}
		c.ups, urls[one.Kind] = append(c.ups, u), u.url
	}
	var err error
	c.trap, err = c.listen(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { c.trapped.Add(1) }))
	if err != nil {
		return err
	}
	c.p, err = c.serve(settings{
		Timeout: chaosTimeout.String(), Length: chaosLength, Providers: everyKind(urls), Routes: everyRoute(),
	})
	if err == nil {
		c.api = c.newClient(c.p.url)
	}
	return err
}

// rage lets people come and go while faults change.
func (c *chaos) rage() {
	end := time.Now().Add(chaosTime)
	var all sync.WaitGroup
	all.Go(func() {
		dice := rand.New(rand.NewPCG(c.seed, 0))
		for time.Now().Before(end) && c.ctx.Err() == nil {
			c.harm(dice)
			c.rest(chaosChange)
		}
	})
	all.Go(func() {
		for time.Now().Before(end) && c.ctx.Err() == nil {
			c.rest(chaosForget)
			c.inbox.Clear() // a long list takes long to look through, and each reads his messages at once
		}
	})
	for p := range chaosPeople {
		all.Go(func() {
			dice := rand.New(rand.NewPCG(c.seed, uint64(p+1)))
			for n := 0; time.Now().Before(end) && c.ctx.Err() == nil; n++ {
				c.live(dice, n*chaosPeople+p)
			}
		})
	}
	all.Wait()
}

// harm gives every operation of every twin another fault.
func (c *chaos) harm(dice *rand.Rand) {
	statuses := []int{401, 402, 403, 429, 500, 502, 503, 504}
	for _, u := range c.ups {
		for _, operation := range []string{"send", "verify", "resend", "status"} {
			kinds := twin.FaultKinds()
			f := twin.Fault{
				Endpoint: operation, Kind: kinds[dice.IntN(len(kinds))], Probability: chaosChance, Seed: dice.Uint64(),
				After: dice.IntN(2) == 0, Status: statuses[dice.IntN(len(statuses))], Location: c.trap,
			}
			if f.Kind == twin.Refused {
				f.After = false
			}
			if f.Kind == twin.Empty && operation == "verify" && u.Name == "hubtel" {
				f.Kind = twin.OtherJSON // an empty 200 is how Hubtel says yes: no adapter could tell
			}
			if err := u.Faults.Set(f); err != nil {
				c.tally.add("500s, or no answer at all", "the drill is wrong: "+err.Error())
			}
		}
	}
}

// person is where the n-th verification goes, as the members of a send.
func person(n int) (to, more string) {
	switch n % 4 {
	case 0:
		return nigerian(n), ""
	case 1:
		return fmt.Sprintf("p%d@example.com", n), ""
	case 2:
		return ghanaian(n), `,"channel":"whatsapp"`
	default:
		return ghanaian(n), ""
	}
}

// live is the life of one verification.
func (c *chaos) live(dice *rand.Rand, n int) {
	to, more := person(n)
	sent := c.ask("send", func() (answer, error) { return c.api.send(to, more) })
	if sent.status != http.StatusCreated {
		return
	}
	held := c.held(to, nil)
	first := true // the code is the one of the send, and nothing has taken its place
	for i := 0; i < chaosGuesses && len(held) > 0; i++ {
		if dice.IntN(4) == 0 {
			first = false
			c.ask("resend", func() (answer, error) { return c.api.resend(sent.Reference) })
			held = c.held(to, held)
		}
		code := held[dice.IntN(len(held))]
		if dice.IntN(3) == 0 {
			code = wrong(held)
		}
		a := c.guess(sent.Reference, code, held)
		if first && len(held) == 1 && code == held[0] && a.problem() == "wrong_code" {
			c.tally.add("right codes judged wrong", fmt.Sprint(sent.Provider, " ", a))
		}
		first = false
		if a.status == http.StatusOK {
			c.guessAgain(sent.Reference, held)
			return
		}
	}
}

// held are the codes that a person holds: those from before, and those of new messages.
func (c *chaos) held(to string, before []string) []string {
	all := append(codes(c.inbox, to, ""), before...)
	slices.Sort(all)
	all = slices.Compact(all)
	for _, code := range all {
		c.search.seen.add(code)
	}
	return all
}

// guess enters a code, and expects that only one that was delivered is approved.
func (c *chaos) guess(reference, code string, held []string) answer {
	c.search.seen.add(code)
	a := c.ask("verify", func() (answer, error) { return c.api.verify(reference, code) })
	if a.status == http.StatusOK && !slices.Contains(held, code) {
		c.tally.add("codes approved that nobody was sent", fmt.Sprint(code, " of ", held, " ", a))
	}
	return a
}

// guessAgain enters every code of a verification that has succeeded.
func (c *chaos) guessAgain(reference string, held []string) {
	for _, code := range held {
		if a := c.guess(reference, code, held); a.status == http.StatusOK {
			c.tally.add("codes approved a second time", fmt.Sprint(a))
		}
	}
}

func (c *chaos) ask(operation string, do func() (answer, error)) answer {
	c.rest(chaosPause)
	a, err := do()
	c.slowest.see(a.took)
	if err != nil || a.status >= 500 && a.status != http.StatusServiceUnavailable {
		c.tally.add("500s, or no answer at all", fmt.Sprint(operation, " ", a, err))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[fmt.Sprint(operation, " ", a.status, " ", a.name())]++
	return a
}

// heal ends all faults, and expects that every kind is in use again.
func (c *chaos) heal() {
	began := time.Now()
	for _, u := range c.ups {
		u.Faults.Clear("")
	}
	missing := map[string]bool{}
	for _, u := range c.ups {
		missing[u.Name] = true
	}
	n := 4_000_000
	c.await(20*time.Second, func() bool {
		to, more := person(n)
		n++
		if a, err := c.api.send(to, more); err == nil && a.status == http.StatusCreated {
			delete(missing, a.Provider)
		}
		return len(missing) == 0
	})
	c.expect(len(missing) == 0, "every kind is in use again %v after all healed; missing: %v",
		short(time.Since(began)), slices.Sorted(maps.Keys(missing)))
}

// lookThrough looks for canaries in all that the gateway has written.
func (c *chaos) lookThrough() error {
	for _, m := range c.inbox.Messages("", "") {
		c.search.seen.add(codeIn(m.Text))
	}
	delete(c.search.seen.codes, "")
	lines := c.search.log(c.p.log.file)
	size, err := c.search.files(filepath.Join(c.p.folder, "otpgate.db*"))
	c.say("searched for %d codes: %d lines of log, %d KiB of database", len(c.search.seen.codes), lines, size>>10)
	c.search.expect()
	return err
}
