package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// look compares what a gateway knows with what clients were told. It may know more: what was not answered any more.
func (l *ledger) look(at *client) {
	began := time.Now()
	for _, t := range l.told {
		a, err := at.status(t.reference)
		switch detail := fmt.Sprintf("%+v, but %v %v", *t, a, err); {
		case err != nil || a.status != http.StatusOK:
			l.wrong.add("references that are lost", detail)
		case a.Attempts < t.attempts:
			l.wrong.add("guesses that went back", detail)
		case t.verified && a.state() != "verified":
			l.wrong.add("successes that went back", detail)
		}
	}
	l.say("%d references looked up in %v", len(l.told), short(time.Since(began)))
}

// again tries what must not work again: codes that succeeded, and idempotency keys that were used.
func (l *ledger) again(at *client) {
	for i, t := range l.told {
		if t.verified {
			_ = l.guess(t, t.code, at) // what is not answered is counted
		}
		if i%10 != 0 {
			continue
		}
		a, err := at.do(http.MethodPost, "/v1/otp/send", fmt.Sprintf(`{"to":%q}`, t.to), t.key)
		if err != nil || a.Reference != t.reference || a.header.Get("Idempotency-Replayed") != "true" {
			l.wrong.add("idempotency keys that are lost", fmt.Sprintf("%+v, but %v %v", *t, a, err))
		}
	}
}

// stray looks for messages that no record tells of, among those whose sends were not answered 201. Inboxes remember the
// last 10,000 messages at least: a longer load is looked at from its end.
func (l *ledger) stray(at *client) {
	arrived := map[string]bool{}
	for _, m := range append(l.hosted.Messages("", ""), l.own.Messages("", "")...) {
		arrived[lastNine(m.To)] = true
	}
	var silent []string
	for _, to := range l.refused {
		if arrived[lastNine(to)] {
			silent = append(silent, to)
		}
	}
	const atOnce = 200 // are looked up at most: one page of a list for each
	for _, to := range silent[:min(len(silent), atOnce)] {
		recorded := l.await(15*time.Second, func() bool { // the history on Redis follows a moment late
			a, err := at.list(to)
			return err == nil && len(a.Items) > 0
		})
		if !recorded {
			l.wrong.add("messages without a record", to)
		}
	}
	l.say("%d sends were not answered 201; %d of them arrived all the same, of which %d were looked up",
		len(l.refused), len(silent), min(len(silent), atOnce))
}

// lastNine are the digits by which numbers are told apart, however they are written.
func lastNine(number string) string { return number[max(0, len(number)-9):] }

// faults lists all that must not be, and shows what was found of it.
func (l *ledger) faults() {
	for _, name := range []string{
		"sends answered 201 that did not arrive", "references that are lost", "guesses that went back",
		"successes that went back", "wrong codes that were approved", "right codes judged wrong",
		"codes that succeeded twice", "idempotency keys that are lost", "messages without a record",
	} {
		l.none(l.wrong, name)
	}
	beyond := 0
	for _, t := range l.told {
		if t.attempts > guessesOfEach {
			beyond++
		}
	}
	l.expect(beyond == 0, "verifications that judged more guesses than max_attempts: %d", beyond)
}

// only expects that no request was answered otherwise, and lists all answers.
func (l *ledger) only(allowed ...string) {
	for _, count := range sortedCounts(l.answers.counts) {
		l.say("%s", count)
	}
	other := otherwise(slices.Collect(maps.Keys(l.answers.counts)), allowed)
	l.expect(len(other) == 0, "no other answers than these: %s", strings.Join(allowed, ", "))
	for _, name := range other {
		l.none(l.answers, name)
	}
}

// otherwise are the answers that are none of those allowed, in order. One that is allowed without the name of what was
// asked is allowed whatever was asked.
func otherwise(answers, allowed []string) (other []string) {
	for _, name := range answers {
		_, said, _ := strings.Cut(name, " ")
		if !slices.Contains(allowed, name) && !slices.Contains(allowed, said) {
			other = append(other, name)
		}
	}
	slices.Sort(other)
	return other
}
