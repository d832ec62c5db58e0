package gateway

import (
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse"
	"github.com/otpgate/otpgate/routing"
)

// dialled is a provider whose codes people can have shown by USSD.
type dialled interface {
	providers.CodeReader
	// Callback tells how the aggregator's callbacks are recognised; false: none are taken.
	Callback() (inhouse.Callback, bool)
}

// aggregators are those who call when somebody dials, and the providers whose codes they may show.
func aggregators(built []routing.ProviderSettings) (map[string]httpapi.Aggregator, map[string]providers.CodeReader) {
	callers, readers := map[string]httpapi.Aggregator{}, map[string]providers.CodeReader{}
	for _, p := range built {
		provider, ok := p.Provider.(dialled)
		if !ok {
			continue
		}
		if c, ok := provider.Callback(); ok {
			name := p.Provider.Info().Name
			readers[name] = provider
			callers[name] = httpapi.Aggregator{Style: c.Style, Token: c.Token, Sources: c.Sources, PerMinute: c.MaxPerMinute}
		}
	}
	return callers, readers
}

// appNames are how people know the apps, by id.
func appNames(cfg *config.Config) map[string]string {
	names := make(map[string]string, len(cfg.Apps))
	for id, app := range cfg.Apps {
		names[id] = app.Name
	}
	return names
}
