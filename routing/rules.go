package routing

import (
	"slices"
	"strings"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// DefaultDeadline bounds all tries for one request where a rule says nothing.
const DefaultDeadline = 8 * time.Second

// Rule says which providers serve which requests. Of several rules the first that matches is taken.
type Rule struct {
	Name        string
	Line        int // in the configuration file, for people; 0: not known
	When        When
	Use         []Candidate // in order of priority
	Strategy    Strategy    // empty: Priority
	OnAmbiguous OnAmbiguous // empty: Next
	Deadline    time.Duration
	Fallback    []Step
}

// When is what a rule asks of a request. What is left empty asks nothing. An e-mail address has no country and no
// prefix: a rule that asks for one never matches it.
type When struct {
	Countries providers.Countries
	Channels  []providers.Channel
	Apps      []string
	Purposes  []string
	Prefixes  []string // dial prefixes with the plus: "+23324"
}

// Candidate is a provider that a rule may use.
type Candidate struct {
	Provider string
	Weight   int // for Weighted; one without a weight is asked after those that have one
}

// Step is the channel on which to try again when nothing was verified for a while.
type Step struct {
	Channel providers.Channel
	After   time.Duration
}

// Strategy puts the candidates of a rule in order.
type Strategy string

// The strategies.
const (
	Priority Strategy = "priority" // as the rule lists them
	Weighted Strategy = "weighted" // drawn, each in proportion to its weight
	Cheapest Strategy = "cheapest" // by price; those without one, or in another currency, last
	Best     Strategy = "best"     // by the share of codes that were verified
)

// OnAmbiguous says what follows a try whose answer is unknown.
type OnAmbiguous string

// The choices after an ambiguous try.
const (
	Next OnAmbiguous = "next" // ask the next provider; the person may get two codes, and both work
	Stop OnAmbiguous = "stop" // ask nobody else; the person gets one code at most
)

// matches tells whether the rule is meant for req.
func (w *When) matches(req *Request) bool {
	return among(w.Channels, req.Send.Channel) &&
		w.Countries.Has(req.Send.To.Country()) &&
		among(w.Apps, req.App) &&
		among(w.Purposes, req.Purpose) &&
		dialled(w.Prefixes, req.Send.To)
}

func among[T comparable](set []T, v T) bool { return len(set) == 0 || slices.Contains(set, v) }

func dialled(prefixes []string, to providers.Recipient) bool {
	if len(prefixes) == 0 {
		return true
	}
	if to.IsEmail() {
		return false
	}
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(to.Address(), p) })
}
