// Package storetest is the suite that every store of verifications passes. It asks a store for what the domain
// promises: that each verb is one step, that a refusal changes nothing, and that of many callers exactly the right
// number win.
package storetest

import (
	"testing"

	"github.com/otpgate/otpgate/gateway/otp"
)

// Run runs the suite. open returns a store with nothing in it, and closes it in a cleanup of t; it is called once for
// each test, by several tests at once.
//
// The suite passes its own times to the store, which lie far ahead. A store that lets entries end by a clock of its own
// has to reckon their age from the Now of the step that wrote them.
func Run(t *testing.T, open func(t *testing.T) otp.Store) {
	for _, group := range []map[string]func(fixture){
		beginTests(), onceTests(), renewTests(), deliverTests(), reserveTests(), judgeTests(), releaseTests(), settleTests(),
		lockTests(), reportTests(), hurryTests(), parkTests(), readTests(), openTests(), levelTests(), crowdTests(),
		contextTests(),
	} {
		for rule, test := range group {
			t.Run(rule, func(t *testing.T) {
				t.Parallel()
				test(fixture{t: t, store: open(t)})
			})
		}
	}
	t.Run("behaves as the model", func(t *testing.T) {
		t.Parallel()
		testModel(t, open(t))
	})
}
