package gateway

import (
	"log/slog"
	"slices"
	"strconv"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// shortCode is the length of a code that is guessed by one in a few thousand tries.
const shortCode = 4

// Review refuses providers that cannot be built, and warns of what a configuration says and probably does not mean:
// routes that no request reaches, providers that can never serve their route, routes whose codes have four digits
// whatever is asked for, prices and steps of fallbacks that do nothing, texts that take several short messages. It
// refuses texts that a channel does not carry.
func Review(cfg *config.Config, report *config.Report) {
	made := rules(cfg)
	for _, i := range routing.Unreachable(made) {
		report.Warn("no request reaches it: the routes before it match all that it matches, or it asks an e-mail address "+
			"for a country; move it up or remove it", "routes", strconv.Itoa(i))
	}
	reviewTexts(cfg, report)
	infos := infos(cfg, report)
	reviewBuiltin(cfg, infos, report)
	for _, idle := range routing.IdleCandidates(made, infos) {
		report.Warn(idle.Why, "routes", strconv.Itoa(idle.Rule), "use", strconv.Itoa(idle.Candidate))
	}
	reviewPrices(cfg, infos, report)
	reviewFallbacks(made, infos, report)
	for i, rule := range made {
		if givesShortCodesOnly(rule, infos) {
			report.Warn("all that this route uses gives codes of four digits, which are guessed more easily than six; "+
				"keep max_attempts and limits.recipient_failures low, or add a provider that gives longer ones",
				"routes", strconv.Itoa(i), "use")
		}
	}
}

// infos are those of the providers that can be built outside a sandbox.
func infos(cfg *config.Config, report *config.Report) map[string]providers.Info {
	found := map[string]providers.Info{}
	for name, p := range cfg.Providers {
		provider, err := p.With.Build(providers.Environment{
			Name: name, Timeout: p.Timeout, CodeKeys: cfg.ProviderKeys(), Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			report.Refuse(err.Error(), "providers", name, "with")
			continue
		}
		found[name] = provider.Info()
	}
	return found
}

func givesShortCodesOnly(rule routing.Rule, infos map[string]providers.Info) bool {
	lengths := 0
	for _, candidate := range rule.Use {
		for _, c := range infos[candidate.Provider].Coverage {
			if len(rule.When.Channels) > 0 && !slices.Contains(rule.When.Channels, c.Channel) {
				continue
			}
			if lengths++; c.Length.Max > shortCode {
				return false
			}
		}
	}
	return lengths > 0
}
