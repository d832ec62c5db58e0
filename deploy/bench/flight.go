package main

import (
	"fmt"
	"strconv"
	"time"
)

// How many sends are in flight at once, and how long the upstream takes for each.
const (
	inFlight    = 5_000
	slowLatency = time.Second
)

// flight has many sends wait for a slow upstream at the same time. The first ones come spread over as long as an answer
// takes, and so do those that follow them.
func (b *bench) flight() (findings, error) {
	rows := []row{
		{Key: "flight refused", What: "5,000 sends in flight, upstream of 1 s: refused", Goal: atMost(0)},
		{Key: "flight memory", What: "the same, memory for each", Unit: kilobyte, Goal: atMost(40)},
		{Key: "flight p99", What: "the same, p99", Unit: millis, Goal: atMost(1300), Noisy: true},
	}
	refused := 0
	var most []float64
	for round := range b.Rounds {
		got, at, err := b.fly()
		if err != nil {
			return findings{}, err
		}
		refused += got.lost()
		rows[1].Rounds = append(rows[1].Rounds, got.risen/1000/inFlight)
		rows[2].Rounds = append(rows[2].Rounds, got.P99/1000)
		most = append(most, at)
		b.progress("round %d: %d not answered as they should", round+1, got.lost())
	}
	rows[0].Rounds = []float64{float64(refused)} // of all rounds: one is too many
	for i := range rows {
		rows[i].Beside = thousands(median(most)) + " at once at the upstream"
		if median(most) < 0.99*inFlight {
			rows[i].Flaw = "too few were in flight"
		}
	}
	return findings{rows: rows}, nil
}

// fly measures one gateway that has served nobody before, and tells how many requests its upstream had at once.
func (b *bench) fly() (got sample, most float64, err error) {
	upstream, err := b.serveSelf("upstream", "--latency="+slowLatency.String())
	if err != nil {
		return got, 0, err
	}
	defer upstream.end()
	t, err := b.target(onSQLite, upstream, seedCommand{})
	if err != nil {
		return got, 0, err
	}
	defer t.end()
	if t.missing != "" {
		return got, 0, fmt.Errorf("no gateway: %s", t.missing)
	}
	l := b.sending(t.server, max(5*time.Second, b.Time))
	l.clients = inFlight
	spread := strconv.FormatInt(slowLatency.Milliseconds(), 10)
	l.args = append(l.args, spread, strconv.Itoa(inFlight/2)) // wrk has two threads
	if got, err = b.bearAll(t.server, l); err != nil {
		return got, 0, err
	}
	text, err := fetch(upstream.url("/most"))
	if err != nil {
		return got, 0, err
	}
	most, err = strconv.ParseFloat(string(text), 64)
	return got, most, err
}
