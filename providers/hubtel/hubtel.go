// Package hubtel speaks Hubtel's OTP API: codes of four digits by SMS to numbers in Ghana, with a prefix of four
// letters beside them. What the vendor documents, what its users report and what is unknown stands in README.md.
package hubtel

import (
	"cmp"
	"context"
	"net/http"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

const (
	kind = "hubtel"
	// ussd shows a live code when it is dialled from the number that the SMS went to. It is part of no answer; the
	// vendor documents it as fixed.
	ussd           = "*713*90#"
	codeLength     = 4
	longestSender  = 11
	defaultBaseURL = "https://api-otp.hubtel.com"
)

// Kind is `kind: hubtel`.
func Kind() providers.Kind {
	return providers.Kind{Name: kind, Options: func() providers.Options { return &Options{BaseURL: defaultBaseURL} }}
}

// Options are the settings of one Hubtel account.
type Options struct {
	BaseURL      string           `yaml:"base_url"`
	ClientID     providers.Secret `yaml:"client_id"`
	ClientSecret providers.Secret `yaml:"client_secret"`
	Sender       string           `yaml:"sender"`   // approved by Hubtel; for requests that name none
	Insecure     bool             `yaml:"insecure"` // allows plain http to other machines
}

// Check implements [providers.Options].
func (o *Options) Check(b providers.Block) {
	upstream.CheckBaseURL(b, o.BaseURL, o.Insecure)
	upstream.CheckVisible(b, "client_id", o.ClientID.Reveal(), "it is the first half of Hubtel's API key")
	upstream.CheckVisible(b, "client_secret", o.ClientSecret.Reveal(), "it is the second half of Hubtel's API key")
	switch {
	case o.Sender == "":
		b.Warn("is empty: requests and apps that name no sender will not be carried", "sender")
	case !validSender(o.Sender):
		b.Refuse("is no sender ID: Hubtel takes 1 to 11 letters and digits", "sender")
	}
}

// Build implements [providers.Options].
func (o *Options) Build(env providers.Environment) (providers.Provider, error) {
	client, err := upstream.NewFor(env, o.BaseURL, upstream.Basic(o.ClientID, o.ClientSecret))
	if err != nil {
		return nil, err
	}
	return &Provider{info: infoOf(env.Name), sender: o.Sender, client: client}, nil
}

// Provider is one Hubtel account.
type Provider struct {
	info   providers.Info
	sender string
	client *upstream.Client
}

var _ providers.Resender = (*Provider)(nil)

// Info implements [providers.Provider].
func (p *Provider) Info() providers.Info { return p.info }

func infoOf(name string) providers.Info {
	return providers.Info{
		Name: name, Kind: kind, USSD: ussd,
		Coverage: []providers.Coverage{{
			Channel:   providers.SMS,
			Countries: providers.Countries{"GH"},
			Length:    providers.Range[int]{Min: codeLength, Max: codeLength},
			Alphabets: []providers.Alphabet{providers.Numeric},
		}},
	}
}

// Send implements [providers.Provider].
func (p *Provider) Send(ctx context.Context, req providers.SendRequest) (providers.Handle, error) {
	sender := cmp.Or(req.Sender, p.sender)
	if why := p.cannot(req, sender); why != "" {
		return providers.Handle{}, p.client.Refusal("send", providers.Unsupported, why)
	}
	body := sendBody{SenderID: sender, PhoneNumber: req.To.Address(), CountryCode: req.To.Country()}
	answer, err := p.post(ctx, "send", body, providers.Secret{})
	if err != nil {
		return providers.Handle{}, err
	}
	return opened(answer, refusedSend)
}

// Resend implements [providers.Resender]. Hubtel answers with another request id and another prefix; the first pair is
// taken to be dead.
func (p *Provider) Resend(ctx context.Context, h providers.Handle, _ providers.SendRequest) (providers.Handle, error) {
	s, err := upstream.ReadState(p.client, "resend", h, state.whole)
	if err != nil {
		return providers.Handle{}, err
	}
	answer, err := p.post(ctx, "resend", resendBody{RequestID: s.RequestID}, providers.Secret{})
	if err != nil {
		return providers.Handle{}, err
	}
	return opened(answer, refusedResend)
}

// Verify implements [providers.Provider].
func (p *Provider) Verify(ctx context.Context, h providers.Handle, code providers.Secret) (providers.Verdict, error) {
	s, err := upstream.ReadState(p.client, "verify", h, state.whole)
	if err != nil {
		return providers.Verdict{}, err
	}
	guess := verifyBody{RequestID: s.RequestID, Prefix: s.Prefix, Code: code.Reveal()}
	answer, err := p.post(ctx, "verify", guess, code)
	if err != nil {
		return providers.Verdict{}, err
	}
	return judge(answer)
}

// Close frees idle connections.
func (p *Provider) Close() error { return p.client.Close() }

func (p *Provider) post(ctx context.Context, op string, body any, guess providers.Secret) (upstream.Response, error) {
	return p.client.Do(ctx, upstream.Call{
		Op: op, Method: http.MethodPost, Path: []string{"otp", op}, Body: body, Guess: guess,
	})
}

// cannot tells why a request is not for Hubtel; empty: it is.
func (p *Provider) cannot(req providers.SendRequest, sender string) string {
	c, ok := p.info.On(req.Channel)
	switch {
	case !ok:
		return "carries SMS only"
	case !c.Countries.Has(req.To.Country()):
		return "carries to Ghana only"
	case !validSender(sender):
		return "sender is not 1 to 11 letters and digits"
	}
	return ""
}

// validSender is the vendor's rule: "11 alpha-numeric characters or less".
func validSender(s string) bool {
	return s != "" && len(s) <= longestSender && providers.Alphanumeric.Admits(s)
}
