package main

import (
	"net"
	"strconv"

	"github.com/otpgate/otpgate/gateway/sandbox"
)

type sandboxCommand struct {
	Listen  string `default:"127.0.0.1:8080" help:"Address of the API, on loopback."`
	Console string `default:"127.0.0.1:8081" help:"Address of the console, on loopback."`
	Twins   string `default:"127.0.0.1:8090" help:"Address of the twins and their inbox, on loopback."`
	Data    string `default:"data/sandbox" help:"Folder for the sandbox's files."`
	Only    string `help:"Run the twin of this kind alone, without a gateway."`
	Port    int    `help:"With --only: port of the twin on 127.0.0.1." default:"8090"`
}

// Run serves the sandbox, or one twin, until the program is told to stop.
func (c sandboxCommand) Run(world *surroundings) error {
	if c.Only != "" {
		return sandbox.RunTwin(world.ctx, c.Only, net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)), world.out)
	}
	return sandbox.Run(world.ctx, sandbox.Options{
		Listen: c.Listen, Console: c.Console, Twins: c.Twins, Folder: c.Data, Version: version,
		Out: world.out, Log: world.err, Lookup: world.lookup,
	})
}
