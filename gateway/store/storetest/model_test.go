package storetest_test

import (
	"testing"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/storetest"
)

// The model has to pass the suite that it is the measure of.
func TestModel(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) otp.Store { return storetest.NewModel() })
}
