package console

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// Options are what a console shows, and to whom.
type Options struct {
	Token   providers.Secret // that operators present; empty: whoever reaches the listener, which must be loopback, is one
	Version string
	Gateway Gateway
	History History
	Inbox   Inbox        // nil outside a sandbox
	Metrics http.Handler // serves /metrics; nil: there is no such page
	Log     *slog.Logger
	Now     func() time.Time
}

// History is what the console reads of the past; see [otp.History].
type History interface {
	List(ctx context.Context, q otp.Query) (otp.Page[otp.Verification], error)
	Events(ctx context.Context, q otp.Query) (otp.Page[otp.Event], error)
	Report(ctx context.Context, q otp.ReportQuery) ([]otp.Row, error)
}

// Gateway is what the console reads of the running gateway. An error that is an [*otp.Error] is for the operator's
// eyes; every other is logged.
type Gateway interface {
	// Apps returns the ids of the apps, sorted.
	Apps() []string
	// Providers returns every configured provider, in the order of their names.
	Providers() []Provider
	// Verification returns the verification, whoever it belongs to, as it stands now.
	Verification(ctx context.Context, ref otp.Reference) (otp.Verification, error)
	// Recipient reads a phone number, in any spelling, or an e-mail address.
	Recipient(text string) (providers.Recipient, error)
	// Plan tells what a send of the app would do now. It sends nothing and counts nothing.
	Plan(ctx context.Context, app string, in otp.SendInput) (otp.Preview, error)
	// Levels tells how far the limits that bear on a send of the app to a recipient are used up.
	Levels(ctx context.Context, app, to string) ([]otp.Level, error)
	// Configuration returns the configuration in force.
	Configuration() (Configuration, error)
}

// Provider is a provider and how it stands now.
type Provider struct {
	Info     providers.Info
	Readings []routing.Reading             // one for each of its channels
	Failures map[providers.Channel]Failure // the last one on each channel; none since the start: no entry
}

// Failure is a call to a provider that failed.
type Failure struct {
	At    time.Time
	Op    string // "send", "resend", "verify"
	Class string
	Code  string // the upstream's own; empty: it told none
}

// Configuration is what is in force, and what became of the last attempt to change it.
type Configuration struct {
	Text     []byte // YAML without its secrets
	LoadedAt time.Time
	Reload   *Reload // nil: nothing was read since the start
}

// Reload is what became of a configuration file that was read while the gateway ran.
type Reload struct {
	At       time.Time
	Mistakes []string // none: it was put in force
	Warnings []string
}

// Inbox is everybody's phone and mailbox in a sandbox.
type Inbox interface {
	// Messages returns what was delivered to to on any channel, newest first; an empty to means everybody.
	Messages(to string) []Message
}

// Message is what a person received.
type Message struct {
	At      time.Time
	To      string // as the upstream was given it
	Channel providers.Channel
	From    string
	Text    string
	Twin    string // that delivered it
}
