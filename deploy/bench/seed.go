package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
)

type seedCommand struct {
	Config  string `arg:"" help:"Configuration of the gateway whose store is filled; it must not run on sqlite."`
	Live    int    `help:"Verifications that nobody guesses at."`
	Guessed int    `help:"Verifications in each file of guesses."`
	Files   int    `help:"Number of files of guesses."`
	Guesses string `help:"What the names of these files begin with; the number of the file follows."`
}

// Run fills the store through its verbs, as sends through the in-house generator would have.
func (c seedCommand) Run(w *world) error {
	s, err := newSeeder(w.ctx, c.Config)
	if err != nil {
		return err
	}
	err = s.fill(c.Live, nil)
	for file := 0; file < c.Files && err == nil; file++ {
		guesses := make([]string, c.Guessed)
		if err = s.fill(c.Guessed, guesses); err == nil {
			err = writeLines(c.Guesses+strconv.Itoa(file), guesses)
		}
	}
	if err == nil {
		err = s.follow()
	}
	return errors.Join(err, s.store.Close())
}

func writeLines(name string, lines []string) error {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	for _, line := range lines {
		_, _ = fmt.Fprintln(out, line)
	}
	return errors.Join(out.Flush(), file.Close())
}
