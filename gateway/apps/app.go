// Package apps knows the client applications: what they may do, what they want unless they say otherwise, and how they
// prove who they are.
package apps

import (
	"slices"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// App is a client application as it stands in the configuration. It is never changed after it was built.
type App struct {
	ID        string
	Name      string              // shown to people in place of {app}
	Defaults  Defaults            // what a request leaves out
	Channels  []providers.Channel // allowed; empty: all
	Countries providers.Countries // allowed for numbers; empty: all
	Ending    providers.Ending    // of the texts that are written here
}

// Defaults are soft: what a request does not name itself stops no provider.
type Defaults struct {
	Channel     providers.Channel
	Country     string // of numbers written without a country
	Length      int
	Alphabet    providers.Alphabet
	ExpiresIn   time.Duration
	MaxAttempts int
	MaxResends  int
	ResendAfter time.Duration
	ResendFresh bool   // a resend by the in-house generator has a new code, and the one before is dead
	Sender      string // empty: the provider's own
	Template    string // id; empty: the provider's own text
	Locale      string // BCP 47
}

// Allows tells whether the app may send on channel.
func (a *App) Allows(channel providers.Channel) bool {
	return len(a.Channels) == 0 || slices.Contains(a.Channels, channel)
}
