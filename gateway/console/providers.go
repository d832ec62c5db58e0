package console

import (
	"net/http"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

type providersView struct {
	Now   time.Time  `json:"now"`
	Items []spotView `json:"items"`
}

// spotView is how one provider stands on one channel.
type spotView struct {
	Provider     string            `json:"provider"`
	Kind         string            `json:"kind"`
	Channel      providers.Channel `json:"channel"`
	Countries    []string          `json:"countries"` // none: everywhere
	Breaker      routing.State     `json:"breaker"`
	OpenUntil    time.Time         `json:"open_until,omitzero"`
	CoolingUntil time.Time         `json:"cooling_until,omitzero"`
	Calls        uint64            `json:"calls"`
	SuccessRate  *float64          `json:"success_rate"` // nil: nothing was asked of it lately
	P50          int64             `json:"p50_ms"`
	P95          int64             `json:"p95_ms"`
	InFlight     int               `json:"in_flight"`
	MaxInFlight  int               `json:"max_in_flight"` // 0: not bounded
	PerSecond    float64           `json:"per_second"`    // 0: not bounded
	Tokens       float64           `json:"tokens"`
	Price        *priceView        `json:"price"`
	Failure      *failureView      `json:"failure"`
}

type priceView struct {
	Amount   float64 `json:"amount"`
	Currency string  `json:"currency"`
}

type failureView struct {
	At    time.Time `json:"at"`
	Op    string    `json:"op"`
	Class string    `json:"class"`
	Code  string    `json:"code"`
}

func (c *Console) providers(*http.Request) (any, error) {
	view := providersView{Now: c.Now(), Items: []spotView{}}
	for _, p := range c.Gateway.Providers() {
		for _, reading := range p.Readings {
			view.Items = append(view.Items, newSpot(p, reading))
		}
	}
	return view, nil
}

func newSpot(p Provider, r routing.Reading) spotView {
	coverage, _ := p.Info.On(r.Channel)
	s := spotView{
		Provider: p.Info.Name, Kind: p.Info.Kind, Channel: r.Channel, Countries: coverage.Countries,
		Breaker: r.State, OpenUntil: r.OpensUntil, CoolingUntil: r.CoolingUntil, Calls: r.Calls,
		P50: r.P50.Milliseconds(), P95: r.P95.Milliseconds(), InFlight: r.InFlight, MaxInFlight: r.MaxInFlight,
		PerSecond: r.PerSecond, Tokens: r.Tokens,
	}
	if r.Calls > 0 {
		s.SuccessRate = &r.SuccessRate
	}
	if r.Priced {
		s.Price = &priceView{r.Price.Amount, r.Price.Currency}
	}
	if f, ok := p.Failures[r.Channel]; ok {
		s.Failure = &failureView{f.At, f.Op, f.Class, visible(f.Code)}
	}
	return s
}
