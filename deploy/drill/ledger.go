package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers/twin"
)

// ledger is what clients were told of their verifications, so that it can be compared with what is known later.
type ledger struct {
	*stage
	hosted, own *twin.Inbox   // phones of Ghana and of Nigeria
	pause       time.Duration // of a person between two requests
	answers     *tally        // by what was asked, and what it was answered
	wrong       *tally        // what must not be
	refusal     slowest       // of the answers store_unavailable

	mu      sync.Mutex
	told    []*told
	refused []string // whose sends were not answered 201
}

// told is what a client knows of its verification from answers that it got.
type told struct {
	to, reference, code, key string
	attempts                 int // that were answered as counted
	verified                 bool
}

func (s *stage) newLedger() *ledger {
	return &ledger{
		stage: s, hosted: new(twin.Inbox), own: new(twin.Inbox), answers: newTally(), wrong: newTally(),
	}
}

// fresh begins to count answers anew.
func (l *ledger) fresh() { l.answers, l.refusal = newTally(), slowest{} }

// providers makes a provider of each sort: one that keeps its codes itself, and the in-house generator.
func (l *ledger) providers() (settings, error) {
	hosted, err := l.hubtel("hosted", l.hosted)
	if err != nil {
		return settings{}, err
	}
	own, err := l.upstream(phones(l.own))
	return settings{
		Length:    chaosLength,
		Providers: hubtelBlock("hosted", hosted.url, "") + inhouseBlock("own", own.url),
		Routes:    "  - {name: hosted, when: {country: [GH], channel: [sms]}, use: [hosted]}\n  - {name: rest, use: [own]}",
	}, err
}

// Answers as they are counted.
const (
	noAnswer    = "without an answer"
	storeAway   = "503 store_unavailable"
	sent        = "send 201"
	verifiedNow = "verify 200"
	wrongCode   = "verify 422 wrong_code"
	usedCode    = "verify 409 already_verified"
	exhausted   = "verify 410 attempts_exhausted" // by guesses whose answers never came
)

// ask counts what was answered. Without an answer it returns an error.
func (l *ledger) ask(what string, do func() (answer, error)) (answer, error) {
	a, err := do()
	if err != nil {
		l.answers.add(what+" "+noAnswer, err.Error())
		return a, err
	}
	if a.name() == "store_unavailable" {
		l.refusal.see(a.took)
	}
	l.answers.add(strings.TrimSpace(fmt.Sprint(what, " ", a.status, " ", a.name())), fmt.Sprint(short(a.took), ": ", a))
	return a, nil
}

// live is the life of the n-th verification, as far as it comes; at says which gateway the next request goes to. It
// returns an error when a request was not answered.
func (l *ledger) live(n int, at func() *client) error {
	t := &told{to: nigerian(n), key: fmt.Sprint("key-", n)}
	inbox := l.own
	if n%5 == 0 {
		t.to, inbox = ghanaian(n), l.hosted
	}
	a, err := l.ask("send", func() (answer, error) {
		return at().do(http.MethodPost, "/v1/otp/send", fmt.Sprintf(`{"to":%q}`, t.to), t.key)
	})
	if err != nil || a.status != http.StatusCreated {
		l.note(nil, t.to)
		return err
	}
	held := codes(inbox, t.to, "")
	if len(held) == 0 {
		l.wrong.add("sends answered 201 that did not arrive", a.body)
		return nil
	}
	t.reference, t.code = a.Reference, held[0]
	l.note(t, "")
	return l.guesses(t, n%4, at)
}

func (l *ledger) note(t *told, refused string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t == nil {
		l.refused = append(l.refused, refused)
		return
	}
	l.told = append(l.told, t)
}

// guesses are what a person enters: nothing, or the right code first, or after one or two mistakes, and perhaps again.
func (l *ledger) guesses(t *told, habit int, at func() *client) error {
	mistake := wrong([]string{t.code})
	entered := [][]string{nil, {t.code}, {mistake, t.code}, {mistake, mistake, t.code, t.code}}[habit]
	for _, code := range entered {
		l.rest(l.pause)
		if err := l.guess(t, code, at()); err != nil {
			return err
		}
	}
	return nil
}

// guess notes what was answered. Nobody else guesses at the same verification.
func (l *ledger) guess(t *told, code string, at *client) error {
	a, err := l.ask("verify", func() (answer, error) { return at.verify(t.reference, code) })
	switch {
	case err != nil:
		return err
	case a.status == http.StatusOK && t.verified:
		l.wrong.add("codes that succeeded twice", fmt.Sprint(a))
	case a.status == http.StatusOK && code != t.code:
		l.wrong.add("wrong codes that were approved", fmt.Sprint(a))
	case a.status == http.StatusOK:
		t.attempts, t.verified = t.attempts+1, true
	case a.name() == "wrong_code" && code == t.code:
		l.wrong.add("right codes judged wrong", fmt.Sprint(a))
	case a.name() == "wrong_code":
		t.attempts++
	}
	return nil
}

// figures are what was answered well so far.
func (l *ledger) figures() string {
	guesses, successes := 0, 0
	for _, t := range l.told {
		guesses += t.attempts
		if t.verified {
			successes++
		}
	}
	return fmt.Sprintf("%d sends, %d guesses, %d successes", len(l.told), guesses, successes)
}
