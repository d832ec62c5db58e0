package providers

import (
	"errors"
	"strings"
	"time"
)

// Class says what a failure means for everybody above the adapter. Adapters derive it from the upstream's own code
// first, the HTTP status second and a text last.
type Class uint8

// The classes. What routing does on each stands in its policy table.
const (
	Unknown     Class = iota // nothing recognised; counted apart, to be driven to zero
	Transient                // 5xx, refused, TLS, malformed answer
	Ambiguous                // timed out after the request was written: it may have happened
	Throttled                // too many requests
	Credentials              // our key is refused
	Exhausted                // no balance
	Unsupported              // cannot do this country, sender or length
	Rejected                 // the number is invalid or barred
	Busy                     // this recipient must wait there
	Gone                     // the upstream no longer knows the session
)

// Classes lists every class.
func Classes() []Class {
	return []Class{Unknown, Transient, Ambiguous, Throttled, Credentials, Exhausted, Unsupported, Rejected, Busy, Gone}
}

// String names the class as logs, metrics and docs do.
func (c Class) String() string {
	names := [...]string{
		"unknown", "transient", "ambiguous", "throttled", "credentials", "exhausted", "unsupported", "rejected", "busy", "gone",
	}
	if int(c) >= len(names) {
		return "unknown"
	}
	return names[c]
}

// Error is a provider's failure. Its text is fit for a log: it holds no code, credential or number.
type Error struct {
	Provider   string // configured name
	Op         string // "send", "verify", "resend", "status"
	Class      Class
	Code       string        // the upstream's own code or status, for operators; empty: none
	RetryAfter time.Duration // as the upstream told; 0: it did not
	Err        error         // cause, already cleaned of secrets; may be nil
}

// Error names provider, operation, class, the upstream's code and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Provider + " " + e.Op + ": " + e.Class.String())
	if e.Code != "" {
		b.WriteString(" (" + e.Code + ")")
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf is the class of err: that of the [*Error] in its chain, else [Unknown].
func ClassOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return Unknown
}
