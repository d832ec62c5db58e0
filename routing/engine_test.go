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

func TestTheFirstThatTakesTheRequestEndsTheChain(t *testing.T) {
	t.Parallel()
	a, b, c := failing("a", providers.Error{Class: providers.Transient}), newFake("b"), newFake("c")
	b.info.USSD = "*713*90#"
	w := new(witness)
	r := newRig(t, w, nil, a, b, c)
	out, err := r.Send(t.Context(), smsRequest(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, providersOf(out.Tries)); diff != "" {
		t.Error(diff)
	}
	last := out.Tries[1]
	if out.Rule != "all" || last.Place != 2 || last.USSD != "*713*90#" || last.Err != nil {
		t.Errorf("outcome is %+v", out)
	}
	if diff := cmp.Diff(handleOf("b"), last.Handle); diff != "" {
		t.Error(diff)
	}
	if c.calls() != 0 {
		t.Error("the third was asked too")
	}
	if diff := cmp.Diff([]string{"a transient", "b ok"}, w.ended); diff != "" {
		t.Error(diff)
	}
	want := Call{Spot: Spot{"b", providers.SMS}, Op: "send", Rule: "all", Place: 2}
	if diff := cmp.Diff(want, w.began[1]); diff != "" {
		t.Error(diff)
	}
}

func TestAProviderGetsTheRequestCutToWhatItTakes(t *testing.T) {
	t.Parallel()
	a := newFake("a", providers.Coverage{
		Channel: providers.SMS, Length: providers.Range[int]{Min: 4, Max: 4},
		Alphabets: []providers.Alphabet{providers.Numeric},
		Expiry:    providers.Range[time.Duration]{Min: time.Minute, Max: 5 * time.Minute},
	})
	r := newRig(t, nil, nil, a)
	req := smsRequest()
	req.Send.Message, req.Send.Sender = "Your code is {code}", "Shop"
	req.Send.Wish = providers.CodeWish{Length: 6, Alphabet: providers.Numeric, Expiry: 10 * time.Minute, Attempts: 3}
	if _, err := r.Send(t.Context(), req, nil); err != nil {
		t.Fatal(err)
	}
	got := a.requests()[0]
	want := providers.CodeWish{Alphabet: providers.Numeric, Expiry: 5 * time.Minute}
	if diff := cmp.Diff(want, got.Wish); diff != "" {
		t.Error(diff)
	}
	if got.Message != "" || got.Sender != "Shop" || got.Reference != req.Send.Reference || got.To != req.Send.To {
		t.Errorf("the request is %+v", got)
	}
}

func TestNoRuleMeansNoRoute(t *testing.T) {
	t.Parallel()
	mailOnly := func(s *Settings) { s.Rules[0].When.Channels = []providers.Channel{providers.Email} }
	r := newRig(t, nil, mailOnly, newFake("a"))
	_, err := r.Send(t.Context(), smsRequest(), nil)
	f := failureOf(t, err)
	if want := "no route is configured for channel sms to GH"; !f.NoRoute || f.Reason != want || f.Error() != want {
		t.Errorf("failure is %+v", *f)
	}
}

func TestNobodyFitsMeansNoRoute(t *testing.T) {
	t.Parallel()
	nigeria := everything(providers.SMS)
	nigeria.Countries = providers.Countries{"NG"}
	r := newRig(t, nil, nil, newFake("a", everything(providers.Email)), newFake("b", nigeria))
	_, err := r.Send(t.Context(), smsRequest(), nil)
	f := failureOf(t, err)
	want := "no provider on the route for channel sms to GH can grant what was asked: channel, country"
	if !f.NoRoute || f.Reason != want {
		t.Errorf("failure is %+v", *f)
	}
}

func TestARouteWithoutProvidersIsNoRoute(t *testing.T) {
	t.Parallel()
	_, err := newRig(t, nil, nil).Send(t.Context(), smsRequest(), nil)
	if f := failureOf(t, err); !f.NoRoute || f.Reason != "the route for channel sms to GH has no providers" {
		t.Errorf("failure is %+v", *f)
	}
}

func TestASpentSpotIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	a := newFake("a")
	r := newRig(t, nil, nil, a)
	req := smsRequest()
	req.Spent = []Spot{{"a", providers.SMS}}
	_, err := r.Send(t.Context(), req, nil)
	f := failureOf(t, err)
	if f.NoRoute || f.Class != providers.Ambiguous || f.RetryAfter != usualRetry || a.calls() != 0 {
		t.Errorf("failure is %+v after %d calls", *f, a.calls())
	}
}

