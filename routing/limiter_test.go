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

func perSecond(n float64) func(*ProviderSettings) {
	return func(p *ProviderSettings) { p.MaxPerSecond = n }
}

func inFlight(n int) func(*ProviderSettings) {
	return func(p *ProviderSettings) { p.MaxInFlight = n }
}

func TestALimitedProviderIsSkippedWhileAnotherCanServe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := newFake("a"), newFake("b")
		r := newRig(t, nil, set("a", perSecond(2)), a, b)
		for range 5 {
			if _, err := r.Send(t.Context(), smsRequest(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if a.calls() != 2 || b.calls() != 3 {
			t.Errorf("a was called %d times, b %d times", a.calls(), b.calls())
		}
		if plan := r.Plan(smsRequest()); !plan.Places[0].Limited || plan.Places[1].Limited {
			t.Errorf("the plan is %+v", plan.Places)
		}
		time.Sleep(time.Second)
		if plan := r.Plan(smsRequest()); plan.Places[0].Limited {
			t.Error("a second later it is still limited")
		}
	})
}

func TestALimitedProviderThatIsTheLastIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newFake("a")
		r := newRig(t, nil, set("a", perSecond(2)), a, failing("b", transient))
		began := time.Now()
		for range 4 {
			if _, err := r.Send(t.Context(), smsRequest(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("four sends at two a second took %v", took)
		}
		out, err := r.Send(t.Context(), smsRequest(), nil)
		if diff := cmp.Diff([]string{"b", "a"}, providersOf(out.Tries)); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func TestALimitThatOutlastsTheDeadlineIsAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newFake("a")
		r := newRig(t, nil, set("a", perSecond(0.05)), a)
		_, _ = r.Send(t.Context(), smsRequest(), nil)
		began := time.Now()
		_, err := r.Send(t.Context(), smsRequest(), nil)
		f := failureOf(t, err)
		if f.Class != providers.Throttled || f.RetryAfter != 20*time.Second || f.NoRoute {
			t.Errorf("failure is %+v", *f)
		}
		if took := time.Since(began); took != 0 || a.calls() != 1 {
			t.Errorf("it took %v and %d calls", took, a.calls())
		}
		time.Sleep(20 * time.Second)
		if _, err := r.Send(t.Context(), smsRequest(), nil); err != nil {
			t.Errorf("what was not waited for was used up nevertheless: %v", err)
		}
	})
}

func TestPlacesUnderWayAreBoundedAndWaitedForInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newFake("a")
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
		r := newRig(t, nil, set("a", inFlight(3)), a)
		began := time.Now()
		var all sync.WaitGroup
		for range 9 {
			all.Go(func() {
				if _, err := r.Send(t.Context(), smsRequest(), nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); most != 3 || took != 3*time.Second {
			t.Errorf("%d at one time, %v in all", most, took)
		}
	})
}

func TestWaitingForAPlaceEndsInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, set("a", inFlight(1)), hanging("a", time.Minute))
		go func() { _, _ = r.Send(t.Context(), smsRequest(), nil) }()
		synctest.Wait()
		began := time.Now()
		_, err := r.Send(t.Context(), smsRequest(), nil)
		if f := failureOf(t, err); f.Class != providers.Throttled || f.RetryAfter != leastRetry {
			t.Errorf("failure is %+v", *f)
		}
		if took := time.Since(began); took != DefaultDeadline-leastSlice {
			t.Errorf("it waited %v", took)
		}
		time.Sleep(time.Minute)
	})
}

func TestTwoThatMustBeWaitedForShareTheTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newFake("b")
		change := func(s *Settings) {
			set("a", inFlight(1))(s)
			set("b", perSecond(0.2))(s)
		}
		r := newRig(t, nil, change, hanging("a", time.Minute), b)
		go func() { _, _ = r.Send(t.Context(), smsRequest(), nil) }()
		synctest.Wait()
		time.Sleep(5 * time.Second)
		if b.calls() != 1 {
			t.Fatalf("b was called %d times", b.calls())
		}
		began := time.Now()
		out, err := r.Send(t.Context(), smsRequest(), nil)
		if err != nil || out.Tries[0].Provider != "b" || time.Since(began) > 5*time.Second {
			t.Errorf("outcome %+v, error %v after %v", out, err, time.Since(began))
		}
		time.Sleep(time.Minute)
	})
}

func TestAThrottledProviderIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := newFake("a"), newFake("b")
		a.send = func(_ context.Context, n int) (providers.Handle, error) {
			if n == 1 {
				return providers.Handle{}, &providers.Error{Class: providers.Throttled, RetryAfter: 6 * time.Second}
			}
			return handleOf("a"), nil
		}
		r := newRig(t, nil, nil, a, b)
		for range 3 {
			_, _ = r.Send(t.Context(), smsRequest(), nil)
		}
		if a.calls() != 1 || b.calls() != 3 {
			t.Errorf("a was called %d times, b %d times", a.calls(), b.calls())
		}
		places := r.Plan(smsRequest()).Places
		if places[1].Provider != "a" || places[1].Reason != CoolingDown {
			t.Errorf("the plan is %+v", places)
		}
		if got := r.Snapshot()[0].CoolingUntil; !got.Equal(time.Now().Add(6 * time.Second)) {
			t.Errorf("it cools down until %v", got)
		}

		b.send = failing("b", transient).send
		began := time.Now()
		out, err := r.Send(t.Context(), smsRequest(), nil)
		if diff := cmp.Diff([]string{"b", "a"}, providersOf(out.Tries)); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if took := time.Since(began); took != 6*time.Second {
			t.Errorf("it was asked after %v", took)
		}
	})
}

