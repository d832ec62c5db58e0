package gateway

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// keyring makes the apps of the configuration and the keys that lead to them.
func keyring(cfg *config.Config) (*apps.Keyring, error) {
	var keys []apps.Key
	for id, app := range cfg.Apps {
		made := appOf(id, app)
		for _, key := range app.Keys {
			trust, err := key.JWT.Trust()
			if err != nil {
				return nil, fmt.Errorf("key %s: %w", key.ID, err)
			}
			one := apps.Key{ID: key.ID, App: made, Trust: trust}
			if one.Networks, err = networks("networks of the key "+key.ID, key.Networks); err != nil {
				return nil, err
			}
			for _, scope := range key.Scopes {
				one.Scopes = append(one.Scopes, apps.Scope(scope))
			}
			for _, secret := range key.All() {
				hash := apps.SecretHash{NotBefore: secret.NotBefore, NotAfter: secret.NotAfter}
				if _, err := hex.Decode(hash.SHA256[:], []byte(secret.SHA256.Reveal())); err != nil {
					return nil, fmt.Errorf("key %s: its secret_sha256 is not 64 hex digits", key.ID)
				}
				one.Secrets = append(one.Secrets, hash)
			}
			keys = append(keys, one)
		}
	}
	return apps.NewKeyring(keys)
}

func appOf(id string, app config.App) *apps.App {
	name := app.Name
	if name == "" {
		name = id
	}
	d := app.Defaults
	return &apps.App{
		ID: id, Name: name, Channels: app.Channels, Countries: app.Countries,
		Ending: providers.Ending{DoNotShare: app.DoNotShare, Android: app.AndroidHash, WebOTP: app.WebOTP},
		Defaults: apps.Defaults{
			Channel: d.Channel, Country: d.Country, Length: d.Code.Length, Alphabet: d.Code.Alphabet, ExpiresIn: d.ExpiresIn,
			MaxAttempts: d.MaxAttempts, MaxResends: d.MaxResends, ResendAfter: d.ResendAfter,
			ResendFresh: d.ResendCode == config.ResendNew,
			Sender:      d.Sender, Template: d.Template, Locale: d.Locale,
		},
	}
}

// policy is what the configuration says about every request.
func policy(cfg *config.Config) otp.Policy {
	p := otp.Policy{
		Templates: templates(cfg.Templates), Own: map[string]map[string]otp.Template{},
		Limits: otp.Limits{
			Recipient: cfg.Limits.Recipient, App: cfg.Limits.App, IP: cfg.Limits.IP,
			Countries: countryLimits(cfg.Limits.Countries), Shared: cfg.Store.Driver == config.DriverRedis,
		},
		AppLimits: map[string]otp.AppLimits{},
	}
	if failures := cfg.Limits.RecipientFailures; failures.Max > 0 {
		p.Limits.RecipientFailures = &failures
	}
	for id, app := range cfg.Apps {
		p.Own[id] = templates(app.Templates)
		own := app.Limits
		p.AppLimits[id] = otp.AppLimits{
			Recipient: given(own.Recipient), App: given(own.App), IP: given(own.IP), Countries: countryLimits(own.Countries),
		}
	}
	return p
}

// given is nil for a list that was left out, and not for an empty one.
func given(list *config.LimitList) []otp.Limit {
	if list == nil {
		return nil
	}
	return append([]otp.Limit{}, *list...)
}

func countryLimits(all map[string]config.LimitList) map[string][]otp.Limit {
	made := make(map[string][]otp.Limit, len(all))
	for country, list := range all {
		made[country] = list
	}
	return made
}

func templates(all map[string]config.Template) map[string]otp.Template {
	made := make(map[string]otp.Template, len(all))
	for name, template := range all {
		made[name] = make(otp.Template, len(template))
		for locale, text := range template {
			made[name][locale] = otp.Text{Default: text.Default, On: text.On()}
		}
	}
	return made
}

// lateAnswer is how long the answer to a try that was given up is waited for.
const lateAnswer = 30 * time.Second

// upstreams builds every provider of the configuration.
func upstreams(cfg *config.Config, phone providers.Phone, log *slog.Logger) ([]routing.ProviderSettings, error) {
	keys := cfg.ProviderKeys()
	var built []routing.ProviderSettings
	for _, name := range slices.Sorted(maps.Keys(cfg.Providers)) {
		p := cfg.Providers[name]
		provider, err := p.With.Build(providers.Environment{
			Name: name, Timeout: p.Timeout + lateAnswer, CodeKeys: keys, Phone: phone, Log: log.With("provider", name),
		})
		if err != nil {
			return nil, fmt.Errorf("provider %s: %w", name, err)
		}
		built = append(built, routing.ProviderSettings{
			Provider: provider, Timeout: p.Timeout, MaxPerSecond: p.MaxPerSecond, MaxInFlight: p.MaxInFlight,
			Breaker: routing.Breaker{
				Failures: p.Breaker.Failures, Of: p.Breaker.Of, OpenFor: p.Breaker.OpenFor, Probes: p.Breaker.Probes,
				SlowCall: p.Breaker.SlowCall,
			},
			Prices: prices(p.Price),
		})
	}
	return built, nil
}

func prices(p config.Price) map[routing.Market]routing.Price {
	made := map[routing.Market]routing.Price{}
	add := func(country string, prices config.Prices) {
		for _, channel := range providers.Channels() {
			if amount, known := prices.On(channel); known {
				made[routing.Market{Channel: channel, Country: country}] = routing.Price{Amount: amount, Currency: p.Currency}
			}
		}
	}
	add("", p.Prices)
	for country, prices := range p.Countries {
		add(country, prices)
	}
	return made
}

// rules are the routes of the configuration.
func rules(cfg *config.Config) []routing.Rule {
	made := make([]routing.Rule, len(cfg.Routes))
	for i, r := range cfg.Routes {
		rule := routing.Rule{
			Name: r.Name, Line: cfg.Line("routes", fmt.Sprint(i)), Strategy: routing.Strategy(r.Strategy),
			OnAmbiguous: routing.OnAmbiguous(r.OnAmbiguous), Deadline: r.Deadline,
		}
		if r.When != nil {
			rule.When = routing.When{
				Countries: r.When.Country, Channels: r.When.Channel, Apps: r.When.App, Purposes: r.When.Purpose, Prefixes: r.When.Prefix,
			}
		}
		for _, u := range r.Use {
			rule.Use = append(rule.Use, routing.Candidate{Provider: u.Provider, Weight: u.Weight})
		}
		for _, f := range r.Fallback {
			rule.Fallback = append(rule.Fallback, routing.Step{Channel: f.Channel, After: f.After})
		}
		made[i] = rule
	}
	return made
}

// networks reads a list of addresses and networks. What says where the list stands.
func networks(what string, list []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range list {
		network, err := config.ParseNetwork(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is neither an address nor a network", what, text)
		}
		all = append(all, network)
	}
	return all, nil
}
