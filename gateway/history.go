package gateway

import (
	"context"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis/history"
)

// past is what a store tells of the past.
type past interface {
	otp.History
	// Run takes in what happens until ctx ends.
	Run(ctx context.Context)
}

// written is a history that is written with each step.
type written struct{ otp.History }

// Run has nothing to take in.
func (written) Run(context.Context) {}

var _ past = (*history.History)(nil)
