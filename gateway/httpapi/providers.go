package httpapi

import (
	"net/http"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// Providers tells how the providers stand.
type Providers interface {
	// Providers returns every configured provider, in the order of their names.
	Providers() []ProviderStatus
}

// ProviderStatus is a provider and how it stands now.
type ProviderStatus struct {
	Info     providers.Info
	Readings []routing.Reading // one for each of its channels
}

type providerList struct {
	Items []provider `json:"items"`
}

type provider struct {
	Name     string            `json:"name"`
	Kind     string            `json:"kind"`
	Channels []providerChannel `json:"channels"`
	USSD     *ussd             `json:"ussd,omitempty"`
}

// providerChannel is what a provider can grant on a channel, and how its calls went in the last minutes.
type providerChannel struct {
	Channel      providers.Channel    `json:"channel"`
	Countries    []string             `json:"countries"` // none: everywhere
	Length       *bounds[int]         `json:"length,omitempty"`
	Alphabets    []providers.Alphabet `json:"alphabets"`
	Expiry       *bounds[string]      `json:"expires_in,omitempty"`
	Breaker      routing.State        `json:"breaker"`
	OpenUntil    string               `json:"open_until,omitempty"`
	CoolingUntil string               `json:"cooling_until,omitempty"`
	Calls        uint64               `json:"calls"`
	SuccessRate  *float64             `json:"success_rate,omitempty"` // nil: nothing was asked of it lately
	P50          int64                `json:"p50_ms"`
	P95          int64                `json:"p95_ms"`
	InFlight     int                  `json:"in_flight"`
	MaxInFlight  int                  `json:"max_in_flight,omitzero"`
	Price        *price               `json:"price,omitempty"`
}

type bounds[T any] struct {
	Min T `json:"min"`
	Max T `json:"max"`
}

func newProvider(p ProviderStatus) provider {
	out := provider{Name: p.Info.Name, Kind: p.Info.Kind, Channels: []providerChannel{}}
	if p.Info.USSD != "" {
		out.USSD = &ussd{p.Info.USSD}
	}
	for _, reading := range p.Readings {
		if coverage, ok := p.Info.On(reading.Channel); ok {
			out.Channels = append(out.Channels, newProviderChannel(coverage, reading))
		}
	}
	return out
}

func newProviderChannel(c providers.Coverage, r routing.Reading) providerChannel {
	out := providerChannel{
		Channel: c.Channel, Countries: append([]string{}, c.Countries...),
		Alphabets: append([]providers.Alphabet{}, c.Alphabets...),
		Breaker:   r.State, OpenUntil: timestampOf(r.OpensUntil), CoolingUntil: timestampOf(r.CoolingUntil),
		Calls: r.Calls, P50: milliseconds(r.P50), P95: milliseconds(r.P95), InFlight: r.InFlight, MaxInFlight: r.MaxInFlight,
	}
	if !c.Length.Zero() {
		out.Length = &bounds[int]{c.Length.Min, c.Length.Max}
	}
	if !c.Expiry.Zero() {
		out.Expiry = &bounds[string]{otp.FormatDuration(c.Expiry.Min), otp.FormatDuration(c.Expiry.Max)}
	}
	if r.Calls > 0 {
		out.SuccessRate = &r.SuccessRate
	}
	if r.Priced {
		out.Price = &price{r.Price.Amount, r.Price.Currency}
	}
	return out
}

func milliseconds(d time.Duration) int64 { return d.Round(time.Millisecond).Milliseconds() }

func (r *call) providers() (otp.Answer, error) {
	if _, err := r.query(); err != nil {
		return otp.Answer{}, err
	}
	list := providerList{Items: []provider{}}
	for _, p := range r.snapshot.Providers.Providers() {
		list.Items = append(list.Items, newProvider(p))
	}
	return answer(http.StatusOK, list), nil
}
