package inhouse

import (
	"errors"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// The generator implements [providers.CallbackParser], [providers.Challenger] and [providers.Reporter] for its
// transports. They share one address for callbacks: each knows its own by signature or token.

// ParseCallback implements [providers.CallbackParser]. The transport that finds the callback genuine has the last word.
func (g *generator) ParseCallback(c providers.Callback) ([]providers.Report, error) {
	refused := providers.ErrNoCallbacks
	for _, channel := range providers.Channels() {
		parser, ok := g.transports[channel].(transport.CallbackParser)
		if !ok {
			continue
		}
		reports, err := parser.ParseCallback(c)
		switch {
		case err == nil:
			return reportsOf(reports), nil
		case errors.Is(err, providers.ErrMalformed):
			return nil, err
		case errors.Is(err, providers.ErrForged):
			refused = err
		}
	}
	return nil, refused
}

// Challenge implements [providers.Challenger].
func (g *generator) Challenge(c providers.Callback) (answer string, ok bool) {
	for _, channel := range providers.Channels() {
		if challenger, can := g.transports[channel].(providers.Challenger); can {
			if answer, ok = challenger.Challenge(c); ok {
				return answer, true
			}
		}
	}
	return "", false
}

// OnReport implements [providers.Reporter].
func (g *generator) OnReport(f func(providers.Report)) {
	for _, t := range g.transports {
		if r, ok := t.(transport.Reporter); ok {
			r.OnReport(func(one transport.Report) { f(reportOf(one)) })
		}
	}
}

func reportsOf(all []transport.Report) []providers.Report {
	reports := make([]providers.Report, len(all))
	for i, one := range all {
		reports[i] = reportOf(one)
	}
	return reports
}

// reportOf tells of a message what its handle was given as the upstream's id.
func reportOf(r transport.Report) providers.Report {
	return providers.Report{UpstreamID: r.ID, State: r.State, Reason: r.Code, At: r.At}
}
