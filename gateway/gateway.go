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
	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/store/sqlite"
	"github.com/otpgate/otpgate/providers"
)

// Options are what a gateway gets besides its configuration.
type Options struct {
	Log   *slog.Logger
	Phone providers.Phone // receives what the console transport delivers; nil outside a sandbox
}

// Gateway is a whole gateway. It holds what outlives a configuration: the store, the health of providers, the limits of
// short windows, the listener.
type Gateway struct {
	options  Options
	first    *config.Config
	store    *sqlite.Store
	ground   ground
	listener net.Listener
	api      *fiber.App
	draining atomic.Bool
	current  atomic.Pointer[generation]

	retiring sync.WaitGroup
	stopping chan struct{} // closed when Run ends: generations retire at once
}

// How many phone numbers and short limit windows are remembered; each takes a few hundred bytes.
const (
	rememberedNumbers = 100_000
	rememberedWindows = 100_000
)

// Open makes a gateway: from here on its address is taken and its store is locked. The error is one clear line.
func Open(ctx context.Context, cfg *config.Config, o Options) (*Gateway, error) {
	g := &Gateway{options: o, first: cfg, stopping: make(chan struct{})}
	var err error
	if g.ground, err = newGround(o, newObserver(o.Log)); err != nil {
		return nil, err
	}
	if g.listener, err = net.Listen("tcp", cfg.Server.Listen); err != nil {
		return nil, fmt.Errorf("server.listen: the address cannot be taken: %w", err)
	}
	g.store, err = sqlite.Open(ctx, sqlite.Options{
		Path: cfg.Store.SQLite.Path, Synchronous: sqlite.Synchronous(cfg.Store.SQLite.Synchronous),
		Retention: cfg.Store.Retention.Verifications, Log: o.Log, Expired: g.learn,
	})
	if err != nil {
		return nil, errors.Join(err, g.listener.Close())
	}
	g.ground.store = g.store
	if err := g.recall(ctx); err != nil {
		return nil, errors.Join(err, g.listener.Close(), g.store.Close())
	}
	if err := g.Apply(cfg); err != nil {
		return nil, errors.Join(err, g.listener.Close(), g.store.Close())
	}
	g.api = httpapi.New(httpapi.Options{Snapshot: g.snapshot, Ready: g.ready, Log: o.Log})
	return g, nil
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
	if old := g.current.Swap(next); old != nil {
		g.retiring.Go(func() { g.retire(old) })
	}
	return nil
}

// Run serves until ctx ends, then lets running requests finish for the grace that the configuration gives them.
func (g *Gateway) Run(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- g.api.Listener(g.listener) }()
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var background sync.WaitGroup
	background.Go(func() { g.escalate(work) })
	background.Go(func() { g.listen(work) })
	background.Go(func() { g.remember(work) })
	var err error
	select {
	case <-ctx.Done():
		g.options.Log.Info("stopping", "grace", g.first.Server.ShutdownGrace.String())
	case err = <-failed:
	}
	g.draining.Store(true)
	grace, cancel := context.WithTimeout(work, g.first.Server.ShutdownGrace)
	defer cancel()
	err = errors.Join(err, g.api.ShutdownWithContext(grace))
	stop()
	background.Wait()
	return errors.Join(err, g.close(grace))
}

// close ends what requests leave behind. Nothing may be asked of the gateway any more.
func (g *Gateway) close(grace context.Context) error {
	close(g.stopping)
	err := g.current.Load().close(grace)
	g.retiring.Wait()
	return errors.Join(err, g.store.Close())
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
