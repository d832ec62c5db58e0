package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers/twin"
)

// What parallel-guesses works with.
const (
	guessRounds   = 1000
	guessers      = 100
	guessesOfEach = 3 // max_attempts
)

// guessing is 100 people who enter a code at the same moment.
type guessing struct {
	*stage
	api    *client
	inbox  *twin.Inbox
	hosted *upstream
	tally  *tally
	total  map[string]int // answers, by status and code
}

func parallelGuesses(s *stage) error {
	g := &guessing{stage: s, inbox: new(twin.Inbox), tally: newTally(), total: map[string]int{}}
	if err := g.open(); err != nil {
		return err
	}
	began := time.Now()
	for n := range guessRounds {
		if err := g.round(n); err != nil {
			return err
		}
		g.inbox.Clear()
	}
	requests := 3 * guessRounds * guessers
	g.say("%d rounds, %d guesses in %v, %.0f a second", guessRounds, requests, short(time.Since(began)),
		float64(requests)/time.Since(began).Seconds())
	g.say("answers: %v", g.total)
	g.say("the twin judged %d of %d guesses", g.hosted.count("verify"), 2*guessRounds*guessers)
	for _, name := range []string{
		"right codes without exactly one success", "wrong codes that were approved", "wrong codes beyond max_attempts",
		"judged more often than max_attempts", "answers that say nothing",
	} {
		g.none(g.tally, name)
	}
	return nil
}

func (g *guessing) open() (err error) {
	if g.hosted, err = g.hubtel("hosted", g.inbox); err != nil {
		return err
	}
	own, err := g.upstream(phones(g.inbox))
	if err != nil {
		return err
	}
	p, err := g.serve(settings{
		Providers: hubtelBlock("hosted", g.hosted.url, "") + inhouseBlock("own", own.url),
		Routes:    "  - {name: hosted, when: {country: [GH]}, use: [hosted]}\n  - {name: rest, use: [own]}",
	})
	if err == nil {
		g.api = g.newClient(p.url)
	}
	return err
}

// round has a right code entered at a hosted provider and in-house, and a wrong one at the hosted provider.
func (g *guessing) round(n int) error {
	for _, right := range []string{ghanaian(2 * n), nigerian(n)} {
		counts, _, err := g.rush(right, false)
		if err != nil {
			return err
		}
		if counts["200 "] != 1 {
			g.tally.add("right codes without exactly one success", fmt.Sprint(n, " ", counts))
		}
	}
	counts, judged, err := g.rush(ghanaian(2*n+1), true)
	if err != nil {
		return err
	}
	if counts["200 "] > 0 {
		g.tally.add("wrong codes that were approved", fmt.Sprint(n, " ", counts))
	}
	if counts["422 wrong_code"] > guessesOfEach {
		g.tally.add("wrong codes beyond max_attempts", fmt.Sprint(n, " ", counts))
	}
	if judged > guessesOfEach {
		g.tally.add("judged more often than max_attempts", fmt.Sprint(n, " ", judged))
	}
	return nil
}

// rush has everybody enter a code at once. It counts the answers, and how often the twin was asked.
func (g *guessing) rush(to string, mistaken bool) (counts map[string]int, judged int, err error) {
	sent, err := g.api.send(to, "")
	if err != nil || sent.status != http.StatusCreated {
		return nil, 0, fmt.Errorf("a send: %v %w", sent, err)
	}
	found := codes(g.inbox, to, "")
	guess := found[0]
	if mistaken {
		guess = wrong(found)
	}
	before := g.hosted.count("verify")
	var mu sync.Mutex
	counts = map[string]int{}
	var all sync.WaitGroup
	for range guessers {
		all.Go(func() {
			a, err := g.api.verify(sent.Reference, guess)
			mu.Lock()
			defer mu.Unlock()
			name := fmt.Sprint(a.status, " ", a.problem())
			if a.status == http.StatusOK {
				name = "200 "
			}
			counts[name]++
			g.total[name]++
			if err != nil || a.status >= 500 {
				g.tally.add("answers that say nothing", fmt.Sprint(a, err))
			}
		})
	}
	all.Wait()
	return counts, g.hosted.count("verify") - before, nil
}
