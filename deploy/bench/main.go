// Command bench measures the gateway beside two yardsticks on the same machine in the same minutes, and prints ratios:
//
//   - bare pass-through: a handler that posts the body to the same upstream with one shared client and returns the answer;
//   - bare echo: a handler that returns the body.
//
// The load comes from wrk. Every server runs in a process of its own, on loopback.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/alecthomas/kong"
)

type commands struct {
	Run         runCommand         `cmd:"" default:"withargs" help:"Measure, and print a table."`
	Upstream    upstreamCommand    `cmd:"" help:"Serve an upstream that answers like Hubtel, at once."`
	Passthrough passthroughCommand `cmd:"" help:"Serve the yardstick of sends."`
	Echo        echoCommand        `cmd:"" help:"Serve the yardstick of checks."`
	Gateway     gatewayCommand     `cmd:"" help:"Serve a gateway with everything on."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	parsed := kong.Parse(&commands{}, kong.Name("bench"))
	if err := parsed.Run(&world{ctx}); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to be undone
	}
}

// world is what the commands run in.
type world struct{ ctx context.Context }

type runCommand struct {
	Rounds  int           `default:"3" help:"How often each pair is measured."`
	Time    time.Duration `default:"5s" help:"Length of one measurement."`
	Clients int           `default:"64" help:"Connections of the load."`
	CPU     string        `help:"File for a CPU profile of the gateway."`
}

// Run measures every pair in turn and prints the table.
func (c runCommand) Run(w *world) error {
	b, err := newBench(w.ctx, c)
	if err != nil {
		return err
	}
	defer b.close()
	var rows []row
	for _, measure := range []func() (row, error){b.sends, b.checks} {
		r, err := measure()
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	printTable(os.Stdout, c, rows)
	return nil
}
