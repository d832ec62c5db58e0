package main

import (
	"errors"
	"fmt"

	"github.com/otpgate/otpgate/docs"
	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers/builtin"
)

// configFile is the flag of every command that reads the configuration.
type configFile struct {
	Config string `default:"config.yaml" help:"Configuration file."`
}

// sources are what a file is read with.
func sources(world *surroundings) config.Sources {
	return config.Sources{Kinds: builtin.Kinds(), Lookup: world.lookup}
}

func (f configFile) load(world *surroundings) (*config.Config, error) {
	loaded, report := config.Load(f.Config, sources(world))
	return loaded, report.Err()
}

type checkCommand struct {
	configFile
	Print bool `help:"Print the effective configuration, without its secrets."`
}

// errRefused ends a command whose mistakes were printed one by one.
var errRefused = errors.New("the configuration is refused")

// Run prints every mistake and warning, a line each.
func (c checkCommand) Run(world *surroundings) error {
	loaded, report := config.Load(c.Config, sources(world))
	if loaded != nil {
		gateway.Review(loaded, report)
	}
	for _, mistake := range report.Errors {
		_, _ = fmt.Fprintln(world.out, mistake)
	}
	for _, warning := range report.Warnings {
		_, _ = fmt.Fprintln(world.out, "warning:", warning)
	}
	if report.Err() != nil {
		return errRefused
	}
	if c.Print {
		text, err := loaded.Redacted()
		if err != nil {
			return err
		}
		_, err = world.out.Write(text)
		return err
	}
	_, err := fmt.Fprintf(world.out, "%s is good; apps: %d, providers: %d, routes: %d\n",
		c.Config, len(loaded.Apps), len(loaded.Providers), len(loaded.Routes))
	return err
}

type schemaCommand struct{}

// Run prints the JSON Schema, for editors.
func (schemaCommand) Run(world *surroundings) error {
	_, err := world.out.Write(docs.ConfigSchema)
	return err
}