func TestACoolDownBeyondTheDeadlineLeavesTheProviderOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := failing("a", providers.Error{Class: providers.Throttled, RetryAfter: time.Minute})
		r := newRig(t, nil, nil, a)
		_, _ = r.Send(t.Context(), smsRequest(), nil)
		_, err := r.Send(t.Context(), smsRequest(), nil)
		f := failureOf(t, err)
		if f.Class != providers.Throttled || f.RetryAfter != time.Minute || a.calls() != 1 {
			t.Errorf("failure is %+v after %d calls", *f, a.calls())
		}
		if x := r.Plan(smsRequest()).Excluded; len(x) != 1 || x[0].Reason != CoolingLong {
			t.Errorf("excluded: %+v", x)
		}
	})
}

// A Retry-After is believed up to a bound, and a shorter one never cuts a longer one off.
func TestCoolDowns(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule  string
		asked []time.Duration
		want  time.Duration
	}{
		{"not told", []time.Duration{0}, shortCoolDown},
		{"told", []time.Duration{7 * time.Second}, 7 * time.Second},
		{"too long", []time.Duration{24 * time.Hour}, longestCoolDown},
		{"the longest counts", []time.Duration{9 * time.Second, 2 * time.Second}, 9 * time.Second},
		{"the longest counts, whatever the order", []time.Duration{2 * time.Second, 9 * time.Second}, 9 * time.Second},
	}
	for _, tt := range tests {
		now, p := time.Now(), new(post)
		for _, d := range tt.asked {
			p.coolDown(now, d)
		}
		if got := p.coolUntil(now).Sub(now).Round(time.Microsecond); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.rule, got, tt.want)
		}
		if !p.coolUntil(now.Add(tt.want + time.Second)).IsZero() {
			t.Errorf("%s: it never ends", tt.rule)
		}
	}
}

func TestNewBoundsCountWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := newLimiter(0, 0)
	for range 5 {
		if !l.enter(now) {
			t.Fatal("it is not bounded, and yet refused")
		}
	}
	l.configure(2, 6)
	if !l.enter(now) || l.enter(now) {
		t.Error("six may be under way")
	}
	l.configure(2, 0)
	if !l.enter(now) || l.enter(now) {
		t.Error("two may begin in a second, and one has")
	}
	l.configure(4, 0)
	if tokens, rate, inFlight, most := l.level(now); tokens > 0.5 || rate != 4 || inFlight != 7 || most != 0 {
		t.Errorf("the level is %v at %v a second, %d of %d under way", tokens, rate, inFlight, most)
	}
}

func TestRaisingTheBoundLetsThoseInWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(0, 1)
		l.enter(time.Now())
		entered := make(chan bool, 2)
		for range 2 {
			go func() { entered <- l.enterBy(time.Now().Add(time.Minute), nil) }()
		}
		synctest.Wait()
		l.configure(0, 3)
		for range 2 {
			if !<-entered {
				t.Error("somebody was not let in")
			}
		}
		for range 3 {
			l.leave()
		}
		if _, _, inFlight, _ := l.level(time.Now()); inFlight != 0 {
			t.Errorf("%d are under way", inFlight)
		}
	})
}

func TestAPlaceThatIsHandedOverWhileItsTimeEndsIsKept(t *testing.T) {
	t.Parallel()
	l := newLimiter(0, 1)
	l.enter(time.Now())
	turn, taken := l.enqueue()
	if taken {
		t.Fatal("there was no place")
	}
	l.leave()
	if !l.giveUp(turn) {
		t.Error("the place was lost")
	}
	if _, _, inFlight, _ := l.level(time.Now()); inFlight != 1 {
		t.Errorf("%d are under way", inFlight)
	}
}

func TestClosingWakesThoseWhoWait(t *testing.T) {
	t.Parallel()
	full := func(perSecond float64, inFlight int) func(*rig) {
		return func(r *rig) {
			r.units["a"].limiter.configure(perSecond, inFlight)
			r.units["a"].limiter.enter(time.Now())
		}
	}
	tests := map[string]func(*rig){
		"for a place":             full(0, 1),
		"for their turn":          full(0.2, 0),
		"for a cool-down's end":   func(r *rig) { r.post(Spot{"a", providers.SMS}).coolDown(time.Now(), 5*time.Second) },
		"and the next is let off": func(r *rig) { r.cancel() },
	}
	for name, block := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newFake("a")
				r := newRig(t, nil, nil, a)
				block(r)
				go func() {
					_, err := r.Send(t.Context(), smsRequest(), nil)
					if f := failureOf(t, err); f.NoRoute || a.calls() != 0 {
						t.Errorf("failure is %+v after %d calls", *f, a.calls())
					}
				}()
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				if err := r.Close(ctx); err != nil || time.Since(began) > time.Second {
					t.Errorf("error %v after %v", err, time.Since(began))
				}
			})
		})
	}
}
