package main

import (
	"slices"
	"testing"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of   []float64
		want float64
	}{
		{[]float64{7}, 7},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
		{[]float64{100, 1, 2, 3, 2}, 2},
	} {
		if got := median(c.of); got != c.want {
			t.Errorf("the median of %v is %v, want %v", c.of, got, c.want)
		}
	}
	values := []float64{3, 1, 2}
	median(values)
	if !slices.Equal(values, []float64{3, 1, 2}) {
		t.Errorf("the rounds lost their order: %v", values)
	}
}

func TestRatiosAreOfTheSameRound(t *testing.T) {
	t.Parallel()
	at := func(rates ...float64) (s series) {
		for _, rate := range rates {
			s = append(s, sample{answered: answered{Requests: rate, Micros: 1e6}})
		}
		return s
	}
	// The machine was half as fast in the second round: the ratio does not show it.
	if got := ratios(at(60, 30, 80), at(100, 50, 100)); !slices.Equal(got, []float64{0.6, 0.6, 0.8}) {
		t.Errorf("got %v", got)
	}
}

func TestASeriesWhoseGuessesRanOutIsFlawed(t *testing.T) {
	t.Parallel()
	if flaw := (series{{}, {}}).flaw(); flaw != "" {
		t.Errorf("flawed: %s", flaw)
	}
	if flaw := (series{{}, {answered: answered{Spent: true}}}).flaw(); flaw == "" {
		t.Error("not flawed")
	}
}

func TestCostsAreOfOneRequest(t *testing.T) {
	t.Parallel()
	c := costOf("send", "send", series{{
		answered: answered{Requests: 1000, Micros: 1e6}, cpu: 0.25, objects: 400_000, bytes: 30e6, resident: 90e6,
	}})
	if want := "send | 250 µs | 400 | 30.0 KB | 90 MB"; c.line() != want {
		t.Errorf("got %q, want %q", c.line(), want)
	}
}
