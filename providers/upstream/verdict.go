package upstream

import "github.com/otpgate/otpgate/providers"

// Right is the verdict on the right code. Upstreams take a code once.
func Right() providers.Verdict { return providers.Verdict{Match: true, AttemptsLeft: -1, Final: true} }

// Wrong is the verdict on a wrong code. left is how many more guesses the upstream says it takes; nil: it does not say.
func Wrong(left *int) providers.Verdict {
	if left == nil {
		return providers.Verdict{AttemptsLeft: -1}
	}
	return providers.Verdict{AttemptsLeft: max(0, *left), Final: *left <= 0}
}
