// Package airtexts speaks AirTexts' OTP API: codes of four to eight digits by SMS and WhatsApp. The vendor's pages show
// requests and no answers, so the kind is experimental; how answers are read, and why so, stands in README.md.
package airtexts

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

const (
	kind       = "airtexts"
	authKey    = "key"    // headers X-API-Key and X-API-Secret
	authBasic  = "basic"  // HTTP Basic
	authBearer = "bearer" // a token, or key and secret in base64
)

// Kind is `kind: airtexts`.
func Kind() providers.Kind {
	return providers.Kind{Name: kind, Options: func() providers.Options {
		return &Options{BaseURL: "https://api.airtexts.com", Auth: authKey}
	}}
}

// Options are the settings of one AirTexts application.
type Options struct {
	BaseURL          string           `yaml:"base_url"`
	AppID            string           `yaml:"app_id"`
	Auth             string           `yaml:"auth"` // "key", "basic" or "bearer"
	APIKey           providers.Secret `yaml:"api_key"`
	APISecret        providers.Secret `yaml:"api_secret"`
	Token            providers.Secret `yaml:"token"`             // of auth bearer, in place of key and secret
	Sender           string           `yaml:"sender"`            // for requests that name none; empty: "OTP"
	TemplateID       int              `yaml:"template_id"`       // of the text; 0: AirTexts' own text
	AcceptUnverified bool             `yaml:"accept_unverified"` // the operator knows that this is experimental
	Insecure         bool             `yaml:"insecure"`          // allows plain http to other machines
}

// Check implements [providers.Options].
func (o *Options) Check(b providers.Block) {
	upstream.CheckBaseURL(b, o.BaseURL, o.Insecure)
	const from = "copy it from AirTexts' dashboard"
	upstream.CheckVisible(b, "app_id", o.AppID, from)
	upstream.CheckChoice(b, "auth", o.Auth, authKey, authBasic, authBearer)
	if o.Auth == authBearer && !o.Token.Empty() {
		upstream.CheckVisible(b, "token", o.Token.Reveal(), from)
	} else {
		upstream.CheckVisible(b, "api_key", o.APIKey.Reveal(), from)
		upstream.CheckVisible(b, "api_secret", o.APISecret.Reveal(), from)
	}
	if o.TemplateID < 0 {
		b.Refuse("is negative: write the number of a template, or 0 for AirTexts' own text", "template_id")
	}
	if !o.AcceptUnverified {
		b.Warn("is not set: AirTexts documents no answers, so try this kind, then set it to true", "accept_unverified")
	}
}

// Build implements [providers.Options].
func (o *Options) Build(env providers.Environment) (providers.Provider, error) {
	client, err := upstream.NewFor(env, o.BaseURL, o.authorize)
	if err != nil {
		return nil, err
	}
	return &Provider{name: env.Name, options: o, client: client}, nil
}

func (o *Options) authorize(r *http.Request) {
	key, secret := o.APIKey.Reveal(), o.APISecret.Reveal()
	switch o.Auth {
	case authKey:
		r.Header.Set("X-API-Key", key)
		r.Header.Set("X-API-Secret", secret)
	case authBasic:
		r.SetBasicAuth(key, secret)
	case authBearer:
		pair := base64.StdEncoding.EncodeToString([]byte(key + ":" + secret))
		r.Header.Set("Authorization", "Bearer "+cmp.Or(o.Token.Reveal(), pair))
	}
}

// Provider is one AirTexts application.
type Provider struct {
	name    string
	options *Options
	client  *upstream.Client
}

var _ providers.Resender = (*Provider)(nil)
var _ providers.StatusReader = (*Provider)(nil)

// Info implements [providers.Provider]. The vendor names no country that it does not reach, and no wish but the length.
func (p *Provider) Info() providers.Info {
	length, alphabets := providers.Range[int]{Min: 4, Max: 8}, []providers.Alphabet{providers.Numeric}
	return providers.Info{Name: p.name, Kind: kind, Coverage: []providers.Coverage{
		{Channel: providers.SMS, Length: length, Alphabets: alphabets},
		{Channel: providers.WhatsApp, Length: length, Alphabets: alphabets},
	}}
}

// Send implements [providers.Provider].
func (p *Provider) Send(ctx context.Context, req providers.SendRequest) (providers.Handle, error) {
	if _, ok := p.Info().On(req.Channel); !ok {
		return providers.Handle{}, p.client.Refusal("send", providers.Unsupported, "carries SMS and WhatsApp only")
	}
	language, _, _ := strings.Cut(strings.ToLower(req.Locale), "-")
	a, err := p.ask(ctx, upstream.Call{Op: "send", Method: http.MethodPost, Body: body{
		AppID: p.options.AppID, Recipient: req.To.Address(), Channel: req.Channel, Length: req.Wish.Length,
		From: cmp.Or(req.Sender, p.options.Sender), TemplateID: p.options.TemplateID, Lang: language,
	}})
	if err != nil {
		return providers.Handle{}, err
	}
	granted := providers.Granted{Length: cmp.Or(req.Wish.Length, 6), Alphabet: providers.Numeric}
	return a.opened(state{V: stateVersion, Recipient: req.To.Address()}, granted)
}

// Resend implements [providers.Resender]. Whether the id changes is not documented.
func (p *Provider) Resend(ctx context.Context, h providers.Handle, _ providers.SendRequest) (providers.Handle, error) {
	a, s, err := p.about(ctx, h, upstream.Call{Op: "resend", Method: http.MethodPost})
	if err != nil {
		return providers.Handle{}, err
	}
	return a.opened(s, h.Granted)
}

// Verify implements [providers.Provider].
func (p *Provider) Verify(ctx context.Context, h providers.Handle, code providers.Secret) (providers.Verdict, error) {
	a, s, err := p.about(ctx, h, upstream.Call{Op: "verify", Method: http.MethodPost, Guess: code})
	if err != nil {
		return providers.Verdict{}, err
	}
	return a.judge(s.VerificationID)
}

// Status implements [providers.StatusReader].
func (p *Provider) Status(ctx context.Context, h providers.Handle) (providers.DeliveryReport, error) {
	a, _, err := p.about(ctx, h, upstream.Call{Op: "status", Method: http.MethodGet})
	if err != nil {
		return providers.DeliveryReport{}, err
	}
	return a.report()
}

// Close frees idle connections.
func (p *Provider) Close() error { return p.client.Close() }

// about makes a call about the verification behind h.
func (p *Provider) about(ctx context.Context, h providers.Handle, call upstream.Call) (answer, state, error) {
	s, err := upstream.ReadState(p.client, call.Op, h, state.whole)
	if err != nil {
		return answer{}, s, err
	}
	call.Body = body{
		AppID: p.options.AppID, Recipient: s.Recipient, Code: call.Guess.Reveal(), VerificationID: s.VerificationID,
	}
	if call.Method == http.MethodGet {
		call.Body, call.Query = nil, url.Values{"appid": {p.options.AppID}, "verification_id": {s.VerificationID}}
	}
	a, err := p.ask(ctx, call)
	return a, s, err
}

func (p *Provider) ask(ctx context.Context, call upstream.Call) (answer, error) {
	call.Path = []string{"otp", call.Op}
	var a answer
	r, err := p.client.Ask(ctx, call, &a)
	if a.from = r; err == nil {
		err = r.Fault(a.code())
	}
	return a, err
}
