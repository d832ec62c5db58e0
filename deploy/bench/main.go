// Command bench measures the gateway beside yardsticks on the same machine in the same minutes, and prints ratios:
//
//   - bare pass-through: a handler that posts the body to the same upstream with one shared client and returns the
//     answer. The client is as net/http makes it, and so it keeps two connections to a host: most requests make a new
//     one. The goals of sends are shares of this;
//   - pass-through that keeps its connections: the same with a client that has one for each request that may come at
//     once, which is two to three times as fast. It is the stricter yardstick, and sends have no goal beside it;
//   - bare echo: a handler that returns the body;
//   - bare count: a handler that makes one script in Redis of each request, and returns the body. It has no goal: it tells
//     what of the echo is left when a guess is counted before it is answered, whatever a gateway does besides.
//
// The load comes from wrk (closed loop) and k6 (open loop). Every server runs in a process of its own, on loopback. It
// reads /proc, and so it needs Linux.
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
	Run         runCommand         `cmd:"" default:"withargs" help:"Measure, and print a table."`
	Upstream    upstreamCommand    `cmd:"" hidden:"" help:"Serve an upstream that answers like Hubtel."`
	Passthrough passthroughCommand `cmd:"" hidden:"" help:"Serve a yardstick of sends."`
	Echo        echoCommand        `cmd:"" hidden:"" help:"Serve the yardstick of checks."`
	Count       countCommand       `cmd:"" hidden:"" help:"Serve what a check on Redis costs at least."`
	Gateway     gatewayCommand     `cmd:"" hidden:"" help:"Serve a gateway with everything on."`
	Seed        seedCommand        `cmd:"" hidden:"" help:"Fill a store with live verifications."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parsed := kong.Parse(&commands{}, kong.Name("bench"))
	if err := parsed.Run(&world{ctx}); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to be undone
	}
}

// world is what the commands run in.
type world struct{ ctx context.Context }
