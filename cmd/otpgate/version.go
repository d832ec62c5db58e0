package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// commit is set by the linker where the history of the sources is not at hand.
var commit string //nolint:gochecknoglobals // the linker can set nothing else

type versionCommand struct{}

// Run prints which program this is.
func (versionCommand) Run(world *surroundings) error {
	_, err := fmt.Fprintf(world.out, "otpgate %s (commit %s, %s)\n", version, cmp.Or(commit, revision(), "unknown"),
		runtime.Version())
	return err
}

// revision is the commit as Go noted it; empty when it did not.
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return ""
}
