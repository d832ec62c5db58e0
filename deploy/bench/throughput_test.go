package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGoalsAreThoseThatWerePromised(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		must          func(string) goal
		sqlite, redis goal
	}{
		"sends":                       {sendGoal, atLeast(0.60), atLeast(0.40)},
		"checks":                      {checkGoal, atLeast(0.35), atLeast(0.25)},
		"beside what nobody promised": {noGoal, goal{}, goal{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.must(onSQLite); got != c.sqlite {
				t.Errorf("sqlite must reach %v, want %v", got, c.sqlite)
			}
			if got := c.must(onRedis); got != c.redis {
				t.Errorf("Redis must reach %v, want %v", got, c.redis)
			}
		})
	}
}

func at(rate float64) series {
	return series{{answered: answered{Requests: rate, Micros: 1e6}, objects: 300 * rate}}
}

func TestSendsStandBesideBothPassThroughs(t *testing.T) {
	t.Parallel()
	bare, keeping := &server{name: "bare"}, &server{name: "keeping"}
	b := &bench{passthrough: bare, keeping: keeping}
	targets := []*target{{store: onSQLite, server: new(server)}, {store: onRedis, missing: "left out: there is none"}}
	got := b.sendFindings(targets, map[*server]series{
		bare: at(20_000), keeping: at(50_000), targets[0].server: at(10_000),
	})
	want := []row{
		{
			Key: "send sqlite", What: "send, hosted provider, sqlite", Unit: times, Rounds: []float64{0.5}, Goal: atLeast(0.60),
			Beside: "10,000 of 20,000/s (bare)",
		},
		{
			Key: "send Redis", What: "send, hosted provider, Redis", Unit: times, Goal: atLeast(0.40),
			Missing: "left out: there is none",
		},
		{
			Key: "strict send sqlite", What: "send, beside the stricter yardstick, sqlite", Unit: times, Rounds: []float64{0.2},
			Beside: "10,000 of 50,000/s (keeping)",
		},
		{
			Key: "strict send Redis", What: "send, beside the stricter yardstick, Redis", Unit: times,
			Missing: "left out: there is none",
		},
	}
	if diff := cmp.Diff(want, got.rows, cmp.AllowUnexported(goal{})); diff != "" {
		t.Error(diff)
	}
	if len(got.costs) != 1 || got.costs[0].key() != "send sqlite, allocations" {
		t.Errorf("a send costs %+v, want one cost, that of sqlite", got.costs)
	}
}

func TestBothPassThroughsAnswerAsTheUpstreamDoes(t *testing.T) {
	t.Parallel()
	bare, keeping := new(server), new(server)
	b := &bench{passthrough: bare, keeping: keeping}
	for s, want := range map[*server]string{bare: "200", keeping: "200", new(server): "201"} {
		if got := b.sending(s, 0).args[0]; got != want {
			t.Errorf("the status that counts is %s, want %s", got, want)
		}
	}
}
