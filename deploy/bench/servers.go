package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/builtin"
)

func newApp() *fiber.App { return fiber.New(fiber.Config{DisableStartupMessage: true}) }

// listen serves app until the program is told to stop.
func (w *world) listen(app *fiber.App, address string) error {
	stop := context.AfterFunc(w.ctx, func() { _ = app.Shutdown() })
	defer stop()
	return app.Listen(address)
}

type upstreamCommand struct {
	Address string `arg:""`
}

// Run serves an upstream whose only cost is its answer.
func (c upstreamCommand) Run(w *world) error {
	app := newApp()
	var made atomic.Uint64
	app.Post("/otp/send", func(ctx *fiber.Ctx) error {
		ctx.Set("Content-Type", "application/json")
		return ctx.SendString(fmt.Sprintf(
			`{"message":"success","code":"0000","data":{"requestId":"%032x","prefix":"ZDSQ"}}`, made.Add(1)))
	})
	return w.listen(app, c.Address)
}

type passthroughCommand struct {
	Address  string `arg:""`
	Upstream string `arg:"" help:"URL that the body is posted to."`
}

// Run serves what a gateway that does nothing would do.
func (c passthroughCommand) Run(w *world) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256}}
	app := newApp()
	app.Post("/v1/otp/send", func(ctx *fiber.Ctx) error {
		resp, err := client.Post(c.Upstream, "application/json", bytes.NewReader(ctx.Body()))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		ctx.Set("Content-Type", "application/json")
		return ctx.Status(resp.StatusCode).Send(body)
	})
	return w.listen(app, c.Address)
}

type echoCommand struct {
	Address string `arg:""`
}

// Run serves what a gateway that decides nothing would do.
func (c echoCommand) Run(w *world) error {
	app := newApp()
	app.Post("/v1/otp/verify", func(ctx *fiber.Ctx) error {
		ctx.Set("Content-Type", "application/json")
		return ctx.Send(ctx.Body())
	})
	return w.listen(app, c.Address)
}

type gatewayCommand struct {
	Config string `arg:""`
	Phones string `arg:"" help:"Address at which the codes that were delivered can be read."`
	CPU    string `help:"File for a CPU profile."`
}

// Run serves a gateway from this process, so that the codes which it delivers to nobody can be used as guesses.
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
	phones := new(phones)
	app := newApp()
	app.Get("/codes", phones.list)
	go func() { _ = w.listen(app, c.Phones) }()
	log := gateway.NewLog(cfg.Telemetry.Logs, io.Discard)
	g, err := gateway.Open(w.ctx, cfg, gateway.Options{Log: log, Phone: phones})
	if err != nil {
		return err
	}
	return g.Run(w.ctx)
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

// phones remembers the text that each number got last.
type phones struct{ texts sync.Map }

// Receive implements [providers.Phone].
func (p *phones) Receive(_ providers.Channel, to providers.Recipient, _, text string) {
	p.texts.Store(to.Address(), text)
}

func (p *phones) list(ctx *fiber.Ctx) error {
	var b strings.Builder
	p.texts.Range(func(to, text any) bool {
		fmt.Fprintf(&b, "%s %s\n", to, text)
		return true
	})
	return ctx.SendString(b.String())
}