func TestASpotThatFailedBeforeIsAskedLast(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil, newFake("a"), failing("b", providers.Error{Class: providers.Transient}))
	req := smsRequest()
	req.Failed = []Spot{{"a", providers.SMS}}
	out, err := r.Send(t.Context(), req, nil)
	if diff := cmp.Diff([]string{"b", "a"}, providersOf(out.Tries)); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// A slice is an equal share of what remains, more if those that follow cannot use theirs, never more than the timeout.
func TestSlices(t *testing.T) {
	t.Parallel()
	const s = time.Second
	tests := []struct {
		rule      string
		remaining time.Duration
		timeout   time.Duration
		others    []time.Duration
		want      time.Duration
	}{
		{"equal shares", 8 * s, 5 * s, []time.Duration{5 * s, 5 * s, 5 * s}, 2 * s},
		{"the last gets the rest", 3 * s, 5 * s, nil, 3 * s},
		{"never more than the timeout", 8 * s, 2 * s, nil, 2 * s},
		{"what others cannot use is not lost", 8 * s, 5 * s, []time.Duration{1 * s, 2 * s}, 5 * s},
		{"others with long timeouts take no more than their share", 6 * s, 5 * s, []time.Duration{9 * s, 9 * s}, 2 * s},
	}
	for _, tt := range tests {
		if got := sliceOf(tt.remaining, tt.timeout, tt.others); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.rule, got, tt.want)
		}
	}
}

func TestTheDeadlineIsTheRulesOrTheCallersLessAMargin(t *testing.T) {
	t.Parallel()
	now := time.Now()
	short, cancel := context.WithDeadline(t.Context(), now.Add(3*time.Second))
	defer cancel()
	if got, want := endOf(t.Context(), now, 8*time.Second), now.Add(8*time.Second); !got.Equal(want) {
		t.Errorf("without the caller's: %v", got.Sub(now))
	}
	if got, want := endOf(short, now, 8*time.Second), now.Add(3*time.Second-recordMargin); !got.Equal(want) {
		t.Errorf("the caller's: %v", got.Sub(now))
	}
	if got, want := endOf(short, now, time.Second), now.Add(time.Second); !got.Equal(want) {
		t.Errorf("the rule's: %v", got.Sub(now))
	}
}

func TestAChainOfHangingProvidersEndsWithinItsDeadlineAndAsksAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, nil, hanging("a", time.Minute), hanging("b", time.Minute), hanging("c", time.Minute))
		began := time.Now()
		out, err := r.Send(t.Context(), smsRequest(), nil)
		if took := time.Since(began); took != 8*time.Second {
			t.Errorf("it took %v", took)
		}
		if f := failureOf(t, err); f.Class != providers.Ambiguous || len(out.Tries) != 3 {
			t.Errorf("failure is %+v after %d tries", *f, len(out.Tries))
		}
		for _, try := range out.Tries {
			if try.Took < 2*time.Second || try.Err.Error() != try.Provider+" send: ambiguous (timeout)" {
				t.Errorf("%s took %v: %v", try.Provider, try.Took, try.Err)
			}
		}
		elapse(time.Minute)
	})
}

func TestWithoutTimeNobodyIsAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newFake("a")
		r := newRig(t, nil, nil, a)
		ctx, cancel := context.WithTimeout(t.Context(), recordMargin)
		defer cancel()
		_, err := r.Send(ctx, smsRequest(), nil)
		if f := failureOf(t, err); f.NoRoute || f.Class != providers.Transient || a.calls() != 0 {
			t.Errorf("failure is %+v after %d calls", *f, a.calls())
		}
	})
}

func TestALateAnswerIsToldOnceAndItsCodeCanBeChecked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := new(witness)
		r := newRig(t, w, nil, hanging("a", 20*time.Second), newFake("b"))
		var late []Try
		out, err := r.Send(t.Context(), smsRequest(), func(try Try) { late = append(late, try) })
		if err != nil || len(out.Tries) != 2 {
			t.Fatalf("outcome %+v, error %v", out, err)
		}
		first := out.Tries[0]
		if first.Err.Class != providers.Ambiguous || first.Checkable() {
			t.Errorf("the first try is %+v", first)
		}
		if state := r.stateOf("a"); state != Closed {
			t.Errorf("one failure made the breaker %s", state)
		}
		elapse(30 * time.Second)
		if len(late) != 1 {
			t.Fatalf("late was told %d times", len(late))
		}
		got := late[0]
		if !got.Checkable() || got.Spot != first.Spot || !got.At.Equal(first.At) || got.Place != 1 {
			t.Errorf("the late try is %+v, and the first was %+v", got, first)
		}
		if got.Took != 20*time.Second {
			t.Errorf("the late try is %+v", got)
		}
		if diff := cmp.Diff([]string{"a ok"}, w.late); diff != "" {
			t.Error(diff)
		}
	})
}

func TestALateFailureIsToldToTheObserverOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := new(witness)
		a := newFake("a")
		a.send = func(ctx context.Context, _ int) (providers.Handle, error) {
			providers.MarkWritten(ctx)
			time.Sleep(20 * time.Second)
			return providers.Handle{}, &providers.Error{Class: providers.Rejected}
		}
		r := newRig(t, w, nil, a, newFake("b"))
		_, _ = r.Send(t.Context(), smsRequest(), func(Try) { t.Error("late was told of a failure") })
		elapse(time.Minute)
		if diff := cmp.Diff([]string{"a rejected"}, w.late); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNoAnswerIsWaitedForLongerThanLateAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newFake("a")
		var gaveUp time.Duration
		a.send = func(ctx context.Context, _ int) (providers.Handle, error) {
			began := time.Now()
			providers.MarkWritten(ctx)
			<-ctx.Done()
			gaveUp = time.Since(began)
			return providers.Handle{}, ctx.Err()
		}
		w := new(witness)
		r := newRig(t, w, func(s *Settings) { s.LateAnswer = 12 * time.Second }, a)
		_, err := r.Send(t.Context(), smsRequest(), nil)
		if f := failureOf(t, err); f.Class != providers.Ambiguous {
			t.Errorf("failure is %+v", *f)
		}
		elapse(time.Minute)
		if gaveUp != 4*time.Second+12*time.Second {
			t.Errorf("the call was cancelled after %v", gaveUp)
		}
		if diff := cmp.Diff([]string{"a ambiguous"}, w.late); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAfterAnAmbiguousTryARuleMayStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newFake("b")
		r := newRig(t, nil, func(s *Settings) { s.Rules[0].OnAmbiguous = Stop }, hanging("a", 20*time.Second), b)
		out, err := r.Send(t.Context(), smsRequest(), nil)
		if f := failureOf(t, err); f.Class != providers.Ambiguous || len(out.Tries) != 1 || b.calls() != 0 {
			t.Errorf("failure %+v after %d tries", *f, len(out.Tries))
		}
		elapse(time.Minute)
	})
}

func TestAnAmbiguousTryWithAHandleCanBeChecked(t *testing.T) {
	t.Parallel()
	a := newFake("a")
	a.send = func(context.Context, int) (providers.Handle, error) {
		return handleOf("a"), &providers.Error{Class: providers.Ambiguous}
	}
	out, err := newRig(t, nil, nil, a).Send(t.Context(), smsRequest(), nil)
	if err == nil || !out.Tries[0].Checkable() {
		t.Errorf("outcome %+v, error %v", out, err)
	}
}

// What a call that was cut off before its request was written has come to.
func TestACallThatWasNotWrittenIsCancelled(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule string
		end  func(ctx context.Context) (providers.Handle, error) // after its context was cancelled
		want string
	}{
		{"its own word for a timeout does not count", func(context.Context) (providers.Handle, error) {
			return providers.Handle{}, &providers.Error{Class: providers.Unknown, Code: "canceled"}
		}, "a send: transient (timeout)"},
		{"a bare context error is a timeout", func(ctx context.Context) (providers.Handle, error) {
			return providers.Handle{}, ctx.Err()
		}, "a send: transient (timeout)"},
		{"an answer that crossed it counts", func(context.Context) (providers.Handle, error) {
			return providers.Handle{}, &providers.Error{Class: providers.Rejected, Code: "barred"}
		}, "a send: rejected (barred)"},
		{"what was written in the last moment is ambiguous", func(ctx context.Context) (providers.Handle, error) {
			providers.MarkWritten(ctx)
			return providers.Handle{}, ctx.Err()
		}, "a send: ambiguous (timeout)"},
		{"one that does not return is left alone", func(context.Context) (providers.Handle, error) {
			time.Sleep(time.Second)
			return providers.Handle{}, &providers.Error{Class: providers.Rejected}
		}, "a send: transient (timeout)"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newFake("a")
				a.send = func(ctx context.Context, _ int) (providers.Handle, error) {
					<-ctx.Done()
					return tt.end(ctx)
				}
				out, _ := newRig(t, nil, nil, a).Send(t.Context(), smsRequest(), nil)
				if got := out.Tries[0].Err.Error(); got != tt.want {
					t.Errorf("error is %q, want %q", got, tt.want)
				}
				if took := out.Tries[0].Took; took < 4*time.Second || took > 4*time.Second+recallGrace {
					t.Errorf("it took %v", took)
				}
				elapse(2 * time.Second)
			})
		})
	}
}

