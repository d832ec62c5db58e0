package routing

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
)

// verifier is a fake whose verify is given.
func verifier(name string, verify func(context.Context, providers.Secret) (providers.Verdict, error)) *fake {
	f := newFake(name)
	f.verify = verify
	return f
}

func verifyAt(ctx context.Context, e *Engine, name string) (providers.Verdict, error) {
	return e.Verify(ctx, Spot{name, providers.SMS}, handleOf(name), providers.NewSecret("123456"))
}

func TestAVerdictIsPassedOnAsItIs(t *testing.T) {
	t.Parallel()
	w := new(witness)
	a := verifier("a", func(_ context.Context, code providers.Secret) (providers.Verdict, error) {
		return providers.Verdict{Match: code.Reveal() == "123456", AttemptsLeft: -1, Final: true}, nil
	})
	r := newRig(t, w, nil, a)
	r.trip("a")
	got, err := verifyAt(t.Context(), r.Engine, "a")
	if want := (providers.Verdict{Match: true, AttemptsLeft: -1, Final: true}); got != want || err != nil {
		t.Errorf("verdict %+v, error %v", got, err)
	}
	if r.stateOf("a") != Open {
		t.Error("a verdict closed the breaker")
	}
	want := []Call{{Spot: Spot{"a", providers.SMS}, Op: "verify"}}
	if diff := cmp.Diff(want, w.began); diff != "" {
		t.Error(diff)
	}
}

func TestAFaultIsNeverAVerdictAndNeverRepeated(t *testing.T) {
	t.Parallel()
	for _, class := range providers.Classes() {
		calls := 0
		a := verifier("a", func(context.Context, providers.Secret) (providers.Verdict, error) {
			calls++
			return providers.Verdict{Match: true, Final: true}, &providers.Error{Class: class}
		})
		got, err := verifyAt(t.Context(), newRig(t, nil, nil, a, newFake("b")).Engine, "a")
		if got != (providers.Verdict{}) || providers.ClassOf(err) != class || calls != 1 {
			t.Errorf("%s: verdict %+v, error %v, %d calls", class, got, err, calls)
		}
	}
}

func TestWhichFaultsOfAVerifyCountInTheBreaker(t *testing.T) {
	t.Parallel()
	for _, class := range providers.Classes() {
		a := verifier("a", func(context.Context, providers.Secret) (providers.Verdict, error) {
			return providers.Verdict{}, &providers.Error{Class: class}
		})
		w := new(witness)
		r := newRig(t, w, nil, a)
		for range 5 {
			_, _ = verifyAt(t.Context(), r.Engine, "a")
		}
		m := policyOf(class).mark
		if open := r.stateOf("a") == Open; open != (m == bad || m == fatal) {
			t.Errorf("%s: the breaker is open: %v", class, open)
		}
		if loud := len(w.loud) > 0; loud != (m == fatal) {
			t.Errorf("%s: it is loud: %v", class, loud)
		}
	}
}

func TestAVerifyAtAProviderThatWasRemovedIsAFault(t *testing.T) {
	t.Parallel()
	_, err := verifyAt(t.Context(), newRig(t, nil, nil, newFake("a")).Engine, "old")
	if want := "old verify: transient (provider_removed)"; err == nil || err.Error() != want {
		t.Errorf("error is %v", err)
	}
}

func TestAVerifyOnAChannelThatIsCoveredNoMoreIsAsked(t *testing.T) {
	t.Parallel()
	a := verifier("a", func(context.Context, providers.Secret) (providers.Verdict, error) {
		return providers.Verdict{}, &providers.Error{Class: providers.Transient}
	})
	r := newRig(t, nil, nil, a)
	_, err := r.Verify(t.Context(), Spot{"a", providers.Voice}, providers.Handle{}, providers.NewSecret("1234"))
	if want := "a verify: transient"; err == nil || err.Error() != want {
		t.Errorf("error is %v", err)
	}
}

func TestAVerifyIsAskedAlthoughTheLimitsAreUsedUp(t *testing.T) {
	t.Parallel()
	a := verifier("a", func(context.Context, providers.Secret) (providers.Verdict, error) {
		return providers.Verdict{Match: true}, nil
	})
	r := newRig(t, nil, set("a", func(p *ProviderSettings) { p.MaxPerSecond, p.MaxInFlight = 0.001, 1 }), a)
	r.units["a"].limiter.enter(time.Now())
	for range 3 {
		if got, err := verifyAt(t.Context(), r.Engine, "a"); !got.Match || err != nil {
			t.Errorf("verdict %+v, error %v", got, err)
		}
	}
	if _, _, inFlight, _ := r.units["a"].limiter.level(time.Now()); inFlight != 1 {
		t.Errorf("%d are under way", inFlight)
	}
}

func TestAVerifyEndsInTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule    string
		written bool
		heeds   bool // the end of its context
		caller  time.Duration
		took    time.Duration
		want    string
		counts  bool
	}{
		{
			"its timeout, after the guess was written", true, false, time.Minute, 4 * time.Second,
			"a verify: ambiguous (timeout)", true,
		},
		{"its timeout, before that", false, true, time.Minute, 4 * time.Second, "a verify: transient (timeout)", true},
		{
			"its timeout, although it does not return", false, false, time.Minute, 4*time.Second + recallGrace,
			"a verify: transient (timeout)", true,
		},
		{"the caller's time", true, false, time.Second, time.Second, "a verify: ambiguous (timeout)", false},
		{
			"the caller's time, before it was written", false, true, time.Second, time.Second,
			"a verify: transient (timeout)", false,
		},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := verifier("a", func(ctx context.Context, _ providers.Secret) (providers.Verdict, error) {
					if tt.written {
						providers.MarkWritten(ctx)
					}
					if tt.heeds {
						<-ctx.Done()
						return providers.Verdict{}, ctx.Err()
					}
					time.Sleep(10 * time.Second)
					return providers.Verdict{Match: true}, nil
				})
				w := new(witness)
				r := newRig(t, w, set("a", func(p *ProviderSettings) { p.Breaker = Breaker{Failures: 1, Of: 1} }), a)
				ctx, cancel := context.WithTimeout(t.Context(), tt.caller)
				defer cancel()
				began := time.Now()
				got, err := verifyAt(ctx, r.Engine, "a")
				if got.Match || err == nil || err.Error() != tt.want {
					t.Errorf("verdict %+v, error %v", got, err)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("it took %v", took)
				}
				if open := r.stateOf("a") == Open; open != tt.counts {
					t.Errorf("it counts: %v", open)
				}
				elapse(10 * time.Second)
				if late := len(w.late) == 1; late == tt.heeds {
					t.Errorf("late: %q", w.late)
				}
			})
		})
	}
}

func TestACallerWhoCancelsAVerifyBlamesNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := verifier("a", func(ctx context.Context, _ providers.Secret) (providers.Verdict, error) {
			<-ctx.Done()
			return providers.Verdict{}, &providers.Error{Class: providers.Transient, Err: errors.New("canceled")}
		})
		r := newRig(t, nil, set("a", func(p *ProviderSettings) { p.Breaker = Breaker{Failures: 1, Of: 1} }), a)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := verifyAt(ctx, r.Engine, "a"); err == nil {
			t.Error("no error")
		}
		if r.stateOf("a") != Closed {
			t.Error("it counted")
		}
	})
}

func TestAPanicInAVerifyIsAFault(t *testing.T) {
	t.Parallel()
	a := verifier("a", func(context.Context, providers.Secret) (providers.Verdict, error) { panic("boom") })
	got, err := verifyAt(t.Context(), newRig(t, nil, nil, a).Engine, "a")
	if got.Match || providers.ClassOf(err) != providers.Unknown || err == nil {
		t.Errorf("verdict %+v, error %v", got, err)
	}
}

// checksHere makes f a provider that compares by itself.
func checksHere(f *fake) *fake {
	f.info.ChecksHere = true
	return f
}

func TestACheckHereIsAskedWithoutATimeOfItsOwn(t *testing.T) {
	t.Parallel()
	w := new(witness)
	a := checksHere(verifier("a", func(ctx context.Context, code providers.Secret) (providers.Verdict, error) {
		if end, ok := ctx.Deadline(); ok {
			t.Errorf("it got until %v", end)
		}
		return providers.Verdict{Match: code.Reveal() == "123456", AttemptsLeft: -1}, nil
	}))
	r := newRig(t, w, nil, a)
	got, err := verifyAt(context.Background(), r.Engine, "a")
	if want := (providers.Verdict{Match: true, AttemptsLeft: -1}); got != want || err != nil {
		t.Errorf("verdict %+v, error %v", got, err)
	}
	if diff := cmp.Diff([]string{"a ok"}, w.ended); diff != "" || len(w.began) != 1 {
		t.Errorf("began %v, ended %s", w.began, diff)
	}
	if _, _, inFlight, _ := r.units["a"].limiter.level(time.Now()); inFlight != 0 {
		t.Errorf("%d are under way", inFlight)
	}
}

func TestACheckHereThatFailsIsAFault(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule   string
		verify func() (providers.Verdict, error)
		want   string
	}{
		{"a key that is gone", func() (providers.Verdict, error) {
			return providers.Verdict{Match: true}, &providers.Error{Class: providers.Gone, Code: "key_gone"}
		}, "a verify: gone (key_gone)"},
		{"an error that nobody classified", func() (providers.Verdict, error) {
			return providers.Verdict{Match: true}, errors.New("123456")
		}, "a verify: unknown (unclassified)"},
		{"a panic", func() (providers.Verdict, error) { panic("123456") }, "a verify: unknown (panic)"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			a := verifier("a", func(context.Context, providers.Secret) (providers.Verdict, error) { return tt.verify() })
			r := newRig(t, nil, nil, checksHere(a))
			got, err := verifyAt(t.Context(), r.Engine, "a")
			if got != (providers.Verdict{}) || err == nil || !strings.HasPrefix(err.Error(), tt.want) ||
				strings.Contains(err.Error(), "123456") {
				t.Errorf("verdict %+v, error %v", got, err)
			}
			if _, _, inFlight, _ := r.units["a"].limiter.level(time.Now()); inFlight != 0 {
				t.Errorf("%d are under way", inFlight)
			}
		})
	}
}
