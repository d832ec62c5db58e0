package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"

	"github.com/goccy/go-json/jsontext"
	"github.com/goccy/go-json/v2"
)

// baseline is what an earlier run measured.
type baseline struct {
	Form    string             `json:"form"`
	Commit  string             `json:"commit"`
	Date    string             `json:"date"`
	Machine machine            `json:"machine"`
	Figures map[string]float64 `json:"figures"` // medians, by key
}

// readBaseline returns nil when there is no such file, or none is named.
func readBaseline(name string) (*baseline, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b := new(baseline)
	if err := json.Unmarshal(text, b); err != nil {
		return nil, fmt.Errorf("%s is not a baseline: %w", name, err)
	}
	return b, nil
}

func (b *baseline) write(name string) error {
	text, err := json.Marshal(b, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

// baseline is what a later run may be compared with.
func (r *report) baseline() *baseline {
	b := &baseline{Form: r.form, Commit: r.commit, Date: r.day(), Machine: r.machine, Figures: map[string]float64{}}
	for _, one := range r.rows {
		if one.Missing == "" && one.Flaw == "" && !one.Noisy {
			b.Figures[one.Key] = rounded(one.value())
		}
	}
	for _, one := range r.costs {
		b.Figures[one.key()] = rounded(median(one.Objects))
	}
	return b
}

func rounded(value float64) float64 { return math.Round(value*1e4) / 1e4 }

// regression is the change for the worse that nobody should overlook.
const regression = 0.10

// change tells how far a figure has moved from the baseline, and says so loudly when that is a regression.
func (b *baseline) change(key string, value float64, lessIsBetter bool) string {
	if b == nil {
		return "—"
	}
	was, known := b.Figures[key]
	if !known || was == 0 {
		return "—"
	}
	moved := value/was - 1
	percent := math.Round(100 * moved)
	text := fmt.Sprintf("%+.0f %%", percent)
	if percent == 0 {
		text = "none"
	}
	if lessIsBetter && moved > regression || !lessIsBetter && moved < -regression {
		return "**" + text + ", WORSE**"
	}
	return text
}

// comparable tells in a sentence what the changes mean; it warns where the runs are not alike.
func (b *baseline) comparable(r *report) string {
	if b == nil {
		return "There is no baseline to compare with."
	}
	text := fmt.Sprintf("Changes are against %s of %s; WORSE is more than 10 %% in the wrong direction.", b.Commit, b.Date)
	if b.Form != r.form {
		text += fmt.Sprintf(" **That was the %s form**, and the two differ by themselves.", b.Form)
	}
	if b.Machine.CPU != r.machine.CPU || b.Machine.Cores != r.machine.Cores {
		text += fmt.Sprintf(" **That was another machine**: %s.", b.Machine)
	}
	if b.Machine.busy() {
		text += fmt.Sprintf(" **The machine was busy then**: load %.1f.", b.Machine.Load)
	}
	return text
}
