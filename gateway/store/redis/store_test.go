package redis_test

import (
	"testing"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) otp.Store { return open(t) })
}

func TestTimers(t *testing.T) {
	t.Parallel()
	storetest.RunTimers(t, func(t *testing.T) otp.Store { return open(t) })
}
