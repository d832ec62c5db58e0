package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// ground is what outlives a configuration: generations are built on it.
type ground struct {
	store    otp.Store
	history  otp.History
	health   *routing.Health
	memory   *otp.Memory
	failures *otp.Memory // to authenticate; apart from memory, so that many of them push out no other limit
	numbers  *otp.Numbers
	mailbox  *mailbox
	phone    providers.Phone
	observer otp.Observer // of the use cases
	log      *slog.Logger
}

// newGround has no store yet.
func newGround(o Options, observer routing.Observer) (ground, error) {
	numbers, err := otp.NewNumbers(rememberedNumbers)
	if err != nil {
		return ground{}, err
	}
	failures, err := otp.NewMemory(rememberedSources)
	if err != nil {
		return ground{}, err
	}
	memory, err := otp.NewMemory(rememberedWindows)
	return ground{
		health: routing.NewHealth(observer), memory: memory, failures: failures, numbers: numbers, mailbox: newMailbox(o.Log),
		phone: o.Phone, log: o.Log,
	}, err
}

// generation is all that is built of one configuration.
type generation struct {
	cfg      *config.Config
	since    time.Time // when it was built
	engine   *routing.Engine
	service  *otp.Service
	snapshot httpapi.Snapshot
	infos    []providers.Info // in the order of their names
	closers  []io.Closer      // of providers
}

func (g ground) build(cfg *config.Config) (*generation, error) {
	ring, err := keyring(cfg)
	if err != nil {
		return nil, err
	}
	trusted, err := networks("server.trusted_proxies", cfg.Server.TrustedProxies)
	if err != nil {
		return nil, err
	}
	built, err := upstreams(cfg, g.phone, g.log)
	if err != nil {
		return nil, err
	}
	settings := routing.Settings{Rules: rules(cfg), Providers: built, LateAnswer: lateAnswer}
	engine, err := routing.NewEngine(settings, g.health)
	if err != nil {
		return nil, err
	}
	next := &generation{cfg: cfg, since: now(), engine: engine}
	for _, p := range built {
		next.infos = append(next.infos, p.Provider.Info())
		if c, ok := p.Provider.(io.Closer); ok {
			next.closers = append(next.closers, c)
		}
	}
	g.mailbox.attach(built)
	dials, readers := aggregators(built)
	calls, speakers := callers(built)
	next.service = otp.New(otp.Parts{
		Policy: policy(cfg), Store: g.store, History: g.history, Router: engine, Memory: g.memory, Numbers: g.numbers, Learner: g.health,
		Timing: otp.DefaultTiming(cfg.Server.RequestTimeout), Now: now, Log: g.log, Observer: g.observer,
		Writers: writers(built), Measure: measure, Judges: judges(built), Readers: readers, AppNames: appNames(cfg), Speakers: speakers,
	})
	next.snapshot = httpapi.Snapshot{
		OTP: next.service, Keyring: ring, Providers: next, Aggregators: dials, Callbacks: callbackParsers(built),
		RequestTimeout: cfg.Server.RequestTimeout, TrustedProxies: trusted, Callers: calls,
		Failures: g.failures, FailedAuth: cfg.Limits.FailedAuth,
	}
	return next, nil
}

func now() time.Time { return time.Now().UTC() }

// Providers implements [httpapi.Providers].
func (gen *generation) Providers() []httpapi.ProviderStatus {
	all := make([]httpapi.ProviderStatus, len(gen.infos))
	readings := gen.engine.Snapshot()
	for i, info := range gen.infos {
		all[i].Info = info
		for _, r := range readings {
			if r.Provider == info.Name {
				all[i].Readings = append(all[i].Readings, r)
			}
		}
	}
	return all
}

func (gen *generation) close(ctx context.Context) error {
	err := gen.engine.Close(ctx)
	for _, c := range gen.closers {
		err = errors.Join(err, c.Close())
	}
	return err
}
