package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What overload works with.
const (
	crowd        = 5000   // sends in flight at the upstream
	bound        = 10_000 // requests that the gateway works on at once (docs/operations.md)
	surplus      = 500    // that are sent beyond it
	lateComers   = 200    // that come one after the other when it is full
	crowdRate    = 8000   // of them begun in a second: the last before the first is answered
	fillRate     = 3500   // of those that fill the gateway up
	crowdBursts  = 3
	atOnce       = 250 * time.Millisecond // within which a refusal has to come
	leastForThis = 3*crowd + 1000         // descriptors of this process: requests, and connections of the upstream
)

// flood is a gateway before an upstream that takes its time.
type flood struct {
	*stage
	api   *client
	p     *process
	delay atomic.Int64 // of the upstream
	made  atomic.Uint64
	busy  atomic.Int64 // requests at the upstream
	most  highest      // of them
	next  atomic.Int64 // person
}

func overload(s *stage) error {
	f := &flood{stage: s}
	if err := f.open(); err != nil {
		return err
	}
	before, err := f.p.burden()
	if err != nil {
		return err
	}
	f.say("before: %v", before)
	for n := range crowdBursts {
		f.below(n+1, before)
	}
	f.beyond()
	return nil
}

func (f *flood) open() error {
	if have := descriptorLimit(); have < leastForThis {
		return fmt.Errorf("this drill needs %d descriptors, and may have %d: ulimit -n", leastForThis, have)
	}
	url, err := f.listen(http.HandlerFunc(f.answer))
	if err != nil {
		return err
	}
	f.p, err = f.serve(settings{
		Timeout:   "60s",
		Providers: hubtelBlock("slow", url, fmt.Sprintf(", timeout: 50s, max_in_flight: %d", crowd)),
		Routes:    "  - {name: rest, use: [slow]}",
	})
	if err == nil {
		f.api = f.newClient(f.p.url)
	}
	return err
}

// descriptorLimit is how many files this process may have open; 0: it cannot be learnt.
func descriptorLimit() int {
	text, err := os.ReadFile("/proc/self/limits")
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(l, "Max open files"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	return 0
}

// answer is the upstream: it takes its time, and says yes.
func (f *flood) answer(w http.ResponseWriter, _ *http.Request) {
	f.most.see(f.busy.Add(1))
	defer f.busy.Add(-1)
	f.rest(time.Duration(f.delay.Load()))
	w.Header().Set("Content-Type", "application/json")
	const said = `{"message":"success","code":"0000","data":{"requestId":"%032x","prefix":"ZDSQ"}}`
	_, _ = fmt.Fprintf(w, said, f.made.Add(1))
}

func (f *flood) send() (answer, error) { return f.api.send(ghanaian(int(f.next.Add(1))), "") }

// below has as many sends in flight as the upstream is given, and expects that none is refused.
func (f *flood) below(n int, before burden) {
	f.delay.Store(int64(time.Second))
	t := newTally()
	var times timings
	watched := f.p.watch()
	f.burst(crowd, crowdRate, func(int) {
		due := time.Now()
		a, err := f.send()
		times.done(due)
		t.add(verdictOf(a, err), fmt.Sprint(a, err))
	})
	most := watched()
	f.say("burst %d: %s; %d at one time at the upstream", n, times.between(time.Time{}, time.Now()), f.most.value())
	f.say("  at most %v: %d KiB for each send", most, (most.memory-before.memory)/crowd)
	f.expect(t.of("201") == crowd, "%d sends, an upstream that takes 1s: %v", crowd, t.counts)
}

// refused is how requests beyond the bound are answered.
const refused = "503 overloaded"

func verdictOf(a answer, err error) string {
	if err != nil {
		return "no answer"
	}
	return strings.TrimSpace(fmt.Sprint(a.status, " ", a.name()))
}

// beyond fills the gateway up and sends more.
func (f *flood) beyond() {
	f.delay.Store(int64(10 * time.Second))
	t := newTally()
	var all sync.WaitGroup
	all.Go(func() {
		f.burst(bound+surplus, fillRate, func(int) {
			a, err := f.send()
			t.add(verdictOf(a, err), fmt.Sprint(a, err))
			if a.problem() == "overloaded" && a.retryAfter() < time.Second {
				t.add("refusals without Retry-After", fmt.Sprint(a))
			}
		})
	})
	full := f.await(9*time.Second, func() bool { return t.of(refused) >= surplus })
	f.expect(full, "of %d requests, those beyond the bound of %d are refused while the others are at work: %d",
		bound+surplus, bound, t.of(refused))
	if now, err := f.p.burden(); err == nil {
		f.say("  full: %v", now)
	}
	f.late()
	all.Wait()
	f.expect(t.of("201") == bound && t.of(refused) == surplus, "no other is refused: %v", t.counts)
	f.none(t, "refusals without Retry-After")
	a, err := f.send()
	f.expect(err == nil && a.status == http.StatusCreated, "and then it takes requests again: %s", verdictOf(a, err))
}

// late sends while the gateway is full.
func (f *flood) late() {
	t := newTally()
	var times timings
	for range lateComers {
		due := time.Now()
		a, err := f.send()
		times.done(due)
		t.add(verdictOf(a, err), fmt.Sprint(a, err))
		if a.problem() != "overloaded" {
			break // it is not full, and each would take as long as the upstream
		}
	}
	took := times.between(time.Time{}, time.Now())
	f.expect(t.of(refused) == lateComers, "who comes when it is full: %v", t.counts)
	f.expect(took.quantile(0.99) <= atOnce, "and is told at once: %s", took)
}
