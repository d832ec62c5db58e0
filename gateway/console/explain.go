package console

import (
	"net/http"
	"strconv"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// explainQuestion is a send that nobody makes, as the form has it.
type explainQuestion struct {
	App       string `json:"app"`
	To        string `json:"to"`
	Channel   string `json:"channel"`
	Country   string `json:"country"`
	Purpose   string `json:"purpose"`
	Template  string `json:"template"`
	Locale    string `json:"locale"`
	Sender    string `json:"sender"`
	Length    string `json:"length"`
	Alphabet  string `json:"alphabet"`
	ExpiresIn string `json:"expires_in"`
}

func (q explainQuestion) input() (otp.SendInput, error) {
	in := otp.SendInput{
		To: q.To, Channel: q.Channel, Country: q.Country, Purpose: q.Purpose, Template: q.Template, Locale: q.Locale,
		Sender: q.Sender, Alphabet: q.Alphabet, ExpiresIn: q.ExpiresIn,
	}
	if q.Length != "" {
		length, err := strconv.Atoi(q.Length)
		if err != nil {
			return in, mistake("length", "a code has 4 to 10 characters; write a number")
		}
		in.Length = &length
	}
	return in, nil
}

// planView is what a send would do now.
type planView struct {
	To        providers.Recipient `json:"to"`
	Country   string              `json:"country"`
	Channel   providers.Channel   `json:"channel"`
	ExpiresIn string              `json:"expires_in"`
	Steps     []stepView          `json:"steps"`
	Limits    []levelView         `json:"limits"`
}

type stepView struct {
	Channel    providers.Channel   `json:"channel"`
	To         providers.Recipient `json:"to"`
	After      string              `json:"after"` // since the send
	Dropped    bool                `json:"dropped"`
	Matched    bool                `json:"matched"` // a rule says whom to ask
	Rule       string              `json:"rule"`
	Line       int                 `json:"line"`
	Strategy   routing.Strategy    `json:"strategy"`
	Deadline   string              `json:"deadline"`
	Candidates []candidateView     `json:"candidates"`
	Excluded   []excludedView      `json:"excluded"`
}

type candidateView struct {
	Place    int           `json:"place"`
	Provider string        `json:"provider"`
	Why      string        `json:"why"`
	Breaker  routing.State `json:"breaker"`
	Limited  bool          `json:"limited"`
	Cooling  time.Time     `json:"cooling_until,omitzero"`
	Price    *priceView    `json:"price"`
	Length   int           `json:"length"` // of the code; 0: the provider's own choice
	Alphabet string        `json:"alphabet"`
	Segments int           `json:"segments"` // of the text by SMS; 0: it is the provider's own
}

type excludedView struct {
	Provider string    `json:"provider"`
	Why      string    `json:"why"`
	Until    time.Time `json:"until,omitzero"`
}

func (c *Console) explain(r *http.Request) (any, error) {
	question, err := read[explainQuestion](r)
	if err != nil {
		return nil, err
	}
	in, err := question.input()
	if err != nil {
		return nil, err
	}
	preview, err := c.Gateway.Plan(r.Context(), question.App, in)
	if err != nil {
		return nil, err
	}
	view := planView{
		To: preview.To, Country: preview.To.Country(), Channel: preview.Channel,
		ExpiresIn: otp.FormatDuration(preview.Expiry), Limits: newLevels(preview.Limits),
	}
	for _, step := range preview.Steps {
		view.Steps = append(view.Steps, newStep(step))
	}
	return view, nil
}

func newStep(s otp.PreviewStep) stepView {
	p := s.Plan
	view := stepView{
		Channel: s.Channel, To: s.To, After: otp.FormatDuration(s.After), Dropped: s.Dropped, Matched: p.Matched,
		Rule: p.Rule, Line: p.Line, Strategy: p.Strategy, Deadline: otp.FormatDuration(p.Deadline),
	}
	for i := range p.Places {
		view.Candidates = append(view.Candidates, newCandidate(&p.Places[i], s.Sizes))
	}
	for _, x := range p.Excluded {
		view.Excluded = append(view.Excluded, excludedView{x.Provider, x.Why, x.Until})
	}
	return view
}

func newCandidate(p *routing.Place, sizes map[string]otp.Size) candidateView {
	view := candidateView{
		Place: p.Number, Provider: p.Provider, Why: p.Why(), Breaker: p.State, Limited: p.Limited, Cooling: p.CoolTo,
		Length: p.Wish.Length, Alphabet: string(p.Wish.Alphabet), Segments: sizes[p.Provider].Segments,
	}
	if p.Priced {
		view.Price = &priceView{p.Price.Amount, p.Price.Currency}
	}
	return view
}
