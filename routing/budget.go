package routing

import (
	"context"
	"time"
)

const (
	// recordMargin is kept of the caller's time, to write down what became of the request.
	recordMargin = 250 * time.Millisecond
	// leastSlice is the shortest time that a try is given. With less, an upstream would be blamed for our hurry.
	leastSlice = 50 * time.Millisecond
	// recallGrace is how long a call that was cancelled gets to return.
	recallGrace = 100 * time.Millisecond
)

// endOf is when all tries of a chain must be over: the rule's deadline, or the caller's less the margin if that is
// sooner.
func endOf(ctx context.Context, now time.Time, deadline time.Duration) time.Time {
	end := now.Add(deadline)
	if caller, ok := ctx.Deadline(); ok && caller.Add(-recordMargin).Before(end) {
		return caller.Add(-recordMargin)
	}
	return end
}

// pause waits, and tells whether it was left to wait to the end.
func pause(d time.Duration, stop <-chan struct{}) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop:
		return false
	}
}

// sliceOf is what the next try gets of the time that remains, where others with their own timeouts may follow: an equal
// share, or more if the others cannot use theirs up, and never more than its timeout.
func sliceOf(remaining, timeout time.Duration, others []time.Duration) time.Duration {
	equal, spare := remaining/time.Duration(1+len(others)), remaining
	for _, t := range others {
		spare -= t
	}
	return min(timeout, max(equal, spare))
}
