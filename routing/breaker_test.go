package routing

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
)

var transient = providers.Error{Class: providers.Transient}

// The sequences that open a breaker of "5 of 10": f is a failure, s a success, n neither.
func TestWhatOpensABreaker(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule  string
		marks string
		gap   time.Duration
		open  bool
	}{
		{"five in a row", "fffff", 0, true},
		{"four in a row", "ffff", 0, false},
		{"half of ten", "fsfsfsfsfs", 0, false}, // the tenth call is a success: it is judged on a failure
		{"half of twelve, on a failure", "fsfsfsfsfsff", 0, true},
		{"less than half", "fsssfsssfsssf", 0, false},
		{"what is not counted does not interrupt a row", "ffnfnff", 0, true},
		{"what is not counted opens nothing", "nnnnnnnnnnnn", 0, false},
		{"failures of more than a minute ago are forgotten", "fffff", 20 * time.Second, false},
		{"one that lasts", "F", 0, true},
	}
	marks := map[rune]mark{'f': bad, 's': good, 'n': neutral, 'F': fatal}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(Spot{"a", providers.SMS}, Breaker{}, Silent{})
				for _, m := range tt.marks {
					if p, ok := b.allow(); ok {
						p.end(marks[m])
					}
					time.Sleep(tt.gap)
				}
				if state, _, _ := b.look(time.Now()); (state == Open) != tt.open {
					t.Errorf("the breaker is %s", state)
				}
			})
		})
	}
}

func TestAnOpenBreakerIsSkippedAndLetsOneThroughOnTrialLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := new(witness)
		a := failing("a", transient)
		r := newRig(t, w, nil, a, newFake("b"))
		for range 20 {
			if _, err := r.Send(t.Context(), smsRequest(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if a.calls() != 5 {
			t.Errorf("it was called %d times before it was left alone", a.calls())
		}
		plan := r.Plan(smsRequest())
		if len(plan.Places) != 1 || len(plan.Excluded) != 1 || plan.Excluded[0].Reason != BreakerOpen {
			t.Errorf("the plan is %+v", plan)
		}
		if until := plan.Excluded[0].Until; !until.Equal(time.Now().Add(15 * time.Second)) {
			t.Errorf("it is open until %v", until)
		}
		time.Sleep(15*time.Second + 1)
		a.send = nil
		for range 3 {
			if _, err := r.Send(t.Context(), smsRequest(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if a.calls() != 8 {
			t.Errorf("it was called %d times in all", a.calls())
		}
		if diff := cmp.Diff([]string{"a closed open", "a open half_open", "a half_open closed"}, w.changes); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheTrialIsBoundedUnderManyRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := newFake("a"), newFake("b")
		var mu sync.Mutex
		inside, most := 0, 0
		a.send = func(context.Context, int) (providers.Handle, error) {
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			inside--
			mu.Unlock()
			return handleOf("a"), nil
		}
		r := newRig(t, nil, set("a", func(p *ProviderSettings) { p.Breaker.Probes = 3 }), a, b)
		r.trip("a")
		time.Sleep(15*time.Second + 1)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, err := r.Send(t.Context(), smsRequest(), nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most != 3 || a.calls() != 3 || b.calls() != 97 {
			t.Errorf("%d at one time, %d calls of 100, %d elsewhere", most, a.calls(), b.calls())
		}
		if r.stateOf("a") != Closed {
			t.Error("three successes did not close it")
		}
	})
}

func TestATrialThatIsNotCountedGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := failing("a", providers.Error{Class: providers.Busy})
		r := newRig(t, nil, nil, a, newFake("b"))
		r.trip("a")
		time.Sleep(15*time.Second + 1)
		for range 3 {
			_, _ = r.Send(t.Context(), smsRequest(), nil)
		}
		if a.calls() != 3 || r.stateOf("a") != HalfOpen {
			t.Errorf("%d calls, breaker %s", a.calls(), r.stateOf("a"))
		}
	})
}

func TestWhenAllBreakersAreOpenTheClosestIsAskedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := failing("a", transient), failing("b", transient)
		r := newRig(t, nil, nil, a, b)
		r.trip("b")
		time.Sleep(5 * time.Second)
		r.trip("a")
		plan := r.Plan(smsRequest())
		if len(plan.Places) != 1 || plan.Places[0].Provider != "b" || plan.Places[0].Reason != EarlyProbe {
			t.Fatalf("the plan is %+v", plan)
		}
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				_, err := r.Send(t.Context(), smsRequest(), nil)
				f := failureOf(t, err)
				if f.NoRoute || f.Class != providers.Transient || f.RetryAfter != 10*time.Second {
					t.Errorf("failure is %+v", *f)
				}
			})
		}
		all.Wait()
		if a.calls() != 0 || b.calls() != 1 {
			t.Errorf("a was called %d times, b %d times", a.calls(), b.calls())
		}
		if plan := r.Plan(smsRequest()); len(plan.Places) != 0 || len(plan.Excluded) != 2 {
			t.Errorf("afterwards the plan is %+v", plan)
		}
	})
}

