package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
)

// latency compares what a client waits for a send with what it waits for the upstream itself, in an open loop at half
// of the rate that the gateway reached in the closed one.
func (b *bench) latency() (findings, error) {
	const what = "added latency at half of the throughput, p50"
	rows := []row{
		{Key: "added p50", What: what, Unit: millis, Goal: atMost(0.5), Noisy: true},
		{Key: "added p99", What: "the same, p99", Unit: millis, Goal: atMost(3), Noisy: true},
	}
	missing := func(why string) (findings, error) {
		for i := range rows {
			rows[i].Missing = why
		}
		return findings{rows: rows}, nil
	}
	if b.sendRate == 0 {
		return missing("left out: half of what throughput was not measured")
	}
	if _, err := os.Stat(b.K6); err != nil {
		return missing("left out: k6 is missing; `make .tools/k6` makes it")
	}
	t, err := b.target(onSQLite, b.upstream, seedCommand{})
	if err != nil {
		return findings{}, err
	}
	defer t.end()
	if t.missing != "" {
		return missing(t.missing)
	}
	if err := b.warm(present([]*target{t})); err != nil {
		return findings{}, err
	}
	return b.addedLatency(t.server, rows)
}

// addedLatency fills the rows for p50 and p99.
func (b *bench) addedLatency(gateway *server, rows []row) (findings, error) {
	rate := int(b.sendRate / 2)
	var p50s, p99s [2][]float64 // of the upstream, of the gateway
	dropped, made := 0, 0
	for range b.Rounds {
		for i, load := range []open{
			{url: b.upstream.url("/otp/send"), status: http.StatusOK, rate: rate, time: b.Time},
			{url: gateway.url("/v1/otp/send"), status: http.StatusCreated, rate: rate, time: b.Time},
		} {
			got, err := load.run(b)
			if err == nil && got.Lost > 0 {
				err = errors.New(load.url + " gave answers that do not count")
			}
			if err != nil {
				return findings{}, err
			}
			p50s[i], p99s[i] = append(p50s[i], got.P50), append(p99s[i], got.P99)
			dropped, made = dropped+got.Dropped, made+got.Requests
			b.progress("%d/s, %s: p50 %.2f ms, p99 %.2f ms", rate, load.url, got.P50, got.P99)
		}
	}
	for i, of := range [][2][]float64{p50s, p99s} {
		direct, with := of[0], of[1]
		rows[i].Rounds = differences(with, direct)
		rows[i].Beside = fmt.Sprintf("%.2f − %.2f ms at %s/s", median(with), median(direct), thousands(float64(rate)))
		if share := float64(dropped) / float64(made+dropped); share > 0.01 {
			rows[i].Flaw = fmt.Sprintf("k6 could not make %.0f %% of the requests in time", 100*share)
		}
	}
	return findings{rows: rows}, nil
}

// differences are those of the rounds.
func differences(of, from []float64) []float64 {
	all := make([]float64, len(of))
	for i := range of {
		all[i] = of[i] - from[i]
	}
	return all
}
