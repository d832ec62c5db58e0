package main

import "testing"

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		row  row
		want string
	}{
		"enough":                    {row{Rounds: []float64{0.6}, Goal: atLeast(0.6)}, "yes"},
		"too little":                {row{Rounds: []float64{0.59}, Goal: atLeast(0.6)}, "**no**"},
		"little enough":             {row{Rounds: []float64{40}, Goal: atMost(40)}, "yes"},
		"too much":                  {row{Rounds: []float64{40.1}, Goal: atMost(40)}, "**no**"},
		"the median decides":        {row{Rounds: []float64{0.1, 0.7, 0.8}, Goal: atLeast(0.6)}, "yes"},
		"no goal":                   {row{Rounds: []float64{1}}, "—"},
		"spoilt, although enough":   {row{Rounds: []float64{1}, Goal: atLeast(0.6), Flaw: "cut short"}, "**no**: cut short"},
		"left out":                  {row{Goal: atLeast(0.6), Missing: "no Redis"}, "—"},
		"zero is no more than zero": {row{Rounds: []float64{0}, Goal: atMost(0)}, "yes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.row.verdict(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestMeasuredShowsTheSpread(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]row{
		"0.61 × (0.58–0.65)":  {Unit: times, Rounds: []float64{0.65, 0.58, 0.61}},
		"1300 ms (9.50–2000)": {Unit: millis, Rounds: []float64{2000, 9.5, 1300}},
		"43.8 MB":             {Unit: megabyte, Rounds: []float64{43.77}},
		"36 KB (35–36)":       {Unit: kilobyte, Rounds: []float64{35.1, 36.2, 36.4}},
		"0":                   {Rounds: []float64{0}},
		"—":                   {Unit: times, Missing: "no Redis"},
	} {
		if got := r.measured(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestThousands(t *testing.T) {
	t.Parallel()
	for value, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 36304.4: "36,304", 1e6: "1,000,000"} {
		if got := thousands(value); got != want {
			t.Errorf("%v is written %q, want %q", value, got, want)
		}
	}
}
