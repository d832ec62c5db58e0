package store

import (
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// retrySoon is how long somebody should wait for what is over in a moment: a full queue, a request that still runs.
const retrySoon = time.Second

// NotFound is the refusal of a reference that no verification has. It is the very answer that the domain gives for a
// verification of another app, so that nobody can tell the two apart.
func NotFound() error {
	var nobodys otp.Verification
	return nobodys.Settle(otp.Settlement{Match: otp.Match{Reference: "unknown"}}, nil)
}

// Overloaded is the refusal of work that would have to wait behind too much other work.
func Overloaded() error {
	return &otp.Error{
		Code:       otp.Overloaded,
		Detail:     "the gateway has more requests at hand than it can store; try again after the time in Retry-After",
		RetryAfter: retrySoon,
	}
}

func inProgress(left time.Duration) error {
	return &otp.Error{
		Code: otp.IdempotencyInProgress,
		Detail: "the first request with this idempotency key is still running; " +
			"repeat this one after the time in Retry-After",
		RetryAfter: min(left, retrySoon),
	}
}

func mismatch() error {
	return &otp.Error{
		Code:   otp.IdempotencyMismatch,
		Detail: "this idempotency key was used for a different request; take a new key for each request that differs",
	}
}
