// Package otp is the domain: what a verification is, and the use cases send, verify, resend, cancel and status. It
// knows no HTTP, no YAML and no database; it declares what it needs of them.
package otp
