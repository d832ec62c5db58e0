package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
)

func newApp() *fiber.App { return fiber.New(fiber.Config{DisableStartupMessage: true}) }

// listen serves app until the program is told to stop.
func (w *world) listen(app *fiber.App, address string) error {
	stop := context.AfterFunc(w.ctx, func() { _ = app.ShutdownWithTimeout(time.Second) })
	defer stop()
	return app.Listen(address)
}

type upstreamCommand struct {
	Address string        `arg:""`
	Latency time.Duration `help:"How long each answer takes."`
}

// Run serves an upstream whose only cost is its answer. GET /most tells how many requests it had at once at most.
func (c upstreamCommand) Run(w *world) error {
	app := newApp()
	var made atomic.Uint64
	var crowd crowd
	app.Post("/otp/send", func(ctx *fiber.Ctx) error {
		if c.Latency > 0 {
			crowd.enter()
			defer crowd.leave()
			time.Sleep(c.Latency)
		}
		ctx.Set("Content-Type", "application/json")
		return ctx.SendString(fmt.Sprintf(
			`{"message":"success","code":"0000","data":{"requestId":"%032x","prefix":"ZDSQ"}}`, made.Add(1)))
	})
	app.Get("/most", func(ctx *fiber.Ctx) error { return ctx.SendString(strconv.FormatInt(crowd.most.Load(), 10)) })
	return w.listen(app, c.Address)
}

// crowd counts those who are inside at the same time.
type crowd struct{ now, most atomic.Int64 }

func (c *crowd) enter() {
	n := c.now.Add(1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
}

func (c *crowd) leave() { c.now.Add(-1) }

type passthroughCommand struct {
	Address  string `arg:""`
	Upstream string `arg:"" help:"URL that the body is posted to."`
	Keep     int    `help:"Connections to the upstream that are kept for later requests; 0: as many as net/http keeps."`
}

// Run serves what a gateway that does nothing would do.
func (c passthroughCommand) Run(w *world) error {
	client := c.client()
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

// client is one that all requests share.
func (c passthroughCommand) client() *http.Client {
	if c.Keep == 0 {
		return &http.Client{}
	}
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: c.Keep}}
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
