package routing

import "github.com/otpgate/otpgate/providers"

// mark is what a call tells the breaker.
type mark uint8

const (
	good    mark = iota // the upstream works
	bad                 // it does not
	fatal               // it will not until somebody acts: open at once
	neutral             // it says nothing about the upstream's health
)

// policy is what a failure means.
type policy struct {
	next bool // another provider may do better
	mark mark
}

// policyOf is the table of the classes: what a failure of each means for the chain and for the breaker.
func policyOf(class providers.Class) policy {
	switch class {
	case providers.Transient, providers.Ambiguous:
		return policy{next: true, mark: bad}
	case providers.Throttled, providers.Unsupported, providers.Busy:
		return policy{next: true, mark: neutral}
	case providers.Credentials, providers.Exhausted:
		return policy{next: true, mark: fatal}
	case providers.Rejected:
		return policy{next: false, mark: good}
	case providers.Gone:
		return policy{next: true, mark: good}
	case providers.Unknown:
	}
	return policy{next: true, mark: bad}
}

// markOf is what the end of a call tells the breaker; nil: it succeeded.
func markOf(err *providers.Error) mark {
	if err == nil {
		return good
	}
	return policyOf(err.Class).mark
}
