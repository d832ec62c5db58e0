package main

import (
	"cmp"
	"fmt"
)

// fewLive is how many live verifications a store has that counts as empty.
const fewLive = 1_000

// million compares a gateway whose store holds very many live verifications with one whose store holds few. Each holds
// those besides that are guessed at, and those that the sends bring.
func (b *bench) million() (findings, error) {
	var all findings
	for _, store := range []string{onSQLite, onRedis} {
		found, err := b.crowded(store)
		if err != nil {
			return findings{}, err
		}
		all.rows = append(all.rows, found...)
	}
	return all, nil
}

func (b *bench) crowded(store string) ([]row, error) {
	var pair []*target
	defer func() { endAll(pair) }()
	for _, live := range []int{fewLive, b.Live} {
		t, err := b.target(store, b.upstream, b.guessed(live))
		if err != nil {
			return nil, err
		}
		pair = append(pair, t)
		if t.missing == "" {
			t.name += ", " + thousands(float64(live)) + " live"
		}
	}
	rows := []row{b.crowdedRow("send", store), b.crowdedRow("verify", store)}
	if missing := cmp.Or(pair[0].missing, pair[1].missing); missing != "" {
		for i := range rows {
			rows[i].Missing = missing
		}
		return rows, nil
	}
	if err := b.warm(present(pair)); err != nil {
		return nil, err
	}
	for i, load := range []func(s *server, round int) closed{
		func(s *server, _ int) closed { return b.sending(s, b.Time) },
		func(s *server, round int) closed { return b.checking(pair, s, round) },
	} {
		measured, err := b.alternate(present(pair), load)
		if err != nil {
			return nil, err
		}
		few, many := measured[pair[0].server], measured[pair[1].server]
		rows[i].Rounds, rows[i].Flaw = ratios(many, few), cmp.Or(many.flaw(), few.flaw())
		rows[i].Beside = fmt.Sprintf("%s and %s/s", thousands(median(many.rates())), thousands(median(few.rates())))
	}
	return rows, nil
}

func (b *bench) crowdedRow(verb, store string) row {
	return row{
		Key: fmt.Sprintf("%s %s, crowded", verb, store),
		What: fmt.Sprintf("%s, %s, %s live verifications as against %s",
			verb, store, thousands(float64(b.Live)), thousands(fewLive)),
		Unit: times, Goal: atLeast(0.9),
	}
}
