package httpapi

import (
	"net/http"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// Plan is the answer of /v1/otp/plan: what a send would do now. Whoever reads or prints such answers elsewhere does it
// by this type.
type Plan struct {
	To        string            `json:"to"`
	Country   string            `json:"country,omitempty"`
	Channel   providers.Channel `json:"channel"`
	ExpiresIn string            `json:"expires_in"`
	Steps     []PlanStep        `json:"steps"`
	Limits    []PlanLimit       `json:"limits"`
}

// PlanStep is a delivery that a send may come to: the first one, or one of the fallback.
type PlanStep struct {
	Channel    providers.Channel `json:"channel"`
	To         string            `json:"to"`
	After      string            `json:"after"`          // since the send
	Rule       string            `json:"rule,omitempty"` // empty: none matches, and nobody is asked
	Line       int               `json:"line,omitzero"`  // of the rule in the configuration file
	Strategy   routing.Strategy  `json:"strategy,omitempty"`
	Deadline   string            `json:"deadline,omitempty"` // of all tries together
	Candidates []PlanCandidate   `json:"candidates"`
	Excluded   []PlanExclusion   `json:"excluded"`
	Dropped    bool              `json:"dropped"`
}

// PlanCandidate is a provider that would be asked.
type PlanCandidate struct {
	Place        int            `json:"place"` // from 1
	Provider     string         `json:"provider"`
	Reason       routing.Reason `json:"reason"`
	Why          string         `json:"why"`
	Breaker      routing.State  `json:"breaker"`
	Limited      bool           `json:"limited"`
	CoolingUntil string         `json:"cooling_until,omitempty"`
	Price        *price         `json:"price,omitempty"`
	Code         planCode       `json:"code"`
	Message      *planMessage   `json:"message,omitempty"`
	USSD         *ussd          `json:"ussd,omitempty"`
}

// planCode is what of the wish is passed on; what is left out is the provider's own choice.
type planCode struct {
	Length   int                `json:"length,omitzero"`
	Alphabet providers.Alphabet `json:"alphabet,omitempty"`
}

// planMessage is how a text that is written here travels by SMS.
type planMessage struct {
	Segments int    `json:"segments"`
	Encoding string `json:"encoding"`
}

// PlanExclusion is a provider of the rule that would not be asked.
type PlanExclusion struct {
	Provider string         `json:"provider"`
	Reason   routing.Reason `json:"reason"`
	Why      string         `json:"why"`
	Until    string         `json:"until,omitempty"`
}

// PlanLimit is a limit that the send would be counted in, as it stands before.
type PlanLimit struct {
	Name      string `json:"name"`
	Limit     string `json:"limit"`
	Used      int    `json:"used"`
	Remaining int    `json:"remaining"`
	ResetsAt  string `json:"resets_at,omitempty"`
}

type price struct {
	Amount   float64 `json:"amount"`
	Currency string  `json:"currency"`
}

// NewPlan writes a preview as the API does.
func NewPlan(p otp.Preview) Plan {
	out := Plan{
		To: p.To.Address(), Country: p.To.Country(), Channel: p.Channel, ExpiresIn: otp.FormatDuration(p.Expiry),
		Steps: make([]PlanStep, len(p.Steps)), Limits: make([]PlanLimit, len(p.Limits)),
	}
	for i, s := range p.Steps {
		out.Steps[i] = newPlanStep(s)
	}
	for i, l := range p.Limits {
		out.Limits[i] = newPlanLimit(l)
	}
	return out
}

func newPlanLimit(l otp.Level) PlanLimit {
	return PlanLimit{l.Name, l.Limit.String(), l.Used, l.Remaining(), timestampOf(l.ResetsAt)}
}

func newPlanStep(s otp.PreviewStep) PlanStep {
	p := s.Plan
	out := PlanStep{
		Channel: s.Channel, To: s.To.Address(), After: otp.FormatDuration(s.After), Dropped: s.Dropped,
		Candidates: make([]PlanCandidate, len(p.Places)), Excluded: make([]PlanExclusion, len(p.Excluded)),
	}
	if p.Matched {
		out.Rule, out.Line, out.Strategy, out.Deadline = p.Rule, p.Line, p.Strategy, otp.FormatDuration(p.Deadline)
	}
	for i := range p.Places {
		out.Candidates[i] = newPlanCandidate(&p.Places[i])
		if size, ok := s.Sizes[p.Places[i].Provider]; ok {
			out.Candidates[i].Message = &planMessage{size.Segments, size.Encoding}
		}
	}
	for i, x := range p.Excluded {
		out.Excluded[i] = PlanExclusion{x.Provider, x.Reason, x.Why, timestampOf(x.Until)}
	}
	return out
}

func newPlanCandidate(p *routing.Place) PlanCandidate {
	out := PlanCandidate{
		Place: p.Number, Provider: p.Provider, Reason: p.Reason, Why: p.Why(), Breaker: p.State, Limited: p.Limited,
		CoolingUntil: timestampOf(p.CoolTo), Code: planCode{p.Wish.Length, p.Wish.Alphabet},
	}
	if p.Priced {
		out.Price = &price{p.Price.Amount, p.Price.Currency}
	}
	if p.USSD != "" {
		out.USSD = &ussd{p.USSD}
	}
	return out
}

// timestampOf is the timestamp of t; empty where there is none.
func timestampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return timestamp(t)
}

func (r *call) plan() (otp.Answer, error) {
	body, err := decode[sendRequest](r)
	if err != nil {
		return otp.Answer{}, err
	}
	preview, err := r.snapshot.OTP.Plan(r.ctx, r.caller.App, body.input())
	if err != nil {
		return otp.Answer{}, err
	}
	return answer(http.StatusOK, NewPlan(preview)), nil
}
