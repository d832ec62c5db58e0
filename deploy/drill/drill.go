package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// drill is one way to break things.
type drill struct {
	name string
	what string        // is done, in a line
	most time.Duration // that it may take; then it is broken off, and has failed
	run  func(*stage) error
}

// drills lists all, in the order in which they are held.
func drills() []drill {
	return []drill{
		{"provider-dies", "one of two providers stops answering under load, and comes back", 3 * time.Minute, providerDies},
		{"all-die", "every provider fails, in one way after the other", 3 * time.Minute, allDie},
		{"reload-storm", "1,000 reloads of a gateway under load", 5 * time.Minute, reloadStorm},
		{"reload-leaks", "1,000 reloads, and what they leave behind in the process", 5 * time.Minute, reloadLeaks},
		{"kill", "three times kill -9 under load", 4 * time.Minute, kill},
		{"kill-redis", "kill -9 under load: of a gateway, of its Redis, of both", 4 * time.Minute, killRedis},
		{"redis-cut", "Redis stands still, or is killed, for 10s under load on two gateways", 4 * time.Minute, redisCut},
		{"two-gateways", "two gateways on one Redis under load; one is killed", 4 * time.Minute, twoGateways},
		{"disk-full", "the disk of the database fills up under load", 3 * time.Minute, diskFull},
		{"parallel-guesses", "100 guesses at one code at the same time, 1,000 times", 6 * time.Minute, parallelGuesses},
		{"chaos", "all hosted kinds, each call failing with a chance of 0.3", 4 * time.Minute, upstreamChaos},
		{"overload", "as many requests as the gateway takes, and more", 4 * time.Minute, overload},
		{"slow-clients", "500 connections on which requests drip in", 2 * time.Minute, slowClients},
	}
}

type runCommand struct {
	List    bool     `help:"List the drills."`
	Only    []string `help:"Hold these drills only." placeholder:"NAME"`
	Otpgate string   `default:"bin/otpgate" help:"The program under drill."`
	Seed    uint64   `default:"1" help:"Of what is left to chance."`
}

// Run holds the drills and fails when one of them did.
func (c runCommand) Run(w *world) error {
	chosen, err := c.choose()
	if err != nil {
		return err
	}
	if c.List {
		for _, d := range chosen {
			fmt.Printf("%-18s%s\n", d.name, d.what)
		}
		return nil
	}
	if c.Otpgate, err = filepath.Abs(c.Otpgate); err != nil {
		return err
	}
	if _, err := os.Stat(c.Otpgate); err != nil {
		return fmt.Errorf("the program under drill is missing; make build makes it: %w", err)
	}
	var failed []string
	for _, d := range chosen {
		if w.ctx.Err() == nil && !d.hold(w.ctx, c) {
			failed = append(failed, d.name)
		}
	}
	if w.ctx.Err() != nil {
		return errors.New("broken off")
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d failed: %s", len(failed), len(chosen), strings.Join(failed, ", "))
	}
	return nil
}

func (c runCommand) choose() ([]drill, error) {
	if len(c.Only) == 0 {
		return drills(), nil
	}
	var chosen []drill
	for _, name := range c.Only {
		all := drills()
		at := slices.IndexFunc(all, func(d drill) bool { return d.name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no drill %q; --list shows them", name)
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}
