// Package hisend speaks the OTP API of Hisend (Hunnovate, Nigeria): codes of 4 to 10 digits by SMS to numbers in
// Nigeria and by e-mail to everywhere. Both calls are GETs with key, recipient and code in their query, so no address
// may be shown, cached or asked twice. What the vendor documents and what is unknown stands in README.md.
package hisend

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

const (
	kind           = "hisend"
	defaultBaseURL = "https://core.hisend.hunnovate.com/api/v1"

	// The vendor documents a length of 4 to 10, by default 6.
	shortestCode, longestCode, defaultLength = 4, 10, 6
	// The vendor documents an expiry of 5 by default and names neither unit nor bounds. Minutes are what its users read;
	// a day is as far as that is trusted.
	shortestExpiry, longestExpiry, defaultExpiry = time.Minute, 24 * time.Hour, 5 * time.Minute
)

// What `auth` and `reference_names` can be.
const (
	authQuery     = "query"
	authHeader    = "header"
	namesBoth     = "both"
	nameReference = "reference"     // on the vendor's page of the call
	nameOTP       = "otp_reference" // on the vendor's overview
)

// Kind is `kind: hisend`.
func Kind() providers.Kind {
	return providers.Kind{Name: kind, Options: func() providers.Options {
		return &Options{BaseURL: defaultBaseURL, Auth: authQuery, ReferenceNames: namesBoth}
	}}
}

// Options are the settings of one Hisend account.
type Options struct {
	BaseURL        string           `yaml:"base_url"`
	APIKey         providers.Secret `yaml:"api_key"`
	Auth           string           `yaml:"auth"`            // where the key goes: query or header
	ReferenceNames string           `yaml:"reference_names"` // in a check: both, reference or otp_reference
	WhatsApp       bool             `yaml:"whatsapp"`        // covers WhatsApp in Nigeria too
	Insecure       bool             `yaml:"insecure"`        // allows plain http to other machines
}

// Check implements [providers.Options].
func (o *Options) Check(b providers.Block) {
	upstream.CheckBaseURL(b, o.BaseURL, o.Insecure)
	switch {
	case o.APIKey.Empty():
		b.Refuse("is missing: it stands on Hisend's dashboard", "api_key")
	case !upstream.Visible(o.APIKey.Reveal()):
		b.Refuse("holds a space, a line break or another character that no key has", "api_key")
	}
	switch o.Auth {
	case authQuery, authHeader:
	default:
		b.Refuse("is unknown: write query, as the vendor documents, or header", "auth")
	}
	switch o.ReferenceNames {
	case namesBoth, nameReference, nameOTP:
	default:
		b.Refuse("is unknown: write both, reference or otp_reference", "reference_names")
	}
}

// Build implements [providers.Options].
func (o *Options) Build(env providers.Environment) (providers.Provider, error) {
	client, err := upstream.NewFor(env, o.BaseURL, o.authorize)
	if err != nil {
		return nil, err
	}
	names := []string{o.ReferenceNames}
	if o.ReferenceNames == namesBoth {
		names = []string{nameReference, nameOTP}
	}
	return &Provider{name: env.Name, names: names, whatsapp: o.WhatsApp, client: client}, nil
}

func (o *Options) authorize(r *http.Request) {
	if o.Auth == authHeader {
		r.Header.Set("Api-Key", o.APIKey.Reveal())
		return
	}
	r.URL.RawQuery = "api_key=" + url.QueryEscape(o.APIKey.Reveal()) + "&" + r.URL.RawQuery
}

// Provider is one Hisend account.
type Provider struct {
	name     string
	names    []string // of the parameters that carry a reference
	whatsapp bool
	client   *upstream.Client
}

var _ providers.Provider = (*Provider)(nil)

// Info implements [providers.Provider].
func (p *Provider) Info() providers.Info {
	nigeria := providers.Countries{"NG"}
	covered := []providers.Coverage{coverage(providers.SMS, nigeria), coverage(providers.Email, nil)}
	if p.whatsapp {
		covered = append(covered, coverage(providers.WhatsApp, nigeria))
	}
	return providers.Info{Name: p.name, Kind: kind, Coverage: covered, PaidOnDelivery: true}
}

func coverage(channel providers.Channel, countries providers.Countries) providers.Coverage {
	return providers.Coverage{
		Channel:   channel,
		Countries: countries,
		Length:    providers.Range[int]{Min: shortestCode, Max: longestCode},
		Alphabets: []providers.Alphabet{providers.Numeric},
		Expiry:    providers.Range[time.Duration]{Min: shortestExpiry, Max: longestExpiry},
	}
}

// Send implements [providers.Provider].
func (p *Provider) Send(ctx context.Context, req providers.SendRequest) (providers.Handle, error) {
	if why := p.cannot(req); why != "" {
		return providers.Handle{}, p.client.Refusal("send", providers.Unsupported, why)
	}
	granted := grant(req.Wish)
	a, err := p.get(ctx, upstream.Call{Op: "send", Path: []string{"otp", "send"}, Query: sendQuery(req, granted)})
	if err != nil {
		return providers.Handle{}, err
	}
	return a.opened(granted)
}

// Verify implements [providers.Provider].
func (p *Provider) Verify(ctx context.Context, h providers.Handle, code providers.Secret) (providers.Verdict, error) {
	s, err := upstream.ReadState(p.client, "verify", h, state.whole)
	if err != nil {
		return providers.Verdict{}, err
	}
	a, err := p.get(ctx, upstream.Call{
		Op: "verify", Path: []string{"otp", "validate"}, Query: validateQuery(p.names, s.Reference, code), Guess: code,
	})
	if err != nil {
		return providers.Verdict{}, err
	}
	return a.judge()
}

// Close frees idle connections.
func (p *Provider) Close() error { return p.client.Close() }

// get makes a call that has effects and yet is a GET. The client asks it once, on a connection of its own; the header
// keeps caches on the way from answering in Hisend's place.
func (p *Provider) get(ctx context.Context, call upstream.Call) (answer, error) {
	call.Method = http.MethodGet
	call.Header = http.Header{"Cache-Control": {"no-store"}}
	var a answer
	r, err := p.client.Ask(ctx, call, &a)
	if err != nil {
		return answer{}, err
	}
	a.Response = r
	return a, r.Fault("")
}

// cannot tells why a request is not for Hisend; empty: it is. Senders and texts are not taken, so they exclude nothing.
func (p *Provider) cannot(req providers.SendRequest) string {
	c, ok := p.Info().On(req.Channel)
	wish := req.Wish
	switch {
	case !ok:
		return "does not carry this channel"
	case req.To.IsEmail() != (req.Channel == providers.Email):
		return "recipient does not fit the channel"
	case !c.Countries.Has(req.To.Country()):
		return "carries this channel to Nigeria only"
	case wish.Length != 0 && !c.Length.Has(wish.Length):
		return "gives codes of 4 to 10 characters only"
	case wish.Alphabet != "" && wish.Alphabet != providers.Numeric:
		return "gives codes of digits only"
	case wish.Expiry != 0 && wish.Expiry < shortestExpiry:
		return "lets a code live for a minute at least"
	}
	return ""
}
