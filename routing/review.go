package routing

import (
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// Unreachable returns the indexes of the rules that no request ever gets to: those before them take everything that
// they ask for. It sees what the rules say, not what the world holds: that +233 is dialled in Ghana is unknown to it.
func Unreachable(rules []Rule) []int {
	var found []int
	for i := range rules {
		if shadowed(rules[i].When, rules[:i]) {
			found = append(found, i)
		}
	}
	return found
}

// shadowed tells whether every channel and country of w falls to one of the rules before it.
func shadowed(w When, before []Rule) bool {
	for _, channel := range orAll(w.Channels, providers.Channels()) {
		for _, country := range orAll(w.Countries, providers.Countries{""}) {
			if channel == providers.Email && (len(w.Countries) > 0 || len(w.Prefixes) > 0) {
				continue // no e-mail address has either
			}
			taken := func(r Rule) bool { return r.When.takes(w, channel, country) }
			if !slices.ContainsFunc(before, taken) {
				return false
			}
		}
	}
	return true
}

// takes tells whether w matches all that other matches on channel in country; country "" stands for any.
func (w *When) takes(other When, channel providers.Channel, country string) bool {
	within := func(p string) bool {
		return slices.ContainsFunc(w.Prefixes, func(q string) bool { return strings.HasPrefix(p, q) })
	}
	return among(w.Channels, channel) &&
		w.Countries.Has(country) &&
		contains(w.Apps, other.Apps) &&
		contains(w.Purposes, other.Purposes) &&
		(len(w.Prefixes) == 0 || len(other.Prefixes) > 0 && !slices.ContainsFunc(other.Prefixes, not(within)))
}

// contains tells whether set holds all of other, where an empty one means everything.
func contains(set, other []string) bool {
	if len(set) == 0 {
		return true
	}
	return len(other) > 0 && !slices.ContainsFunc(other, func(v string) bool { return !slices.Contains(set, v) })
}

func not(f func(string) bool) func(string) bool { return func(s string) bool { return !f(s) } }

func orAll[S ~[]T, T any](set, all S) S {
	if len(set) == 0 {
		return all
	}
	return set
}

// Idle is a candidate that can never serve its rule.
type Idle struct {
	Rule, Candidate int    // indexes into the rules and into [Rule.Use]
	Why             string // a sentence for the operator
}

// IdleCandidates finds the candidates that can never serve: they cover no channel or country of their rule, or the rule
// names them twice. A provider that infos does not name is passed over.
func IdleCandidates(rules []Rule, infos map[string]providers.Info) []Idle {
	var found []Idle
	for i, rule := range rules {
		for j, candidate := range rule.Use {
			info, known := infos[candidate.Provider]
			first := slices.IndexFunc(rule.Use, func(c Candidate) bool { return c.Provider == candidate.Provider })
			switch {
			case first < j:
				found = append(found, Idle{i, j, "the rule names it twice; only the first place counts"})
			case known:
				if why := idle(rule.When, info); why != "" {
					found = append(found, Idle{i, j, why})
				}
			}
		}
	}
	return found
}

// idle says why a provider can do nothing for a rule; empty: it can.
func idle(w When, info providers.Info) string {
	why := "it covers no channel of the rule"
	for _, channel := range orAll(w.Channels, providers.Channels()) {
		coverage, ok := info.On(channel)
		if !ok {
			continue
		}
		if len(w.Countries) == 0 || slices.ContainsFunc(w.Countries, coverage.Countries.Has) {
			return ""
		}
		why = "it covers no country of the rule"
	}
	return why
}
