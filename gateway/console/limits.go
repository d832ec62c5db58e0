package console

import (
	"net/http"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

type limitsQuestion struct {
	App string `json:"app"`
	To  string `json:"to"`
}

type limitsView struct {
	Levels []levelView `json:"levels"`
}

// levelView is how far a limit is used up.
type levelView struct {
	Name      string    `json:"name"`
	Limit     string    `json:"limit"` // as the configuration has it: "5/10m"
	Max       int       `json:"max"`
	Window    string    `json:"window"`
	Used      int       `json:"used"`
	Remaining int       `json:"remaining"`
	ResetsAt  time.Time `json:"resets_at,omitzero"`
}

func newLevels(levels []otp.Level) []levelView {
	views := make([]levelView, len(levels))
	for i, l := range levels {
		views[i] = levelView{
			Name: l.Name, Limit: l.Limit.String(), Max: l.Limit.Max, Window: otp.FormatDuration(l.Limit.Window), Used: l.Used,
			Remaining: l.Remaining(), ResetsAt: l.ResetsAt,
		}
	}
	return views
}

func (c *Console) limits(r *http.Request) (any, error) {
	in, err := read[limitsQuestion](r)
	if err != nil {
		return nil, err
	}
	levels, err := c.Gateway.Levels(r.Context(), in.App, in.To)
	if err != nil {
		return nil, err
	}
	return limitsView{newLevels(levels)}, nil
}
