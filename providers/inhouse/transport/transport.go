// Package transport holds the contract between the in-house generator and what carries its texts.
//
// A transport carries a text and nothing else. It makes no code, checks none, keeps nothing about a message and never
// retries. A further transport is a folder beside this one and a line in the generator's list of kinds.
package transport

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Transport carries texts to people. It is safe for parallel use. One that also implements [io.Closer] holds something
// open, which is closed when the provider is given up; deliveries under way then still come to their end.
type Transport interface {
	// Deliver hands m to the upstream and returns once that has taken or refused it.
	//
	// The error is a [*providers.Error] with Class, Code and Err set; the provider adds its name and the operation.
	// It quotes nothing of the message, neither the address nor the upstream's own words, in which both may be echoed.
	// The class is [providers.Ambiguous] only if the message was written whole and no answer came.
	Deliver(ctx context.Context, m Message) (Receipt, error)
}

// Message is one text for one person.
type Message struct {
	Reference string // the gateway's id of the verification
	Channel   providers.Channel
	To        providers.Recipient
	App       string           // id of the app that asked
	Sender    string           // as the app wants to be seen, without control characters; empty: the transport's own
	Subject   string           // in the language of the text, without the code; for channels that have one
	Text      providers.Secret // the whole text, code included: UTF-8, line breaks as "\n", no other control characters
	Code      providers.Secret // the bare code, for upstreams that put it into a text of their own
	Locale    string           // BCP 47; empty: not told
	Expiry    time.Duration    // after which the text is of no more use; 0: not told
}

// Receipt is what an upstream said when it took a message.
type Receipt struct {
	ID string // by which people find the message in the upstream's records; empty: none
}

// Kind is a sort of transport that operators can configure.
type Kind struct {
	Channels []providers.Channel // that it can serve
	// Options returns a pointer to the kind's options with their defaults set. One of its fields is `kind` itself.
	Options func() Options
}

// Options are the settings of one transport.
type Options interface {
	// Check reports every mistake to b, whose paths begin within the transport's own block. It reads files that the
	// options name, and does no other I/O.
	Check(b providers.Block)
	// Build makes the transport of options that were checked. It does no more I/O than Check.
	Build(env providers.Environment) (Transport, error)
}

// Narrower are options of a transport that can grant less than the generator, or on fewer channels than its kind.
type Narrower interface {
	// Narrow returns what of c, the coverage of one channel, can be granted. The error says why nothing can, and what
	// would be right; it holds no secret.
	Narrow(c providers.Coverage) (providers.Coverage, error)
}
