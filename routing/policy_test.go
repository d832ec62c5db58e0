package routing

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
)

// What each class means: whether the next provider is asked, what the breaker makes of it, and what the app is told
// when it was the only answer.
func TestEveryClassDoesWhatItsLineOfTheTableSays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		class   providers.Class
		next    bool
		counted bool // as a failure
		opens   bool // at once
		noRoute bool
		answers providers.Class
		retry   time.Duration
	}{
		{providers.Transient, true, true, false, false, providers.Transient, usualRetry},
		{providers.Ambiguous, true, true, false, false, providers.Ambiguous, usualRetry},
		{providers.Throttled, true, false, false, false, providers.Throttled, 20 * time.Second},
		{providers.Credentials, true, true, true, false, providers.Credentials, 15 * time.Second},
		{providers.Exhausted, true, true, true, false, providers.Exhausted, 15 * time.Second},
		{providers.Unsupported, true, false, false, true, providers.Unsupported, 0},
		{providers.Rejected, false, false, false, false, providers.Rejected, 0},
		{providers.Busy, true, false, false, false, providers.Busy, 20 * time.Second},
		{providers.Gone, true, false, false, false, providers.Unknown, usualRetry},
		{providers.Unknown, true, true, false, false, providers.Unknown, usualRetry},
	}
	if len(tests) != len(providers.Classes()) {
		t.Fatalf("%d of %d classes are tested", len(tests), len(providers.Classes()))
	}
	for _, tt := range tests {
		t.Run(tt.class.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				failure := providers.Error{Class: tt.class, Code: "E1"}
				if tt.retry == 20*time.Second {
					failure.RetryAfter = tt.retry
				}

				second := newFake("b")
				r := newRig(t, nil, nil, failing("a", failure), second)
				out, err := r.Send(t.Context(), smsRequest(), nil)
				if asked := second.calls() == 1; asked != tt.next {
					t.Errorf("the next provider is asked: %v, want %v", asked, tt.next)
				}
				if (err == nil) != tt.next {
					t.Errorf("error is %v", err)
				}
				if got := out.Tries[0].Err.Class; got != tt.class {
					t.Errorf("the try has class %v", got)
				}
				state := r.stateOf("a")
				if want := map[bool]State{true: Open, false: Closed}[tt.opens]; state != want {
					t.Errorf("the breaker is %s, want %s", state, want)
				}

				alone := newRig(t, nil, nil, failing("a", failure))
				_, err = alone.Send(t.Context(), smsRequest(), nil)
				f := failureOf(t, err)
				if f.Class != tt.answers || f.NoRoute != tt.noRoute || f.RetryAfter != tt.retry || f.Reason == "" {
					t.Errorf("alone it answers %+v", *f)
				}

				many := newRig(t, nil, nil, failing("a", failure))
				for range 12 {
					_, _ = many.Send(t.Context(), smsRequest(), nil)
				}
				if opened := many.stateOf("a") == Open; opened != (tt.counted || tt.opens) {
					t.Errorf("after 12 failures the breaker is open: %v, want %v", opened, tt.counted)
				}
			})
		})
	}
}

func TestTheLastFailureDecidesTheAnswer(t *testing.T) {
	t.Parallel()
	const (
		broken   = providers.Transient
		busy     = providers.Busy
		unable   = providers.Unsupported
		rejected = providers.Rejected
	)
	tests := []struct {
		rule    string
		classes []providers.Class
		want    Failure
	}{
		{"busy last", []providers.Class{broken, busy}, Failure{Class: busy, RetryAfter: usualRetry}},
		{"busy first", []providers.Class{busy, broken}, Failure{Class: broken, RetryAfter: usualRetry}},
		{"busy and unable", []providers.Class{busy, unable}, Failure{Class: busy, RetryAfter: usualBusy}},
		{"all unable", []providers.Class{unable, unable}, Failure{NoRoute: true, Class: unable}},
		{"rejected ends it", []providers.Class{broken, rejected, broken}, Failure{Class: rejected}},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			var list []providers.Provider
			for i, class := range tt.classes {
				list = append(list, failing(string(rune('a'+i)), providers.Error{Class: class}))
			}
			r := newRig(t, nil, nil, list...)
			_, err := r.Send(t.Context(), smsRequest(), nil)
			got := *failureOf(t, err)
			got.Reason = ""
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFailureThatLastsIsLoud(t *testing.T) {
	t.Parallel()
	for _, class := range []providers.Class{providers.Credentials, providers.Exhausted} {
		w := new(witness)
		r := newRig(t, w, nil, failing("a", providers.Error{Class: class, Code: "401"}))
		_, _ = r.Send(t.Context(), smsRequest(), nil)
		want := []string{"a " + class.String() + " a send: " + class.String() + " (401)"}
		if diff := cmp.Diff(want, w.loud); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"a closed open"}, w.changes); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAnErrorWithoutAClassIsUnknownAndItsTextIsDropped(t *testing.T) {
	t.Parallel()
	a := newFake("a")
	a.send = func(context.Context, int) (providers.Handle, error) {
		return providers.Handle{}, errString("post https://upstream/?code=123456: refused")
	}
	out, err := newRig(t, nil, nil, a).Send(t.Context(), smsRequest(), nil)
	if got, want := out.Tries[0].Err.Error(), "a send: unknown (unclassified)"; got != want {
		t.Errorf("error is %q, want %q", got, want)
	}
	if f := failureOf(t, err); f.Class != providers.Unknown {
		t.Errorf("class is %v", f.Class)
	}
}

type errString string

func (e errString) Error() string { return string(e) }

func TestAPanicIsAnUnknownFailureAndItsValueIsNotShown(t *testing.T) {
	t.Parallel()
	w := new(witness)
	a := newFake("a")
	a.send = func(context.Context, int) (providers.Handle, error) { panic("the code is 123456") }
	b := newFake("b")
	r := newRig(t, w, nil, a, b)
	out, err := r.Send(t.Context(), smsRequest(), nil)
	if err != nil || len(out.Tries) != 2 {
		t.Fatalf("outcome %+v, error %v", out, err)
	}
	text := out.Tries[0].Err.Error()
	want := "a send: unknown (panic): string at github.com/otpgate/otpgate/routing." +
		"TestAPanicIsAnUnknownFailureAndItsValueIsNotShown.func1:"
	if len(text) < len(want) || text[:len(want)] != want {
		t.Errorf("error is %q", text)
	}
	if len(w.loud) != 1 {
		t.Errorf("loud: %q", w.loud)
	}
	if _, _, inFlight, _ := r.units["a"].limiter.level(time.Now()); inFlight != 0 {
		t.Errorf("%d calls are still counted as under way", inFlight)
	}
}
