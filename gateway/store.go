package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
	"github.com/otpgate/otpgate/gateway/store/sqlite"
	"github.com/otpgate/otpgate/gateway/telemetry"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// keeper is the store as the gateway needs it: what the use cases ask for, and what only the whole process does.
type keeper interface {
	otp.Store
	otp.Timers
	// Ping tells whether the store can write.
	Ping(ctx context.Context) error
	Quality(ctx context.Context) ([]routing.Quality, error)
	SaveQuality(ctx context.Context, rows []routing.Quality) error
	// Past tells what happened, of events for as long as they are kept.
	Past(events time.Duration) past
	// Backlog tells what waits at now.
	Backlog(ctx context.Context, now time.Time) (telemetry.Backlog, error)
	Close() error
}

// openStore opens the store that the configuration names.
func (g *Gateway) openStore(ctx context.Context) (keeper, error) {
	c := g.first.Store
	if c.Driver == config.DriverRedis {
		o, err := redisOptions(c.Redis)
		if err != nil {
			return nil, err
		}
		o.Retention, o.Log, o.Expired, o.Track = c.Retention.Verifications, g.options.Log, g.learn, true
		o.Observe = g.telemetry.Script
		s, err := redis.Open(ctx, o)
		return shared{s}, err
	}
	s, err := sqlite.Open(ctx, sqlite.Options{
		Path: c.SQLite.Path, Synchronous: sqlite.Synchronous(c.SQLite.Synchronous),
		Retention: c.Retention.Verifications, Events: c.Retention.Events, Log: g.options.Log, Expired: g.learn,
	})
	return embedded{s}, err
}

// embedded is the store in a file.
type embedded struct{ *sqlite.Store }

// Past implements keeper.
func (e embedded) Past(time.Duration) past { return written{e.History()} }

// Backlog implements keeper.
func (e embedded) Backlog(ctx context.Context, now time.Time) (telemetry.Backlog, error) {
	b, err := e.Store.Backlog(ctx, now)
	return telemetry.Backlog{Writes: b.Writes, Timers: b.Timers, Reports: b.Reports}, err
}

// shared is the store on Redis.
type shared struct{ *redis.Store }

// Past implements keeper.
func (s shared) Past(events time.Duration) past { return s.History(events) }

// Backlog implements keeper. No operation waits: there is no queue.
func (s shared) Backlog(ctx context.Context, now time.Time) (telemetry.Backlog, error) {
	b, err := s.Store.Backlog(ctx, now)
	p := s.Pool()
	return telemetry.Backlog{
		Timers: b.Timers, Reports: b.Reports, History: b.History,
		Pool: &telemetry.Pool{
			Total: int(p.Total), Idle: int(p.Idle),
			Hits: uint64(p.Hits), Misses: uint64(p.Misses), Timeouts: uint64(p.Timeouts),
		},
	}, err
}

// redisOptions are the settings of the configuration. What stands beside the URL wins over what is in it.
func redisOptions(c config.Redis) (redis.Options, error) {
	o := redis.Options{
		Mode: redis.Mode(c.Mode), Addresses: c.Addresses, Master: c.Master, Username: c.Username, Password: c.Password,
		SentinelPassword: c.SentinelPassword, Prefix: c.Prefix, PoolSize: c.PoolSize, Timeout: c.Timeout,
	}
	encrypted := c.TLS != nil
	if o.Mode == redis.Single {
		u, err := url.Parse(c.URL)
		if err != nil {
			return o, errors.New("store.redis.url: this is no URL") // err would show the password
		}
		addressOf(&o, u)
		encrypted = encrypted || u.Scheme == "rediss"
	}
	if !encrypted {
		return o, nil
	}
	var err error
	o.TLS, err = redisTLS(c.TLS)
	return o, err
}

// addressOf reads the URL of a single server, which the configuration has checked.
func addressOf(o *redis.Options, u *url.URL) {
	port := u.Port()
	if port == "" {
		port = "6379"
	}
	o.Addresses = []string{net.JoinHostPort(u.Hostname(), port)}
	o.Database, _ = strconv.Atoi(strings.TrimPrefix(u.Path, "/"))
	if o.Username == "" {
		o.Username = u.User.Username()
	}
	if password, given := u.User.Password(); given && o.Password.Empty() {
		o.Password = providers.NewSecret(password)
	}
}

func redisTLS(c *config.RedisTLS) (*tls.Config, error) {
	made := &tls.Config{MinVersion: tls.VersionTLS12}
	if c == nil {
		return made, nil
	}
	made.ServerName = c.ServerName
	if c.CAFile == "" {
		return made, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("store.redis.tls.ca_file: %w", err)
	}
	made.RootCAs = x509.NewCertPool()
	if !made.RootCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("store.redis.tls.ca_file: there is no certificate in it; give it PEM")
	}
	return made, nil
}
