package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// runCommand is one run of all measurements. Zero numbers mean those of the form.
type runCommand struct {
	Full    bool          `help:"The full form: more rounds, longer ones, and what takes minutes to prepare."`
	Rounds  int           `help:"How often each row is measured; 3, or 5 in the full form."`
	Time    time.Duration `help:"Length of one measurement; 3s, or 6s in the full form."`
	Clients int           `default:"64" help:"Connections of the closed loop."`
	Guesses int           `default:"25000" help:"Most checks a second that there are guesses for."`
	Live    int           `default:"1000000" help:"Live verifications of a full store."`
	Only    []string      `help:"Groups of rows: sends, checks, latency (after sends), flight, million, start, binary."`
	CPU     string        `help:"File for a CPU profile of the gateway on sqlite."`

	Otpgate string `default:"bin/otpgate" help:"The program whose start and size are measured."`
	K6      string `name:"k6" default:".tools/k6" help:"The open-loop load generator."`
	Commit  string `default:"unknown" help:"What is measured, for the table."`
	Page    string `help:"Markdown file whose generated section is written anew."`
	Compare string `help:"Baseline that the figures are compared with."`
	Save    string `help:"File that the figures are kept in as a baseline."`
}

// form is how much is measured, and for how long at most.
type form struct {
	name   string
	rounds int
	time   time.Duration
	most   time.Duration
}

func (c runCommand) form() form {
	if c.Full {
		return form{"full", 5, 6 * time.Second, 40 * time.Minute}
	}
	return form{"short", 3, 3 * time.Second, 5 * time.Minute}
}

// group is rows that are measured together.
type group struct {
	name    string
	full    bool // in the full form only
	measure func(*bench) (findings, error)
}

// findings are what a group measured.
type findings struct {
	rows  []row
	costs []cost
}

func groups() []group {
	return []group{
		{"sends", false, (*bench).sends},
		{"checks", false, (*bench).checks},
		{"latency", false, (*bench).latency},
		{"flight", false, (*bench).flight},
		{"million", true, (*bench).million},
		{"start", false, (*bench).starts},
		{"binary", false, (*bench).binary},
	}
}

// chosen are the groups that this run measures.
func (c runCommand) chosen() ([]group, error) {
	var chosen []group
	for _, g := range groups() {
		if slices.Contains(c.Only, g.name) || len(c.Only) == 0 && (c.Full || !g.full) {
			chosen = append(chosen, g)
		}
	}
	if len(c.Only) > len(chosen) {
		return nil, fmt.Errorf("--only=%s names a group that does not exist, or one twice", strings.Join(c.Only, ","))
	}
	return chosen, nil
}

// Run measures, prints the table, and keeps it where it is asked to.
func (c runCommand) Run(w *world) error {
	f := c.form()
	if c.Rounds == 0 {
		c.Rounds = f.rounds
	}
	if c.Time == 0 {
		c.Time = f.time
	}
	if c.Rounds < 1 || c.Time < time.Second {
		return fmt.Errorf("%d rounds of %v are too few or too short: at least one of 1s", c.Rounds, c.Time)
	}
	chosen, err := c.chosen()
	if err != nil {
		return err
	}
	before, err := readBaseline(c.Compare)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(w.ctx, f.most, fmt.Errorf("it takes longer than %v", f.most))
	defer cancel()
	r := report{form: f.name, commit: c.Commit, began: time.Now(), rounds: c.Rounds, time: c.Time, clients: c.Clients}
	if r.machine, err = thisMachine(); err != nil {
		return err
	}
	failed := c.measure(ctx, chosen, &r)
	if ctx.Err() != nil {
		return fmt.Errorf("%w (%w)", context.Cause(ctx), failed)
	}
	r.took = time.Since(r.began)
	return errors.Join(failed, c.publish(os.Stdout, &r, before, failed == nil))
}

// measure goes on with the next group when one fails.
func (c runCommand) measure(ctx context.Context, chosen []group, r *report) error {
	b, err := newBench(ctx, c)
	if err != nil {
		return err
	}
	defer b.close()
	var failed []error
	for _, g := range chosen {
		_, _ = fmt.Fprintf(os.Stderr, "%s bench: %s\n", time.Now().Format(time.TimeOnly), g.name)
		found, err := g.measure(b)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", g.name, err))
			found = findings{rows: []row{{Key: g.name, What: g.name, Missing: "**failed**; the run told why"}}}
		}
		if ctx.Err() != nil {
			break
		}
		r.rows, r.costs = append(r.rows, found.rows...), append(r.costs, found.costs...)
	}
	return errors.Join(failed...)
}

// publish prints the report, and writes page and baseline where they are named. What is not whole is no baseline.
func (c runCommand) publish(out io.Writer, r *report, before *baseline, whole bool) error {
	text := r.text(before)
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	if c.Page != "" {
		if err := writeSection(c.Page, text); err != nil {
			return err
		}
	}
	if c.Save != "" && whole {
		return r.baseline().write(c.Save)
	}
	return nil
}
