// Package zend speaks ZendOTP, the OTP API of Zend: numeric codes by SMS and WhatsApp. What the vendor documents, what
// its users report and what is unknown stands in README.md.
package zend

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

const (
	kind           = "zend"
	defaultBaseURL = "https://api.tryzend.com"
)

// Kind is `kind: zend`.
func Kind() providers.Kind {
	return providers.Kind{Name: kind, Options: func() providers.Options { return &Options{BaseURL: defaultBaseURL} }}
}

// Options are the settings of one Zend account.
type Options struct {
	BaseURL  string           `yaml:"base_url"`
	APIKey   providers.Secret `yaml:"api_key"`
	App      string           `yaml:"app"`      // what Zend files codes under; empty: the id of the app that asks
	Insecure bool             `yaml:"insecure"` // allows plain http to other machines
}

// Check implements [providers.Options].
func (o *Options) Check(b providers.Block) {
	upstream.CheckBaseURL(b, o.BaseURL, o.Insecure)
	upstream.CheckVisible(b, "api_key", o.APIKey.Reveal(), "it is the key of the Zend account, such as sent_live_…")
}

// Build implements [providers.Options].
func (o *Options) Build(env providers.Environment) (providers.Provider, error) {
	client, err := upstream.NewFor(env, o.BaseURL, func(r *http.Request) {
		r.Header.Set("x-api-key", o.APIKey.Reveal())
	})
	if err != nil {
		return nil, err
	}
	return &Provider{name: env.Name, app: o.App, client: client}, nil
}

// Provider is one Zend account.
type Provider struct {
	name   string
	app    string
	client *upstream.Client
}

var _ providers.StatusReader = (*Provider)(nil)

// Info implements [providers.Provider]. The page names no country and, beside the defaults of six characters and ten
// minutes, no bounds: those here are assumed.
func (p *Provider) Info() providers.Info {
	sms := providers.Coverage{
		Channel:   providers.SMS,
		Length:    providers.Range[int]{Min: 4, Max: 10},
		Alphabets: []providers.Alphabet{providers.Numeric},
		Expiry:    providers.Range[time.Duration]{Min: time.Minute, Max: 24 * time.Hour},
	}
	whatsapp := sms
	whatsapp.Channel = providers.WhatsApp
	return providers.Info{Name: p.name, Kind: kind, Coverage: []providers.Coverage{sms, whatsapp}}
}

// Send implements [providers.Provider]. Zend has no senders, so the one of req is not looked at.
func (p *Provider) Send(ctx context.Context, req providers.SendRequest) (providers.Handle, error) {
	if _, ok := p.Info().On(req.Channel); !ok {
		return providers.Handle{}, p.client.Refusal("send", providers.Unsupported, "carries SMS and WhatsApp only")
	}
	r, err := p.client.Do(ctx, upstream.Call{
		Op: "send", Method: http.MethodPost, Path: []string{"otp", "send"}, Body: sendBody{
			PhoneNumber: req.To.Address(), App: cmp.Or(p.app, req.App), Channel: req.Channel,
			Expiry: int(req.Wish.Expiry / time.Minute), Length: req.Wish.Length,
		},
	})
	if err != nil {
		return providers.Handle{}, err
	}
	return opened(r)
}

// Verify implements [providers.Provider].
func (p *Provider) Verify(ctx context.Context, h providers.Handle, code providers.Secret) (providers.Verdict, error) {
	s, err := upstream.ReadState(p.client, "verify", h, state.whole)
	if err != nil {
		return providers.Verdict{}, err
	}
	r, err := p.client.Do(ctx, upstream.Call{
		Op: "verify", Method: http.MethodPost, Path: []string{"otp", s.ID, "verify"},
		Body: verifyBody{Code: code.Reveal()}, Guess: code,
	})
	if err != nil {
		return providers.Verdict{}, err
	}
	return p.judge(ctx, r, s.ID, code)
}

// Status implements [providers.StatusReader].
func (p *Provider) Status(ctx context.Context, h providers.Handle) (providers.DeliveryReport, error) {
	s, err := upstream.ReadState(p.client, "status", h, state.whole)
	if err != nil {
		return providers.DeliveryReport{}, err
	}
	return p.look(ctx, upstream.Call{Op: "status"}, s.ID)
}

// Close frees idle connections.
func (p *Provider) Close() error { return p.client.Close() }

// look reads where a session stands. call says for which operation.
func (p *Provider) look(ctx context.Context, call upstream.Call, id string) (providers.DeliveryReport, error) {
	call.Method, call.Path = http.MethodGet, []string{"otp", id, "status"}
	r, err := p.client.Do(ctx, call)
	if err != nil {
		return providers.DeliveryReport{}, err
	}
	return report(r, id)
}

// aside is a look that follows a "no". It takes half of the time that is left and two seconds at most, for it must not
// cost the verdict that is already there.
func (p *Provider) aside(ctx context.Context, id string, guess providers.Secret) (providers.DeliveryReport, error) {
	within := 2 * time.Second
	if deadline, ok := ctx.Deadline(); ok {
		within = min(within, time.Until(deadline)/2)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return p.look(ctx, upstream.Call{Op: "verify", Guess: guess}, id)
}
