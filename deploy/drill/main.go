// Command drill breaks what a gateway depends on, in ways that take too long for a test, and says whether the gateway
// kept its word. The gateway is `otpgate serve` in a process of its own; upstreams, people and load live in this one.
// Everything is on loopback, and every drill is bounded in time.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type commands struct {
	Run    runCommand    `cmd:"" default:"withargs" help:"Hold the drills."`
	Inside insideCommand `cmd:"" hidden:"" help:"Serve a gateway that is steered by standard input."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parsed := kong.Parse(&commands{}, kong.Name("drill"))
	if err := parsed.Run(&world{ctx}); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "drill:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to be undone
	}
}

// world is what the commands run in.
type world struct{ ctx context.Context }
