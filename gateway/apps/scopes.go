package apps

import "slices"

// Scope is a right that a key has.
type Scope string

// The scopes of otpgate.
const (
	ScopeSend   Scope = "send"   // send, resend, cancel, plan
	ScopeVerify Scope = "verify" // verify
	ScopeRead   Scope = "read"   // everything that changes nothing
	ScopeAdmin  Scope = "admin"  // all of these
)

// Scopes lists every scope.
func Scopes() []Scope { return []Scope{ScopeSend, ScopeVerify, ScopeRead, ScopeAdmin} }

// Known tells whether s is one of [Scopes].
func (s Scope) Known() bool { return slices.Contains(Scopes(), s) }
