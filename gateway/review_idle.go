package gateway

import (
	"slices"
	"strconv"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// reviewPrices warns of prices of deliveries that a provider does not make.
func reviewPrices(cfg *config.Config, infos map[string]providers.Info, report *config.Report) {
	for name, p := range cfg.Providers {
		info, known := infos[name]
		if !known {
			continue
		}
		for _, channel := range providers.Channels() {
			coverage, carries := info.On(channel)
			if _, priced := p.Price.On(channel); priced && !carries {
				report.Warn("the provider does not carry this channel, so the price does nothing; remove it",
					"providers", name, "price", string(channel))
			}
			for country, prices := range p.Price.Countries {
				if _, priced := prices.On(channel); priced && (!carries || !coverage.Countries.Has(country)) {
					report.Warn("the provider does not carry this channel to this country, so the price does nothing; remove it",
						"providers", name, "price", "countries", country, string(channel))
				}
			}
		}
	}
}

// reviewFallbacks warns of steps that are never made.
func reviewFallbacks(rules []routing.Rule, infos map[string]providers.Info, report *config.Report) {
	for i, rule := range rules {
		for n, step := range rule.Fallback {
			at := []string{"routes", strconv.Itoa(i), "fallback", strconv.Itoa(n), "channel"}
			switch {
			case !reaches(rule.When, step.Channel):
				report.Warn("no e-mail goes to a number, and nothing else to a mailbox, so the step is passed over; "+
					"a request that wants it names the other address itself", at...)
			case !slices.ContainsFunc(rules, func(r routing.Rule) bool { return carries(r, step.Channel, infos) }):
				report.Warn("no route has a provider that carries this channel, so the step finds nobody; "+
					"add one, or remove the step", at...)
			}
		}
	}
}

// reaches tells whether a code that a rule sends can be followed by one on another channel, to the same address.
func reaches(w routing.When, next providers.Channel) bool {
	return len(w.Channels) == 0 || slices.ContainsFunc(w.Channels, func(c providers.Channel) bool {
		return (c == providers.Email) == (next == providers.Email)
	})
}

// carries tells whether a rule matches requests for a channel and has a provider for them. One that could not be built
// is given the benefit of the doubt.
func carries(r routing.Rule, channel providers.Channel, infos map[string]providers.Info) bool {
	if len(r.When.Channels) > 0 && !slices.Contains(r.When.Channels, channel) {
		return false
	}
	return slices.ContainsFunc(r.Use, func(c routing.Candidate) bool {
		info, known := infos[c.Provider]
		_, covers := info.On(channel)
		return covers || !known
	})
}
