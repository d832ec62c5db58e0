package providers

import (
	"context"
	"time"
)

// Provider is one configured upstream that creates, delivers and checks codes.
type Provider interface {
	// Info tells what the provider is and what it can grant. It does no I/O and always answers the same.
	Info() Info
	// Send has a code created and delivered. The error is an [*Error]. A provider that can check a code although it
	// does not know whether the message left returns the handle beside an error of class [Ambiguous].
	Send(ctx context.Context, req SendRequest) (Handle, error)
	// Verify asks whether code is the one behind h. A wrong code is a verdict; an error says that the upstream gave no
	// judgement. Verify is called once for a guess and never repeated.
	Verify(ctx context.Context, h Handle, code Secret) (Verdict, error)
}

// Resender is a provider with a resend of its own. The handle that it returns takes the place of h: Hubtel changes
// request id and prefix. req is what was sent first, with the same reference.
type Resender interface {
	Resend(ctx context.Context, h Handle, req SendRequest) (Handle, error)
}

// StatusReader is a provider that can tell how far a delivery came. Asking changes nothing at the upstream. The error is
// an [*Error]; class [Gone] says that the upstream does not know the delivery.
type StatusReader interface {
	Status(ctx context.Context, h Handle) (DeliveryReport, error)
}

// CodeReader is a provider that can tell a live code again: the in-house generator, for a read-out over USSD. The caller
// has made sure that the one who asks is the recipient.
type CodeReader interface {
	Code(h Handle) (Secret, error)
}

// Info describes a configured provider.
type Info struct {
	Name     string     // as the operator calls it: "hubtel-gh"
	Kind     string     // of [Kind.Name]: "hubtel"
	Coverage []Coverage // one entry for each channel, no channel twice
	USSD     string     // dial string that shows a live code on the recipient's own phone; empty where there is none
	// PaidOnDelivery tells that the upstream charges for messages that arrived, and not for those that it took.
	PaidOnDelivery bool
	// ChecksHere tells that Verify compares by itself and asks nobody: it returns at once.
	ChecksHere bool
}

// On returns what the provider can grant on channel.
func (i Info) On(channel Channel) (Coverage, bool) {
	for _, c := range i.Coverage {
		if c.Channel == channel {
			return c, true
		}
	}
	return Coverage{}, false
}

// Coverage is what a provider can grant on one channel.
type Coverage struct {
	Channel   Channel
	Countries Countries            // empty: everywhere
	Length    Range[int]           // of codes, in characters
	Alphabets []Alphabet           // that it can be asked for, the one it gives unasked first
	Expiry    Range[time.Duration] // zero: it takes no wish
	Attempts  Range[int]           // zero: it takes no wish
	Message   bool                 // it takes a caller's text
	Prefix    bool                 // and fills {prefix} in it; a text with {prefix} is for such providers only
}

// SendRequest asks a provider for one delivery.
type SendRequest struct {
	Reference string // the gateway's; the same on every try of one verification
	App       string // id of the app that asked
	To        Recipient
	Channel   Channel
	Sender    string // as the app wants to be seen; empty: the provider's own setting
	Wish      CodeWish
	Message   string // a text with {code}, perhaps {amount}, {duration} and {prefix}; empty: the upstream's own text
	Locale    string // BCP 47, of Message where there is one; empty: the upstream's own
	Metadata  map[string]string
	// What follows is for the in-house generator, which writes texts and makes codes itself. Upstreams ignore it.
	Ending Ending
	Fresh  bool // of a resend: with a new code in place of the one before
}

// Ending is what the in-house generator writes below a text, each on a line of its own, in this order.
type Ending struct {
	DoNotShare bool   // a sentence that says so, in the language of the text, where the text is a caller's
	Android    string // hash of the Android app that may read the message (SMS Retriever), 11 characters; by SMS only
	WebOTP     string // domain of the website that may read the code (WebOTP); by SMS only
}

// Handle is what it takes to check a delivered code later.
type Handle struct {
	UpstreamID string  `json:"upstream_id,omitempty"` // the upstream's own id, for people and look-ups
	Prefix     string  `json:"prefix,omitempty"`      // shown beside the code
	State      []byte  `json:"state,omitempty"`       // opaque to all but the adapter; never holds a code
	Granted    Granted `json:"granted"`
}

// Verdict is an upstream's judgement of one guess.
type Verdict struct {
	Match        bool
	AttemptsLeft int  // wrong guesses that the upstream will still take; -1: not told
	Final        bool // the upstream accepts no further guess for this handle
}

// DeliveryReport is what an upstream tells of one delivery.
type DeliveryReport struct {
	State DeliveryState
	Code  string // the upstream's own word, for operators; empty: none
	Final bool   // the upstream accepts no further guess for this handle
}

// DeliveryState is how far a message came. Empty: the upstream does not say.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending     DeliveryState = "pending"     // taken on, not yet on its way
	DeliverySent        DeliveryState = "sent"        // on its way; whether it arrived is not known
	DeliveryDelivered   DeliveryState = "delivered"   // it arrived
	DeliveryUndelivered DeliveryState = "undelivered" // it will not arrive
)
