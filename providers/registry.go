package providers

import (
	"log/slog"
	"time"
)

// Kind is a sort of upstream that operators can configure. The list of kinds is a literal in providers/builtin.
type Kind struct {
	Name string // as in `kind: hubtel`
	// Options returns a pointer to the kind's options with their defaults set, ready to be decoded from the `with` block.
	// Its exported fields carry yaml tags.
	Options func() Options
}

// Options are the settings of one provider: the decoded `with` block.
type Options interface {
	// Check reports every mistake to b at once. It does no I/O but to read files that the settings name.
	Check(b Block)
	// Build makes the provider. It does no more I/O than Check: a gateway starts while an upstream is down.
	Build(env Environment) (Provider, error)
}

// Block is the piece of the configuration that a kind reads. It knows the place of every field in the file, so that a
// mistake is reported with line and column.
type Block interface {
	// Refuse reports a mistake in the field at path ("base_url", "transports", "sms", "port").
	// text says what is wrong and what would be right, without quoting a secret.
	Refuse(text string, path ...string)
	// Warn reports something that works but is probably not meant.
	Warn(text string, path ...string)
	// Decode reads the value at path into the struct that into points to, strictly, and tells whether it could; what
	// was wrong is reported. It serves settings whose shape depends on a field within them.
	Decode(into any, path ...string) bool
}

// Environment is what the gateway gives a provider besides its options.
type Environment struct {
	Name     string        // configured name of the provider
	Timeout  time.Duration // after which a call is hopeless; routing moves on earlier, and takes in a late answer until then
	CodeKeys []CodeKey     // for the in-house generator: the first one signs, all of them verify
	Phone    Phone         // in a sandbox: what the console transport delivers to; nil elsewhere
	Log      *slog.Logger
}

// CodeKey is one key of the in-house generator.
type CodeKey struct {
	ID  string
	Key Secret // the raw bytes, at least 32
}

// Phone receives messages in place of people. It exists in a sandbox only.
type Phone interface {
	Receive(channel Channel, to Recipient, from, text string)
}