func TestAnEarlyProbeThatGoesWellClosesTheBreaker(t *testing.T) {
	t.Parallel()
	w := new(witness)
	a := newFake("a")
	r := newRig(t, w, nil, a)
	r.trip("a")
	for range 3 {
		if _, err := r.Send(t.Context(), smsRequest(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"a closed open", "a open closed"}, w.changes); diff != "" {
		t.Error(diff)
	}
}

func TestAnEarlyProbeThatIsNotCountedMayBeMadeAgain(t *testing.T) {
	t.Parallel()
	a := failing("a", providers.Error{Class: providers.Busy})
	r := newRig(t, nil, nil, a)
	r.trip("a")
	for range 3 {
		_, _ = r.Send(t.Context(), smsRequest(), nil)
	}
	if a.calls() != 3 || r.stateOf("a") != Open {
		t.Errorf("%d calls, breaker %s", a.calls(), r.stateOf("a"))
	}
}

func TestAnEarlyProbeOfABreakerThatIsNoLongerOpenIsAnOrdinaryCall(t *testing.T) {
	t.Parallel()
	b := newBreaker(Spot{"a", providers.SMS}, Breaker{}, Silent{})
	p, ok := b.allowEarly(time.Now())
	if !ok || p.done == nil {
		t.Fatal("a closed breaker refused, or gave an early probe")
	}
	p.end(good)
}

func TestASlowCallCountsAsAFailureAndItsResultIsUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newFake("a")
		a.send = func(context.Context, int) (providers.Handle, error) {
			time.Sleep(3 * time.Second)
			return handleOf("a"), nil
		}
		r := newRig(t, nil, set("a", func(p *ProviderSettings) { p.Breaker.SlowCall = 3 * time.Second }), a)
		for range 5 {
			if _, err := r.Send(t.Context(), smsRequest(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if r.stateOf("a") != Open {
			t.Error("five slow calls did not open it")
		}
		if got := r.Snapshot()[0].SuccessRate; got != 1 {
			t.Errorf("the success rate is %v", got)
		}
	})
}

func TestANewEngineFindsTheStateOfTheOldOne(t *testing.T) {
	t.Parallel()
	w := new(witness)
	r := newRig(t, w, nil, newFake("a"), newFake("b"))
	r.trip("a")
	r.trip("b")
	again := r.settings
	again.Providers = append([]ProviderSettings(nil), again.Providers...)
	again.Providers[1].Breaker.Probes = 2
	e := newTestEngine(t, again, r.health)
	if state := (&rig{Engine: e}).stateOf("a"); state != Open {
		t.Errorf("the breaker whose settings are as before is %s", state)
	}
	if state := (&rig{Engine: e}).stateOf("b"); state != Closed {
		t.Errorf("the breaker with new settings is %s", state)
	}
	if r.stateOf("b") != Closed {
		t.Error("the old engine still has the old breaker")
	}
	if diff := cmp.Diff([]string{"a closed open", "b closed open", "b open closed"}, w.changes); diff != "" {
		t.Error(diff)
	}
}

func TestAnObserverMayAskForTheStateOfTheBreakerThatChanged(t *testing.T) {
	t.Parallel()
	asking := &asker{}
	r := newRig(t, asking, nil, newFake("a"))
	asking.engine = r.Engine
	r.trip("a")
	if asking.seen != Open {
		t.Errorf("it saw %q", asking.seen)
	}
}

type asker struct {
	Silent
	engine *Engine
	seen   State
}

func (a *asker) BreakerChanged(Spot, State, State) { a.seen = a.engine.Snapshot()[0].State }

func TestManyRequestsOnABreakerThatComesAndGoesLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newFake("a")
		a.send = func(_ context.Context, n int) (providers.Handle, error) {
			time.Sleep(time.Duration(n%7) * time.Millisecond)
			if n%3 != 0 {
				return providers.Handle{}, &providers.Error{Class: providers.Transient}
			}
			return handleOf("a"), nil
		}
		r := newRig(t, new(witness), set("a", func(p *ProviderSettings) {
			p.Breaker.OpenFor, p.MaxPerSecond, p.MaxInFlight = 5*time.Millisecond, 500, 10
		}), a, newFake("b"))
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				for range 40 {
					if _, err := r.Send(t.Context(), smsRequest(), nil); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
		all.Wait()
		if _, _, inFlight, _ := r.units["a"].limiter.level(time.Now()); inFlight != 0 {
			t.Errorf("%d calls are still counted as under way", inFlight)
		}
		a.send = nil
		time.Sleep(time.Minute)
		before := a.calls()
		if _, err := r.Send(t.Context(), smsRequest(), nil); err != nil || a.calls() != before+1 || r.stateOf("a") != Closed {
			t.Errorf("error %v, breaker %s", err, r.stateOf("a"))
		}
	})
}
