package otp_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

type traceKey struct{}

// watcher remembers what it was told. The trace of a use case is its name.
type watcher struct {
	mu   sync.Mutex
	told []string
}

func (w *watcher) note(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, line)
}

// take returns what was told since the last time.
func (w *watcher) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	told := w.told
	w.told = nil
	return told
}

func (w *watcher) Began(ctx context.Context, use otp.Use) context.Context {
	w.note("began " + use.Name + " " + use.App + " " + use.Origin)
	return context.WithValue(ctx, traceKey{}, "trace of "+use.Name)
}

func (w *watcher) Ended(ctx context.Context, use otp.Use, v otp.Verification, err error) {
	outcome, about := "ok", "nothing"
	if refusal, ok := errors.AsType[*otp.Error](err); ok {
		outcome = string(refusal.Code)
	}
	if v.Reference != "" {
		about = "one"
	}
	if ctx.Value(traceKey{}) != "trace of "+use.Name {
		outcome += ", in another context"
	}
	w.note("ended " + use.Name + " " + outcome + " about " + about)
}

func (w *watcher) Trace(ctx context.Context) string {
	name, _ := ctx.Value(traceKey{}).(string)
	return name
}

func (w *watcher) Delivered(_ otp.Verification, d otp.Delivery) {
	w.note("delivered " + d.Provider + " " + string(d.Status) + d.Class)
}

func (w *watcher) Settled(v otp.Verification) { w.note("settled " + string(v.Status)) }

// expect compares what was told since the last time.
func (w *watcher) expect(t *testing.T, name string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.take()); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

func TestAnObserverIsToldOfUseCases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.send(t)
	w.seen.expect(t, "send", "began send shop ", "delivered hubtel sent", "ended send ok about one")
	if stored := w.store.records[v.Reference]; stored.Trace != "trace of send" {
		t.Errorf("the trace that is kept is %q", stored.Trace)
	}
	_, _ = w.check(t, v.Reference, "0000")
	w.seen.expect(t, "a wrong guess", "began verify shop ", "ended verify wrong_code about one")
	_, _ = w.check(t, v.Reference, "1234")
	w.seen.expect(t, "a right guess", "began verify shop ", "settled verified", "ended verify ok about one")
	_, _ = w.check(t, v.Reference, "1234")
	w.seen.expect(t, "a guess too many", "began verify shop ", "ended verify already_verified about one")
	_, _ = w.check(t, "nonsense", "1234")
	w.seen.expect(t, "no reference", "began verify shop ", "ended verify not_found about nothing")
	_, _ = w.Send(t.Context(), w.app, otp.SendInput{To: "nobody"})
	w.seen.expect(t, "a mistake", "began send shop ", "ended send invalid_request about nothing")
}

func TestAnEndIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.send(t)
	w.seen.take()
	for _, want := range [][]string{
		{"began cancel shop ", "settled canceled", "ended cancel ok about one"}, {"began cancel shop ",
			"ended cancel ok about one"},
	} {
		if _, err := w.Cancel(t.Context(), w.app, string(v.Reference)); err != nil {
			t.Fatal(err)
		}
		w.seen.expect(t, "cancel", want...)
	}
	v = w.send(t)
	w.seen.take()
	for range 3 {
		_, _ = w.check(t, v.Reference, "0000")
	}
	w.seen.expect(t, "guesses used up",
		"began verify shop ", "ended verify wrong_code about one", "began verify shop ",
		"ended verify wrong_code about one",
		"began verify shop ", "settled failed", "ended verify wrong_code about one")
	w.router.script = []step{{
		tries:   []routing.Try{refused("hubtel", providers.Transient)},
		failure: &routing.Failure{Class: providers.Transient},
	}}
	_, _ = w.Send(t.Context(), w.app, otp.SendInput{To: "0201234567"})
	w.seen.expect(t, "nobody took it", "began send shop ", "delivered hubtel failedtransient", "settled failed",
		"ended send provider_unavailable about one")
}

// due hands out one verification, as a store's timers do.
type due struct{ v otp.Verification }

func (d due) Due(context.Context, time.Time, time.Duration, int) ([]otp.Verification, error) {
	return []otp.Verification{d.v}, nil
}

func TestWhatATimerDoesNamesItsOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.send(t, func(in *otp.SendInput) {
		in.Fallback = []otp.FallbackInput{{Channel: "whatsapp", After: "30s"}}
	})
	w.seen.take()
	if _, err := w.Escalate(t.Context(), due{v}); err != nil {
		t.Fatal(err)
	}
	w.seen.expect(t, "escalate", "began escalate shop trace of send", "delivered hubtel sent",
		"ended escalate ok about one")
}
