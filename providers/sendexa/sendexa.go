// Package sendexa speaks Sendexa's OTP API: codes by SMS to numbers in Ghana, in the caller's words. Two dialects of
// verify and resend are documented; which one is live, and what else is unknown, stands in README.md.
package sendexa

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

const (
	kind              = "sendexa"
	defaultBaseURL    = "https://api.sendexa.co"
	byID, byPhone     = "id", "phone"        // dialects of verify and resend
	inAPIKey, inBasic = "x-api-key", "basic" // where the token stands
	longest           = 24 * time.Hour       // that a code can live
)

// Kind is `kind: sendexa`.
func Kind() providers.Kind {
	return providers.Kind{Name: kind, Options: func() providers.Options {
		return &Options{BaseURL: defaultBaseURL, Dialect: byID, Auth: inAPIKey}
	}}
}

// Options are the settings of one Sendexa account.
type Options struct {
	BaseURL       string           `yaml:"base_url"`
	APIKey        providers.Secret `yaml:"api_key"`
	APISecret     providers.Secret `yaml:"api_secret"`     // empty: api_key is the ready-made token of the dashboard
	Sender        string           `yaml:"sender"`         // approved by Sendexa; for requests that name none
	Dialect       string           `yaml:"dialect"`        // id or phone: what a code is checked and sent again by
	Auth          string           `yaml:"auth"`           // x-api-key or basic: the header that holds the token
	Insecure      bool             `yaml:"insecure"`       // allows plain http to other machines
	WebhookSecret providers.Secret `yaml:"webhook_secret"` // signs delivery reports; empty: none are taken
}

// Check implements [providers.Options].
func (o *Options) Check(b providers.Block) {
	upstream.CheckBaseURL(b, o.BaseURL, o.Insecure)
	upstream.CheckVisible(b, "api_key", o.APIKey.Reveal(), "it is Sendexa's API key, or with no api_secret its token")
	switch {
	case o.Sender == "":
		b.Warn("is empty: requests and apps that name no sender will not be carried", "sender")
	case !validSender(o.Sender):
		b.Refuse("is no sender ID: Sendexa takes 3 to 11 letters and digits", "sender")
	}
	upstream.CheckChoice(b, "dialect", o.Dialect, byID, byPhone)
	upstream.CheckChoice(b, "auth", o.Auth, inAPIKey, inBasic)
	if !o.WebhookSecret.Empty() {
		upstream.CheckVisible(b, "webhook_secret", o.WebhookSecret.Reveal(), "it is that of Sendexa's webhooks")
	}
}

// Build implements [providers.Options]. Both headers hold the same token: key and secret as for HTTP Basic.
func (o *Options) Build(env providers.Environment) (providers.Provider, error) {
	header, value := "X-Api-Key", o.APIKey.Reveal()
	if !o.APISecret.Empty() {
		value = base64.StdEncoding.EncodeToString([]byte(value + ":" + o.APISecret.Reveal()))
	}
	if o.Auth == inBasic {
		header, value = "Authorization", "Basic "+value
	}
	client, err := upstream.NewFor(env, o.BaseURL, func(r *http.Request) { r.Header.Set(header, value) })
	if err != nil {
		return nil, err
	}
	return &Provider{
		name: env.Name, sender: o.Sender, byPhone: o.Dialect == byPhone, client: client, webhookSecret: o.WebhookSecret,
	}, nil
}

// Provider is one Sendexa account.
type Provider struct {
	name, sender  string
	byPhone       bool // the dialect
	client        *upstream.Client
	webhookSecret providers.Secret // empty: no callbacks are taken
}

var _ providers.Resender = (*Provider)(nil)

// Info implements [providers.Provider].
func (p *Provider) Info() providers.Info {
	return providers.Info{Name: p.name, Kind: kind, Coverage: []providers.Coverage{{
		Channel:   providers.SMS,
		Countries: providers.Countries{"GH"},
		Length:    providers.Range[int]{Min: 4, Max: 10},
		Alphabets: []providers.Alphabet{providers.Numeric, providers.Alphabetic, providers.Alphanumeric},
		Expiry:    providers.Range[time.Duration]{Min: time.Minute, Max: longest},
		Attempts:  providers.Range[int]{Min: 1, Max: 10},
		Message:   true,
	}}}
}

