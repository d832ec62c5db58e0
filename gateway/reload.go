package gateway

import (
	"reflect"

	"github.com/otpgate/otpgate/gateway/config"
)

// Reload takes in what became of a changed file: a good configuration is put in force, one with mistakes is reported and
// changes nothing. next is nil when report has mistakes.
func (g *Gateway) Reload(next *config.Config, report *config.Report) {
	log := g.options.Log
	for _, warning := range report.Warnings {
		log.Warn("configuration", "warning", warning.String())
	}
	if next == nil {
		g.note(report, nil)
		g.telemetry.Reloaded(false)
		for _, mistake := range report.Errors {
			log.Error("configuration refused, the running one stays", "mistake", mistake.String())
		}
		return
	}
	err := g.Apply(next)
	g.note(report, err)
	if err != nil {
		g.telemetry.Reloaded(false)
		log.Error("configuration refused, the running one stays", "mistake", err.Error())
		return
	}
	log.Info("configuration reloaded", "apps", len(next.Apps), "providers", len(next.Providers), "routes", len(next.Routes))
	g.warnFixed(next)
}

// warnFixed tells what the new configuration changes in vain until a restart.
func (g *Gateway) warnFixed(next *config.Config) {
	for _, fixed := range []struct {
		key     string
		changed bool
	}{
		{"server.listen", next.Server.Listen != g.first.Server.Listen},
		{"console", next.Console.Listen != g.first.Console.Listen || !next.Console.Token.Equal(g.first.Console.Token)},
		{"server.shutdown_grace", next.Server.ShutdownGrace != g.first.Server.ShutdownGrace},
		{"store", next.Store.Driver != g.first.Store.Driver || next.Store.SQLite != g.first.Store.SQLite ||
			next.Store.Retention != g.first.Store.Retention},
		{"telemetry", !reflect.DeepEqual(next.Telemetry, g.first.Telemetry)},
	} {
		if fixed.changed {
			g.options.Log.Warn("this takes effect with the next start only", "key", fixed.key)
		}
	}
}
