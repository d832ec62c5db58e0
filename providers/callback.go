package providers

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Callback is a call of an upstream's, as it came in. Nothing of it is checked, and anybody may have sent it.
type Callback struct {
	Method string
	Token  Secret // that stands in the path, behind the provider's name; empty: none
	Header http.Header
	Query  url.Values
	Body   []byte     // byte for byte, as signatures are made of it; at most 64 KiB
	Remote netip.Addr // that it came from, as far as trusted proxies tell
}

// Report is what an upstream tells of a message after it has taken it.
type Report struct {
	UpstreamID string // of the message, as in [Handle.UpstreamID]
	State      DeliveryState
	Reason     string    // the upstream's own code, for operators; holds no number of a person; empty: none
	At         time.Time // of what is told, by the upstream's clock; zero: not told
}

// CallbackParser is a provider whose upstream calls to tell of deliveries.
type CallbackParser interface {
	// ParseCallback reads a callback. It looks at signature or token before anything else, and keeps nothing of c.
	// The error is [ErrNoCallbacks], [ErrForged] or [ErrMalformed]. A callback that is genuine and tells of no delivery
	// has no reports and no error.
	ParseCallback(c Callback) ([]Report, error)
}

// Challenger is a provider whose upstream asks whether callbacks are wanted before it makes any.
type Challenger interface {
	// Challenge returns what c wants to read back; ok is false when it is no challenge, or not a genuine one.
	Challenge(c Callback) (answer string, ok bool)
}

// Reporter is a provider that hears of deliveries by itself, over a connection that it holds open.
type Reporter interface {
	// OnReport has every report handed to f. It is called once, before the first send. f may be called by several
	// goroutines at a time and does not block.
	OnReport(f func(Report))
}

// Why a callback is not taken.
var (
	ErrNoCallbacks = errors.New("the provider takes no callbacks")
	ErrForged      = errors.New("the callback has no right signature or token")
	ErrMalformed   = errors.New("the callback is not what the upstream documents")
)
