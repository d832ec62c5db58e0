package main

import (
	"io"
	"net"
	"os"
	"runtime/metrics"
	"runtime/pprof"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/builtin"
)

type gatewayCommand struct {
	Config string `arg:""`
	Inside string `arg:"" help:"Address at which it can be read what the gateway has allocated."`
	CPU    string `help:"File for a CPU profile."`
}

// Run serves a gateway from this process, so that its allocations can be counted and its codes are delivered to nobody.
func (c gatewayCommand) Run(w *world) error {
	cfg, report := config.Load(c.Config, config.Sources{Kinds: builtin.Kinds()})
	if err := report.Err(); err != nil {
		return err
	}
	if c.CPU != "" {
		stop, err := profile(c.CPU)
		if err != nil {
			return err
		}
		defer stop()
	}
	inside, err := net.Listen("tcp", c.Inside)
	if err != nil {
		return err
	}
	app := newApp()
	app.Get("/allocations", func(ctx *fiber.Ctx) error { return ctx.JSON(readAllocations()) })
	go func() { _ = app.Listener(inside) }() // ends with the process
	log := gateway.NewLog(cfg.Telemetry.Logs, io.Discard)
	g, err := gateway.Open(w.ctx, cfg, gateway.Options{Log: log, Phone: nobody{}})
	if err != nil {
		return err
	}
	go gateway.PaceCollector(w.ctx)
	return g.Run(w.ctx)
}

// nobody receives what the console transport delivers.
type nobody struct{}

// Receive implements [providers.Phone].
func (nobody) Receive(providers.Channel, providers.Recipient, string, string) {}

// allocations are those of a process since it began.
type allocations struct {
	Objects uint64 `json:"objects"`
	Bytes   uint64 `json:"bytes"`
}

func readAllocations() allocations {
	read := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(read)
	return allocations{read[0].Value.Uint64(), read[1].Value.Uint64()}
}

func profile(file string) (stop func(), err error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}
