package otp

import "github.com/otpgate/otpgate/providers"

// Size is how a text that is written here travels by SMS.
type Size struct {
	Segments int    // short messages that it takes
	Encoding string // "gsm7" or "ucs2"
}

// Measure tells the size of the text of a request; it is zero on other channels than SMS. The error says in a sentence
// for the app's developer why the channel does not carry the text.
type Measure func(req providers.SendRequest) (Size, error)
