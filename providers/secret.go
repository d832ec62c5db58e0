package providers

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
)

const hidden = "[secret]"

// Secret is a text that must not be seen: a code, a key, a password. It prints as "[secret]" with every verb and in
// every encoding, and cannot be compared with ==. [Secret.Reveal] is the only way to its text.
type Secret struct {
	_    [0]func() // no ==
	text *string   // behind a pointer: %+v of an enclosing struct shows an address at most
}

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{text: &text} }

// Reveal returns the text. Its result belongs on the wire and nowhere else.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty tells whether there is no text.
func (s Secret) Empty() bool { return s.text == nil || *s.text == "" }

// Equal compares in a time that tells nothing about either text, its length included.
func (s Secret) Equal(other Secret) bool {
	a, b := sha256.Sum256([]byte(s.Reveal())), sha256.Sum256([]byte(other.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Format implements [fmt.Formatter] for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// String hides the text.
func (Secret) String() string { return hidden }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText keeps the text out of JSON, YAML and every other encoding.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// UnmarshalText takes the text from a configuration file.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}
