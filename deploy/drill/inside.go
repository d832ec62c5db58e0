package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers/builtin"
)

type insideCommand struct {
	Config string `arg:""`
}

// Run serves a gateway from this process, so that what it leaves behind in memory can be counted. Lines of standard
// input steer it: "reload 10" reloads ten times, "figures" counts; each is answered by a line.
func (c insideCommand) Run(w *world) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	log := gateway.NewLog(cfg.Telemetry.Logs, os.Stderr)
	g, err := gateway.Open(w.ctx, cfg, gateway.Options{Log: log})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(w.ctx)
	defer stop()
	go func() {
		defer stop() // the drill is gone
		c.steer(g, log)
	}()
	log.Info("serving", "address", g.Address())
	return g.Run(ctx)
}

func (c insideCommand) load() (*config.Config, error) {
	cfg, report := config.Load(c.Config, config.Sources{Kinds: builtin.Kinds()})
	return cfg, report.Err()
}

func (c insideCommand) steer(g *gateway.Gateway, log *slog.Logger) {
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		order, times, _ := strings.Cut(orders.Text(), " ")
		n, _ := strconv.Atoi(times) // none is 0
		switch order {
		case "reload":
			for range n {
				c.reload(g, log)
			}
			fmt.Println("done")
		case "figures":
			debug.FreeOSMemory() // collects first
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			fmt.Println(runtime.NumGoroutine(), memory.HeapAlloc>>10)
		}
	}
}

// reload does what a changed file does.
func (c insideCommand) reload(g *gateway.Gateway, log *slog.Logger) {
	cfg, report := config.Load(c.Config, config.Sources{Kinds: builtin.Kinds()})
	if cfg == nil {
		log.Error("the configuration of the drill is refused", "error", report.Err())
		return
	}
	gateway.Review(cfg, report)
	g.Reload(cfg, report)
}
