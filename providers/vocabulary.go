package providers

import (
	"cmp"
	"slices"
	"time"
)

// Channel is the way by which a code reaches a person.
type Channel string

// The channels of otpgate.
const (
	SMS      Channel = "sms"
	WhatsApp Channel = "whatsapp"
	Email    Channel = "email"
	Voice    Channel = "voice"
	USSD     Channel = "ussd"
)

// Channels lists every channel, in the order in which people are shown them.
func Channels() []Channel { return []Channel{SMS, WhatsApp, Email, Voice, USSD} }

// Known tells whether c is one of [Channels].
func (c Channel) Known() bool { return slices.Contains(Channels(), c) }

// Alphabet is the set of characters that a code is made of.
type Alphabet string

// The alphabets of otpgate. Which letters an upstream really uses is its own affair; [Alphabet.Admits] is generous.
const (
	Numeric      Alphabet = "numeric"
	Alphabetic   Alphabet = "alphabetic"
	Alphanumeric Alphabet = "alphanumeric"
)

// Alphabets lists every alphabet.
func Alphabets() []Alphabet { return []Alphabet{Numeric, Alphabetic, Alphanumeric} }

// Known tells whether a is one of [Alphabets].
func (a Alphabet) Known() bool { return slices.Contains(Alphabets(), a) }

// Admits tells whether code could be written in a: digits, ASCII letters of either case, or both. An unknown or empty
// alphabet admits digits and letters.
func (a Alphabet) Admits(code string) bool {
	for i := range len(code) {
		c := code[i]
		digit := '0' <= c && c <= '9'
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		switch {
		case digit && a != Alphabetic, letter && a != Numeric:
		default:
			return false
		}
	}
	return true
}

// Range is an inclusive span of values that an upstream accepts. The zero Range means that it takes no wish.
type Range[T cmp.Ordered] struct{ Min, Max T }

// Zero tells whether the upstream takes no wish at all.
func (r Range[T]) Zero() bool { var zero T; return r.Min == zero && r.Max == zero }

// Has tells whether v lies within r; nothing lies within the zero Range.
func (r Range[T]) Has(v T) bool { return !r.Zero() && r.Min <= v && v <= r.Max }

// Clamp moves v to the nearest value within r. The zero Range turns every value into zero.
func (r Range[T]) Clamp(v T) T { return max(r.Min, min(r.Max, v)) }

// Countries is a set of ISO 3166-1 alpha-2 codes in upper case. The empty set means everywhere.
type Countries []string

// Has tells whether country belongs to the set.
func (c Countries) Has(country string) bool { return len(c) == 0 || slices.Contains(c, country) }

// CodeWish is what somebody would like a code to be. Zero fields mean "whatever you give".
type CodeWish struct {
	Length   int           // characters
	Alphabet Alphabet      // of the characters
	Expiry   time.Duration // from now until the code is worth nothing
	Attempts int           // wrong guesses that the upstream should allow
}

// Granted is what an upstream really set. Zero fields were not told.
type Granted struct {
	Length   int           `json:"length,omitempty"`
	Alphabet Alphabet      `json:"alphabet,omitempty"`
	Expiry   time.Duration `json:"expiry,omitempty"`
	Attempts int           `json:"attempts,omitempty"`
}

// Fits tells whether code could be right by its shape. What the upstream did not tell excludes nothing.
func (g Granted) Fits(code string) bool {
	return (g.Length == 0 || len(code) == g.Length) && g.Alphabet.Admits(code)
}
