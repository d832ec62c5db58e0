package routing

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// answer is what a provider's method returned.
type answer[T any] struct {
	value T
	err   *providers.Error
}

// flight is a call to a provider in a goroutine of its own, so that the one who asked can stop waiting for it.
type flight[T any] struct {
	answers  chan answer[T]
	settled  atomic.Bool // the answer is on its way, or nobody waits for it any more: whichever came first
	progress *providers.Progress
	cancel   context.CancelFunc
}

// take makes the call in ctx, which cancel ends, and ends it with the call. late gets the answer if the call was given
// up before; it runs in the call's goroutine.
func take[T any](
	ctx context.Context, cancel context.CancelFunc, e *Engine, call Call, run func(context.Context) (T, error),
	late func(answer[T]),
) *flight[T] {
	ctx, progress := providers.WithProgress(ctx)
	f := &flight[T]{answers: make(chan answer[T], 1), progress: progress, cancel: cancel}
	e.crew.join()
	go func() {
		defer e.crew.leave()
		defer cancel()
		var a answer[T]
		a.take(ctx, e.health.observer, &call, run)
		f.settle(&a, late)
	}()
	return f
}

// settle hands the answer to who waits for it, or to late.
func (f *flight[T]) settle(a *answer[T], late func(answer[T])) {
	if a.err != nil && a.err.Code == codeCutOff {
		a.err.Class = cutOff(f.progress)
	}
	if f.settled.CompareAndSwap(false, true) {
		f.answers <- *a
		return
	}
	late(*a)
}

// wait returns the answer if it comes before its time is over or the caller is done; either may be nil. Then a call
// whose request was written goes on by itself; one whose request was not is cancelled, and has a moment to return. ok is
// false where nobody waits any more.
func (f *flight[T]) wait(over <-chan time.Time, done <-chan struct{}) (a answer[T], ok bool) {
	select {
	case a = <-f.answers:
		return a, true
	case <-over:
	case <-done:
	}
	if !f.progress.Written() {
		f.cancel()
		grace := time.NewTimer(recallGrace)
		defer grace.Stop()
		select {
		case a = <-f.answers:
			return f.recalled(a), true
		case <-grace.C:
		}
	}
	if f.settled.CompareAndSwap(false, true) {
		return answer[T]{err: f.timeout()}, false
	}
	return <-f.answers, true
}

// recalled is the answer of a call that we cancelled: a failure that only tells of that is our timeout.
func (f *flight[T]) recalled(a answer[T]) answer[T] {
	if a.err == nil {
		return a
	}
	if c := a.err.Class; c == providers.Unknown || c == providers.Transient || a.err.Code == codeCutOff {
		a.err = f.timeout()
	}
	return a
}

func (f *flight[T]) timeout() *providers.Error {
	return &providers.Error{Class: cutOff(f.progress), Code: codeTimeout}
}

// What stands in place of an upstream's own code where there is none.
const (
	codeTimeout      = "timeout"
	codeCutOff       = "cut_off" // an adapter passed on that its context had ended
	codeUnclassified = "unclassified"
	codePanic        = "panic"
)

// cutOff is the class of a call that did not come to its end.
func cutOff(p *providers.Progress) providers.Class {
	if p.Written() {
		return providers.Ambiguous
	}
	return providers.Transient
}

// take makes the call and turns whatever comes of it into an answer. A panic is a defect of the adapter; what it was
// called with may hold a code, so its value is not looked at.
func (a *answer[T]) take(ctx context.Context, observer Observer, call *Call, run func(context.Context) (T, error)) {
	defer func() {
		if v := recover(); v != nil {
			*a = answer[T]{err: &providers.Error{Class: providers.Unknown, Code: codePanic, Err: defect(v)}}
			a.err.Provider, a.err.Op = call.Provider, call.Op
			observer.Loud(ctx, *call, a.err)
		}
	}()
	var err error
	a.value, err = run(ctx)
	a.err = classified(err)
}

// classified makes a provider's error out of err. Of an error that an adapter did not classify only the fact is kept:
// its text may hold anything.
func classified(err error) *providers.Error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*providers.Error](err); ok && known != nil {
		clone := *known
		return &clone
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &providers.Error{Class: providers.Transient, Code: codeCutOff}
	}
	return &providers.Error{Class: providers.Unknown, Code: codeUnclassified}
}

// defect tells where a panic arose and of what type its value was.
func defect(value any) error {
	var counters [32]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(3, counters[:])])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") {
			return fmt.Errorf("%T at %s:%d", value, frame.Function, frame.Line)
		}
		if !more {
			return fmt.Errorf("%T", value)
		}
	}
}
