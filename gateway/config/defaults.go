package config

import (
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// Every default of the file stands here. Defaults are set first and the file is decoded over them.

const day = 24 * time.Hour

// defaulter is a type whose values begin as something else than zero, wherever in the file they stand.
type defaulter interface{ setDefaults() }

func (c *Config) setDefaults() {
	c.Server = Server{
		Listen:         "127.0.0.1:8080",
		RequestTimeout: 10 * time.Second,
		ShutdownGrace:  15 * time.Second,
	}
	c.Console = Console{Listen: "127.0.0.1:8081"}
	c.Store = Store{
		Driver:    DriverSQLite,
		SQLite:    SQLite{Path: "data/otpgate.db", Synchronous: "normal"},
		Redis:     Redis{Mode: RedisSingle, URL: "redis://127.0.0.1:6379/0", Timeout: time.Second / 2, Prefix: "otpgate"},
		Retention: Retention{Verifications: 30 * day, Events: 30 * day},
	}
	c.Telemetry = Telemetry{
		Service: "otpgate", Traces: Traces{Sample: 1}, Metrics: Metrics{Every: 15 * time.Second},
		Logs: Logs{Level: "info", Format: "json"},
	}
	c.Defaults = Defaults{
		Channel:     providers.SMS,
		Country:     "GH",
		Code:        Code{Length: 6, Alphabet: providers.Numeric},
		ExpiresIn:   5 * time.Minute,
		MaxAttempts: 3,
		MaxResends:  3,
		ResendAfter: 30 * time.Second,
		ResendCode:  ResendSame,
		Locale:      "en",
	}
	c.Limits = Limits{
		Recipient:         LimitList{{Max: 5, Window: 10 * time.Minute}, {Max: 10, Window: day}},
		RecipientFailures: otp.Limit{Max: 20, Window: day},
		App:               LimitList{{Max: 200, Window: time.Second}},
		IP:                LimitList{{Max: 30, Window: 10 * time.Minute}},
		FailedAuth:        otp.Limit{Max: 30, Window: time.Minute},
	}
}

func (p *Provider) setDefaults() {
	p.Timeout = 4 * time.Second
	p.MaxInFlight = 500
	p.Breaker = Breaker{Failures: 5, Of: 10, OpenFor: 15 * time.Second, Probes: 1}
}

func (r *Route) setDefaults() {
	r.Strategy = StrategyPriority
	r.OnAmbiguous = AmbiguousNext
}

// derive sets the defaults that depend on other values. given tells whether the file has a value at a path.
func (c *Config) derive(given func(path ...string) bool) {
	for name, app := range c.Apps {
		if app.Name == "" {
			app.Name = name
		}
		c.Apps[name] = app
	}
	for name, p := range c.Providers {
		if !given("providers", name, "breaker", "slow_call") {
			p.Breaker.SlowCall = p.Timeout * 3 / 4
		}
		c.Providers[name] = p
	}
	for i := range c.Routes {
		if !given("routes", index(i), "deadline") {
			c.Routes[i].Deadline = c.Server.RequestTimeout * 4 / 5
		}
	}
}
