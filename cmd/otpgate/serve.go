package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
)

type serveCommand struct{ configFile }

// Run serves until the program is told to stop. The file is read again when it changes, and on SIGHUP.
func (c serveCommand) Run(world *surroundings) error {
	cfg, report := config.Load(c.Config, sources(world))
	if cfg != nil {
		gateway.Review(cfg, report)
	}
	if err := report.Err(); err != nil {
		return err
	}
	log := gateway.NewLog(cfg.Telemetry.Logs, world.err)
	for _, warning := range report.Warnings {
		log.Warn("configuration", "warning", warning.String())
	}
	g, err := gateway.Open(world.ctx, cfg, gateway.Options{Log: log, Version: version})
	if err != nil {
		return err
	}
	log.Info("serving", "address", g.Address(), "console", g.ConsoleAddress(), "version", version)
	watching, stop := context.WithCancel(world.ctx)
	var watcher sync.WaitGroup
	watcher.Go(func() { c.watch(watching, world, cfg, g, log) })
	watcher.Go(func() { gateway.PaceCollector(watching) })
	err = g.Run(world.ctx)
	stop()
	watcher.Wait()
	return err
}

// watch puts each new configuration in force. One with mistakes changes nothing and is reported.
func (c serveCommand) watch(
	ctx context.Context, world *surroundings, running *config.Config, g *gateway.Gateway, log *slog.Logger,
) {
	watcher := config.NewWatcher(c.Config, sources(world), running, func(next *config.Config, report *config.Report) {
		if next != nil {
			gateway.Review(next, report)
		}
		if report.Err() != nil {
			next = nil
		}
		g.Reload(next, report)
	})
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	var relay sync.WaitGroup
	relay.Go(func() {
		for {
			select {
			case <-hangups:
				watcher.Reload()
			case <-ctx.Done():
				return
			}
		}
	})
	if err := watcher.Run(ctx); err != nil {
		log.Error("the configuration is not watched; restart to change it", "error", err)
	}
	relay.Wait()
}
