// Package gateway makes a running gateway of a configuration: it opens the store, builds providers, rules and use cases,
// and serves the API until it is told to stop.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/console"
	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/telemetry"
	"github.com/otpgate/otpgate/providers"
)

// Options are what a gateway gets besides its configuration.
type Options struct {
	Log     *slog.Logger
	Version string          // of the program, for those who watch it; empty: unknown
	Phone   providers.Phone // receives what the console transport delivers; nil outside a sandbox
	Inbox   console.Inbox   // what was received, for the operators' page; nil outside a sandbox
}

// Gateway is a whole gateway. It holds what outlives a configuration: the store, the health of providers, the limits of
// short windows, the listener.
type Gateway struct {
	options   Options
	first     *config.Config
	store     keeper
	past      past
	ground    ground
	listener  net.Listener
	api       *fiber.App
	telemetry *telemetry.Telemetry
	operators operators
	failures  *failures
	draining  atomic.Bool
	current   atomic.Pointer[generation]
	reloaded  atomic.Pointer[console.Reload] // nil: no file was read since the start

	retiring sync.WaitGroup
	stopping chan struct{} // closed when Run ends: generations retire at once
}

// How many phone numbers, short limit windows and sources of failed authentications are remembered; each takes a few
// hundred bytes, and is looked at whenever garbage is collected.
const (
	rememberedNumbers = 10_000
	rememberedWindows = 100_000
	rememberedSources = 10_000
)

// Open makes a gateway: from here on its address is taken and its store is locked. The error is one clear line.
func Open(ctx context.Context, cfg *config.Config, o Options) (*Gateway, error) {
	t, err := newTelemetry(cfg.Telemetry, o)
	if err != nil {
		return nil, err
	}
	o.Log = slog.New(t.Log(o.Log.Handler()))
	g := &Gateway{options: o, first: cfg, telemetry: t, stopping: make(chan struct{})}
	if err := g.open(ctx); err != nil {
		g.flush(ctx)
		return nil, err
	}
	return g, nil
}

func (g *Gateway) open(ctx context.Context) (err error) {
	cfg, o := g.first, g.options
	g.failures = newFailures(newObserver(g.telemetry.Calls(), o.Log))
	if g.ground, err = newGround(o, g.failures); err != nil {
		return err
	}
	g.ground.observer, g.ground.mailbox.count = g.telemetry.Uses(), g.telemetry.Lost
	if g.listener, err = net.Listen("tcp", cfg.Server.Listen); err != nil {
		return fmt.Errorf("server.listen: the address cannot be taken: %w", err)
	}
	if err := g.operators.listen(cfg.Console.Listen); err != nil {
		return errors.Join(err, g.listener.Close())
	}
	if g.store, err = g.openStore(ctx); err != nil {
		return errors.Join(err, g.listener.Close(), g.operators.listener.Close())
	}
	g.past = g.store.Past(cfg.Store.Retention.Events)
	g.ground.store, g.ground.history = g.telemetry.Store(g.store), g.past
	if err := g.prepare(ctx); err != nil {
		return errors.Join(err, g.listener.Close(), g.operators.listener.Close(), g.store.Close())
	}
	g.watch()
	g.api = httpapi.New(httpapi.Options{
		Snapshot: g.snapshot, Ready: g.ready, Log: o.Log, Observer: requests{g.telemetry.Requests()},
	})
	return nil
}

// prepare is what follows when addresses and store are taken.
func (g *Gateway) prepare(ctx context.Context) error {
	if err := g.recall(ctx); err != nil {
		return err
	}
	if err := g.newConsole(); err != nil {
		return err
	}
	return g.Apply(g.first)
}

// Address is where the API is served.
func (g *Gateway) Address() string { return g.listener.Addr().String() }

// Apply puts a configuration in force. Requests that are under way keep the one they began with; breakers, limits and
// live verifications live on. What was fixed when the gateway was opened (addresses, store) takes a restart.
func (g *Gateway) Apply(cfg *config.Config) error {
	next, err := g.ground.build(cfg)
	if err != nil {
		return err
	}
	g.telemetry.Know(labels(cfg))
	g.telemetry.Reloaded(true)
	if old := g.current.Swap(next); old != nil {
		g.retiring.Go(func() { g.retire(old) })
	}
	return nil
}

// Run serves until ctx ends, then lets running requests finish for the grace that the configuration gives them.
func (g *Gateway) Run(ctx context.Context) error {
	failed := make(chan error, 2)
	go func() { failed <- g.api.Listener(g.listener) }()
	go func() { failed <- g.operators.page.Serve(g.operators.listener) }()
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var background sync.WaitGroup
	background.Go(func() { g.escalate(work) })
	background.Go(func() { g.listen(work) })
	background.Go(func() { g.remember(work) })
	background.Go(func() { g.past.Run(work) })
	var err error
	select {
	case <-ctx.Done():
		g.options.Log.Info("stopping", "grace", g.first.Server.ShutdownGrace.String())
	case err = <-failed:
	}
	g.draining.Store(true)
	grace, cancel := context.WithTimeout(work, g.first.Server.ShutdownGrace)
	defer cancel()
	err = errors.Join(err, g.api.ShutdownWithContext(grace), g.operators.page.Shutdown(grace))
	stop()
	background.Wait()
	return errors.Join(err, g.close(grace))
}

// close ends what requests leave behind. Nothing may be asked of the gateway any more.
func (g *Gateway) close(grace context.Context) error {
	close(g.stopping)
	err := g.current.Load().close(grace)
	g.retiring.Wait()
	err = errors.Join(err, g.store.Close())
	g.flush(grace)
	return err
}

// escalateEvery is how often it is looked for steps of fallbacks that are due.
const escalateEvery = 250 * time.Millisecond

func (g *Gateway) escalate(ctx context.Context) {
	tick := time.NewTicker(escalateEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := g.current.Load().service.Escalate(ctx, g.store); err != nil && ctx.Err() == nil {
			g.options.Log.Error("fallbacks cannot be looked for", "error", err)
		}
	}
}

func (g *Gateway) snapshot() httpapi.Snapshot { return g.current.Load().snapshot }

var errDraining = errors.New("the gateway is stopping")

func (g *Gateway) ready(ctx context.Context) error {
	if g.draining.Load() {
		return errDraining
	}
	return g.store.Ping(ctx)
}

// retire ends a generation when no request can use it any more, and no answer can come late.
func (g *Gateway) retire(old *generation) {
	linger := old.cfg.Server.RequestTimeout + lateAnswer
	timer := time.NewTimer(linger)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-g.stopping:
	}
	ctx, cancel := context.WithTimeout(context.Background(), old.cfg.Server.ShutdownGrace)
	defer cancel()
	if err := old.close(ctx); err != nil {
		g.options.Log.Warn("an old configuration did not end cleanly", "error", err)
	}
}
