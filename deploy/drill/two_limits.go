package main

import (
	"fmt"
	"net/http"
)

// What the limits of two-gateways are, and how often they are tried. The load stays below them.
const (
	limitOfPerson   = 5
	limitOfFailures = 10
	limitOfAddress  = 150
	limitTries      = 30 // at once, of each of so many people:
	limitPeople     = 40
	limitAddress    = "203.0.113.7"
	limitsFrom      = 600_000 // the first person of these
)

// holdLimits tries every limit at both gateways at the same time: each is granted exactly as often as it says.
func (t *two) holdLimits() {
	rounds := 0
	for range limitPeople {
		to := t.somebody()
		counts := t.statusCounts(limitTries, func(at *client) (answer, error) { return at.send(to, "") })
		if counts.of("granted") == limitOfPerson && counts.of("429 rate_limited") == limitTries-limitOfPerson {
			rounds++
		} else {
			t.say("  %v", counts.counts)
		}
	}
	t.expect(rounds == limitPeople, "%d sends to one person over both: %d granted, for %d of %d people",
		limitTries, limitOfPerson, rounds, limitPeople)
	t.holdAddress()
	t.holdGuesses()
	t.holdFailures()
}

// somebody has not been tried before.
func (t *two) somebody() string {
	t.tried++
	return nigerian(limitsFrom + t.tried)
}

func (t *two) holdAddress() {
	people := make(chan string, 2*limitOfAddress)
	for range cap(people) {
		people <- t.somebody()
	}
	counts := t.statusCounts(cap(people), func(at *client) (answer, error) {
		return at.send(<-people, fmt.Sprintf(`,"client":{"ip":%q}`, limitAddress))
	})
	t.expect(counts.of("granted") == limitOfAddress, "%d sends for one address over both: %v, the limit is %d",
		cap(people), counts.counts, limitOfAddress)
}

// holdGuesses enters right codes and wrong ones, all at once.
func (t *two) holdGuesses() {
	right, mistaken := 0, 0
	for range limitPeople {
		if counts := t.guessAtOnce(false); counts != nil && counts.of("granted") == 1 {
			right++
		}
		counts := t.guessAtOnce(true)
		if counts != nil && counts.of("422 wrong_code") == guessesOfEach && counts.of("granted") == 0 {
			mistaken++
		}
	}
	t.expect(right == limitPeople, "%d times the right code over both: one success, for %d of %d people",
		limitTries, right, limitPeople)
	t.expect(mistaken == limitPeople, "%d wrong codes over both: %d judged, for %d of %d people",
		limitTries, guessesOfEach, mistaken, limitPeople)
}

// guessAtOnce has somebody enter a code at both; nil: the send failed.
func (t *two) guessAtOnce(mistaken bool) *tally {
	to := t.somebody()
	reference, code, err := t.codeOf(to)
	if err != nil {
		t.say("  %v", err)
		return nil
	}
	if mistaken {
		code = wrong([]string{code})
	}
	return t.statusCounts(limitTries, func(at *client) (answer, error) { return at.verify(reference, code) })
}

func (t *two) codeOf(to string) (reference, code string, err error) {
	a, err := t.both.any().send(to, "")
	held := codes(t.own, to, "")
	if err != nil || a.status != http.StatusCreated || len(held) == 0 {
		return "", "", fmt.Errorf("a send that had to succeed: %v %w", a, err)
	}
	return a.Reference, held[0], nil
}

// holdFailures has people guess wrong over all the verifications that they are granted.
func (t *two) holdFailures() {
	held := 0
	for range limitPeople {
		to, judged, locked := t.somebody(), 0, 0
		for range limitOfPerson {
			reference, code, err := t.codeOf(to)
			if err != nil {
				t.say("  %v", err)
				break
			}
			counts := t.statusCounts(limitTries, func(at *client) (answer, error) {
				return at.verify(reference, wrong([]string{code}))
			})
			judged, locked = judged+counts.of("422 wrong_code"), locked+counts.of("429 recipient_locked")
		}
		if judged == limitOfFailures && locked > 0 {
			held++
		}
	}
	t.expect(held == limitPeople, "wrong codes over %d verifications of one person: %d judged, for %d of %d people",
		limitOfPerson, limitOfFailures, held, limitPeople)
}
