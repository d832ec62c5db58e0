package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/goccy/go-json/v2"
)

// sample is what one server did under one load.
type sample struct {
	answered
	cpu      float64 // seconds that its process computed
	resident float64 // bytes of memory at the end
	risen    float64 // bytes by which the most that the process ever held is above what it held before the load
	objects  float64 // allocations; 0 where they are not counted
	bytes    float64
}

// bear has s bear the load. Answers that do not count are an error.
func (b *bench) bear(s *server, l closed) (sample, error) {
	got, err := b.bearAll(s, l)
	if err == nil && got.lost() > 0 {
		return got, fmt.Errorf("%s: %d of %.0f requests failed, %d of them with a status such as %d",
			s.name, got.lost(), got.Requests, got.Unexpected, got.Status)
	}
	return got, err
}

// bearAll is bear for loads of which some may fail.
func (b *bench) bearAll(s *server, l closed) (got sample, err error) {
	before, was, err := s.read()
	if err != nil {
		return got, err
	}
	if got.answered, err = l.run(b, s); err != nil {
		return got, fmt.Errorf("%s: %w", s.name, err)
	}
	after, is, err := s.read()
	if err != nil {
		return got, err
	}
	got.cpu = after.cpu - before.cpu
	got.resident, got.risen = after.resident, after.peak-before.resident
	got.objects, got.bytes = float64(is.Objects-was.Objects), float64(is.Bytes-was.Bytes)
	return got, nil
}

// read tells what the server has used so far.
func (s *server) read() (usage, allocations, error) {
	var a allocations
	u, err := usageOf(s.cmd.Process.Pid)
	if err != nil || s.inside == "" {
		return u, a, err
	}
	text, err := fetch("http://" + s.inside + "/allocations")
	if err != nil {
		return u, a, err
	}
	return u, a, json.Unmarshal(text, &a)
}

func fetch(url string) ([]byte, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return text, err
}

// series are the samples of one server, one from each round.
type series []sample

func (s series) rates() []float64 {
	return s.each(func(one sample) float64 { return one.rate() })
}

func (s series) each(value func(sample) float64) []float64 {
	all := make([]float64, len(s))
	for i, one := range s {
		all[i] = value(one)
	}
	return all
}

// flaw says what spoils the series; empty: nothing.
func (s series) flaw() string {
	if slices.ContainsFunc(s, func(one sample) bool { return one.Spent }) {
		return "the guesses ran out; raise --guesses"
	}
	return ""
}

// ratios are those of the rounds: what was measured in the same round is divided.
func ratios(of, by series) []float64 {
	all := make([]float64, min(len(of), len(by)))
	for i := range all {
		all[i] = of[i].rate() / by[i].rate()
	}
	return all
}

// median is the middle value, or the mean of the two in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[half-1] + sorted[half]) / 2
	}
	return sorted[half]
}

// alternate has every server bear its load once in each round, in turn, so that what slows the machine slows all.
func (b *bench) alternate(servers []*server, load func(s *server, round int) closed) (map[*server]series, error) {
	all := map[*server]series{}
	for round := range b.Rounds {
		for _, s := range servers {
			got, err := b.bear(s, load(s, round))
			if err != nil {
				return nil, err
			}
			all[s] = append(all[s], got)
			b.progress("round %d, %s: %.0f/s", round+1, s.name, got.rate())
		}
	}
	return all, nil
}
