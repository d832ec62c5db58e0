package transport

import "github.com/otpgate/otpgate/providers"

// Caller is a transport whose upstream is told whom to call, and asks what to say once somebody picked up. The message
// that it delivers is the call alone.
type Caller interface {
	// ParseCall reads a request of the upstream's. It does as [providers.CallbackParser] says.
	ParseCall(c providers.Callback) (providers.Call, error)
	// Say writes the answer by which the upstream says text, which is in the language of locale. An empty text ends the
	// call.
	Say(text providers.Secret, locale string) (mediaType string, body []byte)
}