// Send implements [providers.Provider]. Where codes are checked by number, one that may have been sent can be checked.
func (p *Provider) Send(ctx context.Context, req providers.SendRequest) (providers.Handle, error) {
	sender := cmp.Or(req.Sender, p.sender)
	switch c, ok := p.Info().On(req.Channel); {
	case !ok || !c.Countries.Has(req.To.Country()):
		return providers.Handle{}, p.client.Refusal("send", providers.Unsupported, "carries SMS to Ghana only")
	case !validSender(sender):
		return providers.Handle{}, p.client.Refusal("send", providers.Unsupported, "sender is not 3 to 11 letters and digits")
	}
	body, asked := newSendBody(req, sender)
	s := state{V: stateVersion, Phone: body.Phone}
	return p.open(ctx, upstream.Call{Op: "send", Path: []string{"request"}, Body: body}, s, asked)
}

// Resend implements [providers.Resender]. By number it gives a new code with a new id; by id, none is documented.
func (p *Provider) Resend(ctx context.Context, h providers.Handle, _ providers.SendRequest) (providers.Handle, error) {
	s, err := upstream.ReadState(p.client, "resend", h, p.checks)
	if err != nil {
		return providers.Handle{}, err
	}
	call := upstream.Call{Op: "resend", Path: []string{"resend", s.ID}}
	if p.byPhone {
		call.Path, call.Body = []string{"resend"}, sessionBody{Phone: s.Phone, ID: s.ID}
	}
	return p.open(ctx, call, s, h.Granted)
}

// Verify implements [providers.Provider].
func (p *Provider) Verify(ctx context.Context, h providers.Handle, code providers.Secret) (providers.Verdict, error) {
	s, err := upstream.ReadState(p.client, "verify", h, p.checks)
	if err != nil {
		return providers.Verdict{}, err
	}
	body := sessionBody{ID: s.ID, Pin: code.Reveal()}
	if p.byPhone {
		body = sessionBody{Phone: s.Phone, Code: code.Reveal(), ID: s.ID}
	}
	a, err := p.post(ctx, upstream.Call{Op: "verify", Path: []string{"verify"}, Body: body, Guess: code})
	if err != nil {
		return providers.Verdict{}, err
	}
	return a.judge(s.ID)
}

// Close frees idle connections.
func (p *Provider) Close() error { return p.client.Close() }

// open makes the call c, which gives s a code. Granted without an id is ambiguous where nothing else can name the code.
// Where the number can, even a lost answer leaves a handle, but the id that it knew may be dead.
func (p *Provider) open(ctx context.Context, c upstream.Call, s state, g providers.Granted) (providers.Handle, error) {
	a, err := p.post(ctx, c)
	switch {
	case p.byPhone && providers.ClassOf(err) == providers.Ambiguous:
		s.ID = ""
		return s.handle(g), err
	case err != nil:
		return providers.Handle{}, err
	case !a.good():
		return providers.Handle{}, a.refused()
	case upstream.Visible(a.Data.ID):
		s.ID = a.Data.ID
	case s.ID == "" && !p.byPhone:
		return providers.Handle{}, a.Failure(providers.Ambiguous, "", errors.New("granted without an id"))
	}
	return s.handle(a.granted(g)), nil
}

func (p *Provider) post(ctx context.Context, c upstream.Call) (answer, error) {
	c.Method, c.Path = http.MethodPost, append([]string{"v1", "otp"}, c.Path...)
	var a answer
	r, err := p.client.Ask(ctx, c, &a)
	a.Response = r
	return a, err
}

// checks tells whether the dialect can name the code of s.
func (p *Provider) checks(s state) bool { return s.V == stateVersion && (s.ID != "" || p.byPhone) }

// validSender is the vendor's rule, 3 to 11 letters and digits; spaces between them are in use.
func validSender(s string) bool {
	return len(s) >= 3 && len(s) <= 11 && strings.TrimSpace(s) == s &&
		providers.Alphanumeric.Admits(strings.ReplaceAll(s, " ", ""))
}
