package gateway

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/console"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// operators is where operators look at the gateway.
type operators struct {
	listener net.Listener
	page     *console.Console
}

// listen takes the console's address. Nothing is served before Run.
func (o *operators) listen(address string) (err error) {
	if o.listener, err = net.Listen("tcp", address); err != nil {
		return fmt.Errorf("console.listen: the address cannot be taken: %w", err)
	}
	return nil
}

func (g *Gateway) newConsole() (err error) {
	g.operators.page, err = console.New(console.Options{
		Token: g.first.Console.Token, Version: g.options.Version, Gateway: view{g}, History: g.ground.history,
		Inbox: g.options.Inbox, Metrics: g.Metrics(), Log: g.options.Log, Now: now,
	})
	return err
}

// ConsoleAddress is where the console is served.
func (g *Gateway) ConsoleAddress() string { return g.operators.listener.Addr().String() }

// view is the gateway as its console reads it.
type view struct{ *Gateway }

var _ console.Gateway = view{}

// Apps implements [console.Gateway].
func (v view) Apps() []string { return slices.Sorted(maps.Keys(v.current.Load().cfg.Apps)) }

// Providers implements [console.Gateway].
func (v view) Providers() []console.Provider {
	var all []console.Provider
	for _, p := range v.current.Load().Providers() {
		all = append(all, console.Provider{Info: p.Info, Readings: p.Readings, Failures: v.failures.of(p.Info.Name)})
	}
	return all
}

// Verification implements [console.Gateway].
func (v view) Verification(ctx context.Context, ref otp.Reference) (otp.Verification, error) {
	found, err := v.store.Get(ctx, ref)
	return found.At(now()), err
}

// Recipient implements [console.Gateway].
func (v view) Recipient(text string) (providers.Recipient, error) {
	return v.ground.numbers.Recipient(text, v.current.Load().cfg.Defaults.Country)
}

// Plan implements [console.Gateway].
func (v view) Plan(ctx context.Context, app string, in otp.SendInput) (otp.Preview, error) {
	gen := v.current.Load()
	settings, ok := gen.cfg.Apps[app]
	if !ok {
		return otp.Preview{}, &otp.Error{Code: otp.InvalidRequest, Detail: "there is no such app any more; reload the page"}
	}
	return gen.service.Plan(ctx, appOf(app, settings), in)
}

// Levels implements [console.Gateway].
func (v view) Levels(ctx context.Context, app, to string) ([]otp.Level, error) {
	preview, err := v.Plan(ctx, app, otp.SendInput{To: to})
	if err != nil {
		return nil, err
	}
	failures := v.current.Load().cfg.Limits.RecipientFailures
	if failures.Max == 0 {
		return preview.Limits, nil
	}
	guesses, err := v.store.Levels(ctx, []otp.Claim{otp.FailureClaim(preview.To, failures)}, now())
	return append(preview.Limits, guesses...), err
}

// Configuration implements [console.Gateway].
func (v view) Configuration() (console.Configuration, error) {
	gen := v.current.Load()
	text, err := gen.cfg.Redacted()
	return console.Configuration{Text: text, LoadedAt: gen.since, Reload: v.reloaded.Load()}, err
}

// note keeps what became of a configuration file, for the console.
func (g *Gateway) note(report *config.Report, refused error) {
	last := &console.Reload{At: now().Truncate(time.Second)}
	for _, mistake := range report.Errors {
		last.Mistakes = append(last.Mistakes, mistake.String())
	}
	if refused != nil {
		last.Mistakes = append(last.Mistakes, refused.Error())
	}
	for _, warning := range report.Warnings {
		last.Warnings = append(last.Warnings, warning.String())
	}
	g.reloaded.Store(last)
}
