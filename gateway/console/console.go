package console

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Console serves operators.
type Console struct {
	Options
	entrance entrance
	pages    pages
	server   *http.Server
}

// Bounds of a request. A profile extends the time for its answer by itself.
const (
	headerTime  = 5 * time.Second
	readTime    = 15 * time.Second
	writeTime   = 30 * time.Second
	idleTime    = 2 * time.Minute
	headerBytes = 16 << 10
	bodyBytes   = 16 << 10
	askTime     = 10 * time.Second // for what a page asks of the store
)

// New makes a console.
func New(o Options) (*Console, error) {
	c := &Console{Options: o}
	var err error
	if c.pages, err = newPages(); err != nil {
		return nil, err
	}
	if c.entrance, err = newEntrance(o.Token, o.Now); err != nil {
		return nil, err
	}
	c.server = &http.Server{
		Handler: c.Handler(), ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime,
		IdleTimeout: idleTime, MaxHeaderBytes: headerBytes, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	return c, nil
}

var errOpen = errors.New("a console without a token serves loopback addresses only")

// Serve serves l until Shutdown, and closes it. Without a token it refuses a listener that other machines can reach.
func (c *Console) Serve(l net.Listener) error {
	if c.Token.Empty() && !isLoopback(l.Addr().String()) {
		return errors.Join(errOpen, l.Close())
	}
	if err := c.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown ends Serve, and lets running requests finish until ctx ends.
func (c *Console) Shutdown(ctx context.Context) error {
	if err := c.server.Shutdown(ctx); err != nil {
		return c.server.Close()
	}
	return nil
}

// Handler is everything that the console serves.
func (c *Console) Handler() http.Handler {
	inside := http.NewServeMux()
	c.routePages(inside)
	c.routeAnswers(inside)
	c.routeProfiles(inside)
	inside.HandleFunc("POST /logout", c.logout)
	if c.Metrics != nil {
		inside.Handle("GET /metrics", c.Metrics)
	}

	open := http.NewServeMux()
	open.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	open.HandleFunc("GET /assets/{name}", serveAsset)
	open.HandleFunc("GET /login", c.loginPage)
	open.HandleFunc("POST /login", c.login)
	open.Handle("/", c.onlyOperators(inside))
	return c.guarded(open)
}
