package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestARegressionOfMoreThanATenthIsLoud(t *testing.T) {
	t.Parallel()
	before := &baseline{Figures: map[string]float64{"ratio": 0.5, "memory": 40, "none": 0}}
	for name, c := range map[string]struct {
		key          string
		value        float64
		lessIsBetter bool
		want         string
	}{
		"a ratio that fell":               {"ratio", 0.44, false, "**-12 %, WORSE**"},
		"a ratio that fell a little":      {"ratio", 0.46, false, "-8 %"},
		"a ratio that rose":               {"ratio", 0.75, false, "+50 %"},
		"memory that rose":                {"memory", 50, true, "**+25 %, WORSE**"},
		"memory that rose a little":       {"memory", 43.2, true, "+8 %"},
		"a ratio that stayed":             {"ratio", 0.499, false, "none"},
		"memory that fell":                {"memory", 20, true, "-50 %"},
		"what the baseline does not know": {"start", 20, true, "—"},
		"what was nothing":                {"none", 20, true, "—"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := before.change(c.key, c.value, c.lessIsBetter); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestWithoutABaselineNothingHasChanged(t *testing.T) {
	t.Parallel()
	var none *baseline
	if got := none.change("ratio", 1, false); got != "—" {
		t.Errorf("got %q", got)
	}
}

func someReport() *report {
	return &report{
		form: "short", commit: "v1", began: time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC), took: 140 * time.Second,
		rounds: 3, time: 3 * time.Second, clients: 64, machine: machine{CPU: "Abacus", Cores: 2, Load: 0.2},
		rows: []row{
			{Key: "send", What: "send", Unit: times, Rounds: []float64{0.61, 0.62, 0.60001}, Goal: atLeast(0.6)},
			{Key: "p99", What: "p99", Unit: millis, Rounds: []float64{2}, Goal: atMost(3), Noisy: true},
			{Key: "redis", What: "redis", Goal: atLeast(0.4), Missing: "left out: there is none"},
			{Key: "flight", What: "flight", Rounds: []float64{1}, Flaw: "too few"},
		},
		costs: []cost{{
			Key: "send", What: "send", CPU: []float64{100}, Objects: []float64{200}, Bytes: []float64{1}, Resident: []float64{1},
		}},
	}
}

func TestABaselineHoldsWhatCanBeCompared(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "baseline.json")
	if err := someReport().baseline().write(file); err != nil {
		t.Fatal(err)
	}
	got, err := readBaseline(file)
	if err != nil {
		t.Fatal(err)
	}
	want := &baseline{
		Form: "short", Commit: "v1", Date: "2026-11-22", Machine: machine{CPU: "Abacus", Cores: 2, Load: 0.2},
		Figures: map[string]float64{"send": 0.61, "send, allocations": 200},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestABaselineThatIsNotThereIsNone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", filepath.Join(t.TempDir(), "none.json")} {
		if got, err := readBaseline(name); got != nil || err != nil {
			t.Errorf("%q: got %v, %v", name, got, err)
		}
	}
}

func TestRunsThatAreNotAlikeAreComparedWithAWarning(t *testing.T) {
	t.Parallel()
	now := someReport()
	for name, c := range map[string]struct {
		change func(*baseline)
		warns  string
	}{
		"another form":    {func(b *baseline) { b.Form = "full" }, "**That was the full form**"},
		"another machine": {func(b *baseline) { b.Machine.Cores = 64 }, "**That was another machine**"},
		"a busy machine":  {func(b *baseline) { b.Machine.Load = 3 }, "**The machine was busy then**"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := now.baseline()
			if text := before.comparable(now); strings.Contains(text, "**") {
				t.Errorf("alike, and yet: %s", text)
			}
			c.change(before)
			if text := before.comparable(now); !strings.Contains(text, c.warns) {
				t.Errorf("%q lacks %q", text, c.warns)
			}
		})
	}
}
