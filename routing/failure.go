package routing

import (
	"slices"
	"strings"
	"time"

	"github.com/otpgate/otpgate/providers"
)

const (
	// usualRetry is the Retry-After where no provider named a time.
	usualRetry = 5 * time.Second
	// usualBusy is the Retry-After for a recipient who must wait, where the upstream did not say how long.
	usualBusy = 30 * time.Second
	// leastRetry keeps clients from coming back at once.
	leastRetry = time.Second
)

// failure says why nobody took the request. The last failure decides; those that only say "not with me" decide nothing
// as long as there is another.
func (c *chain) failure(now time.Time) *Failure {
	last := c.lastFailure()
	switch {
	case last == nil && c.hopeless():
		return &Failure{NoRoute: true, Class: providers.Unsupported, Reason: c.noRoute()}
	case last == nil:
		class, reason := c.untried()
		return &Failure{Class: class, RetryAfter: c.retryAfter(now), Reason: reason}
	case last.Class == providers.Rejected:
		return &Failure{Class: providers.Rejected, Reason: "the upstream refuses this recipient as invalid or barred"}
	case last.Class == providers.Busy:
		return &Failure{
			Class: providers.Busy, RetryAfter: c.retryAfter(now),
			Reason: "this recipient must wait before another code can be sent",
		}
	}
	class := last.Class
	if class == providers.Gone {
		class = providers.Unknown // there was no session to be gone
	}
	return &Failure{
		Class: class, RetryAfter: c.retryAfter(now),
		Reason: "no provider could take the request; the last one that was asked failed (" + class.String() + ")",
	}
}

func (c *chain) lastFailure() *providers.Error {
	for _, t := range slices.Backward(c.tries) {
		if t.Err != nil && t.Err.Class != providers.Unsupported {
			return t.Err
		}
	}
	return nil
}

// hopeless tells that waiting changes nothing: everybody is unable to serve the request.
func (c *chain) hopeless() bool {
	temporary := func(x Exclusion) bool { return !x.Reason.lasting() }
	return !c.hurried && len(c.unready) == 0 && !slices.ContainsFunc(c.plan.Excluded, temporary)
}

// closing is the failure of a request that came when the engine was closed.
func closing() *Failure {
	return &Failure{Class: providers.Transient, RetryAfter: usualRetry, Reason: "the gateway is closing down"}
}

// lasting tells whether a provider that is left out for this reason can never serve the request.
func (r Reason) lasting() bool {
	switch r {
	case NoChannel, NoCountry, NoLength, NoAlphabet, NoMessage:
		return true
	default:
		return false
	}
}

func (c *chain) noRoute() string {
	to := "channel " + string(c.req.Send.Channel)
	if country := c.req.Send.To.Country(); country != "" {
		to += " to " + country
	}
	if !c.plan.Matched {
		return "no route is configured for " + to
	}
	if len(c.tries) > 0 {
		return "no provider on the route for " + to + " can do what was asked"
	}
	var lacks []string
	for _, x := range c.plan.Excluded {
		if lack := string(x.Reason); !slices.Contains(lacks, lack) {
			lacks = append(lacks, lack)
		}
	}
	if len(lacks) == 0 {
		return "the route for " + to + " has no providers"
	}
	return "no provider on the route for " + to + " can grant what was asked: " + strings.Join(lacks, ", ")
}

// untried is class and reason where somebody could serve, but nobody could be asked.
func (c *chain) untried() (providers.Class, string) {
	if c.hurried {
		return providers.Transient, "the time for this request was over before a provider could be asked"
	}
	reasons := slices.Collect(func(yield func(Reason) bool) {
		for _, u := range c.unready {
			if !yield(u.reason) {
				return
			}
		}
		for _, x := range c.plan.Excluded {
			if !x.Reason.lasting() && !yield(x.Reason) {
				return
			}
		}
	})
	limited := func(r Reason) bool { return r == CoolingDown || r == CoolingLong || r == overLimit }
	switch {
	case slices.ContainsFunc(reasons, limited):
		return providers.Throttled, "every provider that could serve this is at its limit"
	case slices.Contains(reasons, BreakerOpen):
		return providers.Transient, "every provider that could serve this is out of order"
	default:
		return providers.Ambiguous, "every provider that could serve this was asked before, and its answer is unknown"
	}
}

// retryAfter is the soonest time at which one of the providers may take the request, from now.
func (c *chain) retryAfter(now time.Time) time.Duration {
	soonest := time.Duration(-1)
	consider := func(d time.Duration) {
		if soonest < 0 || d < soonest {
			soonest = d
		}
	}
	for i := range c.tries {
		if d, ok := c.retryOf(&c.tries[i], now); ok {
			consider(d)
		}
	}
	for _, u := range c.unready {
		consider(u.until.Sub(now))
	}
	for _, x := range c.plan.Excluded {
		if !x.Until.IsZero() {
			consider(x.Until.Sub(now))
		}
	}
	if soonest < 0 {
		soonest = usualRetry
	}
	return max(soonest, leastRetry)
}

// retryOf is when a provider that failed is worth asking again; false: it never is, for this request.
func (c *chain) retryOf(t *Try, now time.Time) (time.Duration, bool) {
	switch {
	case t.Err == nil || t.Err.Class == providers.Unsupported || t.Err.Class == providers.Rejected:
		return 0, false
	case t.Err.RetryAfter > 0:
		return t.Err.RetryAfter - now.Sub(t.At.Add(t.Took)), true
	case t.Err.Class == providers.Busy:
		return usualBusy, true
	}
	if state, until, _ := c.engine.post(t.Spot).breaker.look(now); state == Open {
		return until.Sub(now), true
	}
	return usualRetry, true
}
