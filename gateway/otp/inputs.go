package otp

// SendInput is a request to send, as the app made it: nothing is defaulted, nothing is checked. Fields that are empty or
// nil were left out. [Service.Send] names a mistake by the field's name in the public contract.
type SendInput struct {
	To          string
	Channel     string
	Country     string
	Sender      string
	Length      *int
	Alphabet    string
	ExpiresIn   string
	MaxAttempts *int
	Template    string
	Message     string
	Locale      string
	Purpose     string
	Fallback    []FallbackInput
	Metadata    map[string]string
	ClientIP    string
	DeviceID    string
	Once        *OnceInput
}

// FallbackInput is one step of the fallback that a request names.
type FallbackInput struct{ Channel, To, After string }

// ResendInput is a request to resend.
type ResendInput struct {
	Reference string
	Channel   string // empty: as before
	Once      *OnceInput
}

// VerifyInput is one guess.
type VerifyInput struct {
	Reference string
	Code      string
	To        string // empty: not compared
	Purpose   string // empty: not compared
	ClientIP  string
}

// StatusInput names a verification by its reference, or by a provider and what that provider calls the delivery.
type StatusInput struct{ Reference, Provider, ProviderReference string }

// OnceInput makes a send or resend happen once, however often it is asked for.
type OnceInput struct {
	Key         string   // as the app chose it
	Fingerprint [32]byte // of the whole request
	// Render makes the answer that is kept and repeated. It gets the verification, or the error in its place.
	Render func(Verification, error) Answer
}

// Result is what send and resend answer, and never nil, also beside an error.
type Result struct {
	Verification Verification
	Levels       []Level // of the limits that were counted
	Answer       *Answer // what Render made, or the first answer when Replayed; nil without an idempotency key
	Replayed     bool
}