func TestAClientThatHangsUpStopsNothingAndBlamesNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newFake("a")
		a.send = func(ctx context.Context, _ int) (providers.Handle, error) {
			select {
			case <-time.After(time.Second):
				return handleOf("a"), nil
			case <-ctx.Done():
				return providers.Handle{}, &providers.Error{Class: providers.Transient, Err: ctx.Err()}
			}
		}
		r := newRig(t, nil, set("a", func(p *ProviderSettings) { p.Breaker = Breaker{Failures: 1, Of: 1} }), a)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		out, err := r.Send(ctx, smsRequest(), nil)
		if err != nil || out.Tries[0].Took != time.Second || r.stateOf("a") != Closed {
			t.Errorf("outcome %+v, error %v, breaker %s", out, err, r.stateOf("a"))
		}
	})
}

func TestACallKnowsWhatTheRequestKnows(t *testing.T) {
	t.Parallel()
	type key struct{}
	a := newFake("a")
	var known any
	var end bool
	a.send = func(ctx context.Context, _ int) (providers.Handle, error) {
		known = ctx.Value(key{})
		_, end = ctx.Deadline()
		return handleOf("a"), nil
	}
	r := newRig(t, nil, nil, a)
	if _, err := r.Send(context.WithValue(t.Context(), key{}, "trace"), smsRequest(), nil); err != nil {
		t.Fatal(err)
	}
	if known != "trace" || !end {
		t.Errorf("the call knows %v, and has an end: %v", known, end)
	}
}

func TestCloseWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		told := 0
		r := newRig(t, nil, nil, hanging("a", 20*time.Second), newFake("b"))
		_, _ = r.Send(t.Context(), smsRequest(), func(Try) { mu.Lock(); told++; mu.Unlock() })
		began := time.Now()
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 16*time.Second || told != 1 {
			t.Errorf("it took %v, and late was told %d times", took, told)
		}
	})
}

func TestCloseCancelsWhatIsLeftWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newFake("a")
		a.send = func(ctx context.Context, _ int) (providers.Handle, error) {
			providers.MarkWritten(ctx)
			<-ctx.Done()
			return providers.Handle{}, &providers.Error{Class: providers.Transient, Err: ctx.Err()}
		}
		r := newRig(t, nil, set("a", func(p *ProviderSettings) { p.Breaker = Breaker{Failures: 1, Of: 1} }), a)
		go func() { _, _ = r.Send(t.Context(), smsRequest(), nil) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := r.Close(ctx); err != nil || time.Since(began) != time.Second {
			t.Errorf("error %v after %v", err, time.Since(began))
		}
		if state := r.stateOf("a"); state != Closed {
			t.Errorf("our own closing made the breaker %s", state)
		}
		_, err := r.Send(t.Context(), smsRequest(), nil)
		if f := failureOf(t, err); f.Class != providers.Transient || f.RetryAfter == 0 {
			t.Errorf("a closed engine answers %+v", *f)
		}
		_, err = r.Resend(t.Context(), Delivered{}, smsRequest(), nil)
		failureOf(t, err)
		_, err = r.Verify(t.Context(), Spot{"a", providers.SMS}, providers.Handle{}, providers.NewSecret("1234"))
		if class := providers.ClassOf(err); err == nil || class != providers.Transient {
			t.Errorf("a closed engine's verify answers %v", err)
		}
	})
}

func TestCloseTellsOfAProviderThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := hanging("a", time.Hour)
		e, err := NewEngine(Settings{
			Rules:     []Rule{{Use: []Candidate{{Provider: "a"}}}},
			Providers: []ProviderSettings{{Provider: a}},
		}, NewHealth(Silent{}))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = e.Send(t.Context(), smsRequest(), nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := e.Close(ctx); err == nil {
			t.Error("it closed although a call is stuck")
		}
		time.Sleep(time.Hour)
	})
}

func TestAnEngineRefusesARuleWithAProviderThatNobodyBuilt(t *testing.T) {
	t.Parallel()
	_, err := NewEngine(Settings{Rules: []Rule{{Name: "ghana", Use: []Candidate{{Provider: "zend"}}}}}, NewHealth(nil))
	if want := `routing: rule "ghana" uses "zend", which is no provider`; err == nil || err.Error() != want {
		t.Errorf("error is %v", err)
	}
}
