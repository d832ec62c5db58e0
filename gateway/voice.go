package gateway

import (
	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/routing"
)

// caller is a provider whose upstream may call people and ask what to say.
type caller interface {
	httpapi.Caller
	otp.Speaker
	// Calls tells whether it does.
	Calls() bool
}

// callers are the providers whose upstreams ask what to say in their calls, by name: as HTTP meets them, and as the use
// case does.
func callers(built []routing.ProviderSettings) (map[string]httpapi.Caller, map[string]otp.Speaker) {
	asked, speakers := map[string]httpapi.Caller{}, map[string]otp.Speaker{}
	for _, p := range built {
		if provider, ok := p.Provider.(caller); ok && provider.Calls() {
			name := p.Provider.Info().Name
			asked[name], speakers[name] = provider, provider
		}
	}
	return asked, speakers
}
