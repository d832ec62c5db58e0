// Command otpgate is the gateway: one API for one-time passwords over many providers.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the linker.
var version = "dev"

// commands are all that otpgate can do.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the gateway."`
	Check   checkCommand   `cmd:"" help:"Check a configuration file without starting anything."`
	Explain explainCommand `cmd:"" help:"Show what a send would do, and why; nothing is sent."`
	Health  healthCommand  `cmd:"" help:"Ask a running gateway whether it can serve; exit code 0 or 1."`
	Sandbox sandboxCommand `cmd:"" help:"Run a gateway with local twins of the upstreams and a demo app, on loopback."`
	Keys    keysCommand    `cmd:"" help:"Make and list the keys of apps."`
	Schema  schemaCommand  `cmd:"" help:"Print the JSON Schema of the configuration file."`
	Version versionCommand `cmd:"" help:"Print version, commit and Go version."`
}

// surroundings is what a command may touch of the world.
type surroundings struct {
	ctx    context.Context // ends on SIGINT or SIGTERM
	out    io.Writer
	err    io.Writer
	lookup func(name string) (string, bool)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(os.Args[1:], &surroundings{ctx: ctx, out: os.Stdout, err: os.Stderr, lookup: os.LookupEnv}))
}

// run does what the arguments say and returns the exit code: 0, 1 with one clear line when it failed, or 2 when the
// arguments make no sense.
func run(args []string, world *surroundings) int {
	exited := -1
	parser, err := kong.New(&commands{},
		kong.Name("otpgate"),
		kong.Description("A self-hosted gateway for one-time passwords."),
		kong.Writers(world.out, world.err),
		kong.Exit(func(code int) { exited = code }),
		kong.UsageOnError(),
	)
	if err != nil {
		_, _ = fmt.Fprintln(world.err, "otpgate:", err)
		return 1
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help has printed what was asked for
		return exited
	}
	if err != nil {
		_, _ = fmt.Fprintln(world.err, "otpgate:", err)
		return 2
	}
	if err := parsed.Run(world); err != nil {
		_, _ = fmt.Fprintln(world.err, "otpgate:", err)
		return 1
	}
	return 0
}
