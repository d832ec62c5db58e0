package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// What the gateway must reach, as a share of the yardstick's rate.
func sendGoal(store string) goal {
	if store == onRedis {
		return atLeast(0.40)
	}
	return atLeast(0.60)
}

func checkGoal(store string) goal {
	if store == onRedis {
		return atLeast(0.25)
	}
	return atLeast(0.35)
}

// noGoal is for what nothing was promised of.
func noGoal(string) goal { return goal{} }

// sends compares sends through a hosted provider, each with an idempotency key, with both pass-throughs.
func (b *bench) sends() (findings, error) {
	targets, err := b.targets(seedCommand{})
	if err != nil {
		return findings{}, err
	}
	defer endAll(targets)
	servers := append([]*server{b.passthrough, b.keeping}, present(targets)...)
	if err := b.warm(servers); err != nil {
		return findings{}, err
	}
	all, err := b.alternate(servers, func(s *server, _ int) closed { return b.sending(s, b.Time) })
	if err != nil {
		return findings{}, err
	}
	if sqlite := all[targets[0].server]; len(sqlite) > 0 {
		b.sendRate = median(sqlite.rates())
	}
	return b.sendFindings(targets, all), nil
}

// sendFindings has rows beside each pass-through.
func (b *bench) sendFindings(targets []*target, all map[*server]series) findings {
	const what = "send, hosted provider"
	literal := comparison{b.passthrough, "send", what, sendGoal}
	strict := comparison{b.keeping, "strict send", "send, beside the stricter yardstick", noGoal}
	return findings{
		rows:  append(literal.rows(targets, all), strict.rows(targets, all)...),
		costs: literal.costs(targets, all),
	}
}

// sending is a closed loop of sends.
func (b *bench) sending(s *server, d time.Duration) closed {
	status := "201"
	if s == b.passthrough || s == b.keeping {
		status = "200"
	}
	return closed{
		script: "send.lua", path: "/v1/otp/send", args: []string{status, b.nextName()}, clients: b.Clients, time: d,
	}
}

// checks compares in-house checks, as many wrong as right, with the bare echo.
func (b *bench) checks() (findings, error) {
	targets, err := b.targets(b.guessed(0))
	if err != nil {
		return findings{}, err
	}
	defer endAll(targets)
	if err := b.warm(present(targets)); err != nil {
		return findings{}, err
	}
	counter, err := b.counter(targets)
	defer counter.end()
	if err != nil {
		return findings{}, err
	}
	servers := append([]*server{b.echo}, present(append(targets, counter))...)
	all, err := b.alternate(servers, func(s *server, round int) closed { return b.checking(targets, s, round) })
	if err != nil {
		return findings{}, err
	}
	return b.checkFindings(targets, counter, all), nil
}

// counter is the handler that counts in the Redis of the gateway that has one.
func (b *bench) counter(targets []*target) (*target, error) {
	t := &target{store: onRedis}
	for _, of := range targets {
		if of.store != onRedis {
			continue
		}
		if t.missing = of.missing; t.missing != "" {
			return t, nil
		}
		s, err := b.serveSelf("count", of.redis.address)
		if err == nil {
			s.name, t.server = "bare count", s
		}
		return t, err
	}
	return t, errors.New("there is no gateway on Redis")
}

// checkFindings has a row of each gateway, and one of the handler that only counts.
func (b *bench) checkFindings(targets []*target, counter *target, all map[*server]series) findings {
	c := comparison{b.echo, "verify", "in-house verify, half of the codes wrong", checkGoal}
	least := comparison{b.echo, "count", "a handler that makes one script of each, and nothing else", noGoal}
	return findings{rows: append(c.rows(targets, all), least.rows([]*target{counter}, all)...), costs: c.costs(targets, all)}
}

// guessed asks for as many verifications as all rounds of checks can use up, and for live ones that nobody guesses at.
func (b *bench) guessed(live int) seedCommand {
	const guessesEach = 2
	return seedCommand{Live: live, Guessed: int(b.Time.Seconds()*float64(b.Guesses)) / guessesEach, Files: b.Rounds}
}

// checking is a closed loop of checks. A wrong guess that comes after the right one is answered 409. An echo takes any
// guesses, and again.
func (b *bench) checking(targets []*target, s *server, round int) closed {
	guesses, statuses, again := targets[0].guesses, "200", "again"
	for _, t := range targets {
		if t.server == s {
			guesses, statuses, again = t.guesses, "200,409,422", "once"
		}
	}
	return closed{
		script: "verify.lua", path: "/v1/otp/verify", args: []string{guesses + strconv.Itoa(round), statuses, again},
		clients: b.Clients, time: b.Time,
	}
}

// present are the gateways that there are.
func present(targets []*target) []*server {
	var all []*server
	for _, t := range targets {
		if t.missing == "" {
			all = append(all, t.server)
		}
	}
	return all
}

// comparison is of gateways with one yardstick.
type comparison struct {
	yardstick *server
	key, what string
	must      func(store string) goal
}

// rows has one of each gateway, as a share of the yardstick.
func (c comparison) rows(targets []*target, all map[*server]series) []row {
	var rows []row
	bare := all[c.yardstick]
	for _, t := range targets {
		r := row{
			Key: c.key + " " + t.store, What: c.what + ", " + t.store, Unit: times, Goal: c.must(t.store), Missing: t.missing,
		}
		if t.missing == "" {
			of := all[t.server]
			r.Rounds, r.Flaw = ratios(of, bare), of.flaw()
			rate, bareRate := thousands(median(of.rates())), thousands(median(bare.rates()))
			r.Beside = fmt.Sprintf("%s of %s/s (%s)", rate, bareRate, c.yardstick.name)
		}
		rows = append(rows, r)
	}
	return rows
}

// costs are those of each gateway.
func (c comparison) costs(targets []*target, all map[*server]series) []cost {
	var costs []cost
	for _, t := range targets {
		if t.missing == "" {
			costs = append(costs, costOf(c.key+" "+t.store, c.what+", "+t.store, all[t.server]))
		}
	}
	return costs
}
