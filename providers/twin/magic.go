package twin

import (
	"strings"
	"time"
)

// Trait is how a magic number behaves.
type Trait string

// The traits. A twin answers each in its own upstream's words; one whose upstream has no such answer ignores it.
const (
	Ordinary      Trait = ""
	Invalid       Trait = "invalid"        // refused: no such number
	Barred        Trait = "barred"         // refused: the number may not be sent to
	NoBalance     Trait = "no_balance"     // refused: the account is empty
	WrongSender   Trait = "wrong_sender"   // refused: the sender is not approved
	TooMany       Trait = "too_many"       // refused: too many requests
	Broken        Trait = "broken"         // refused: the upstream fails
	Slow          Trait = "slow"           // granted after [SlowBy]
	NeverArrives  Trait = "never_arrives"  // granted, and nothing is delivered
	ArrivesLate   Trait = "arrives_late"   // granted, and delivered after [LateBy] on the twin's clock
	ArrivesDouble Trait = "arrives_double" // granted, and delivered twice
)

// How long slow is slow, and late is late.
const (
	SlowBy = 3 * time.Second
	LateBy = 30 * time.Second
)

// MagicNumber is one row of the table of magic numbers.
type MagicNumber struct {
	Tail  string `json:"tail"` // last four digits of the number; of an e-mail address, before the @
	Trait Trait  `json:"trait"`
	What  string `json:"what"` // happens, for people
}

// MagicNumbers is the table that all twins share.
func MagicNumbers() []MagicNumber {
	return []MagicNumber{
		{"9901", Invalid, "refused: there is no such number"},
		{"9902", Barred, "refused: the number may not be sent to"},
		{"9903", NoBalance, "refused: the account has no balance"},
		{"9904", WrongSender, "refused: the sender is not approved"},
		{"9905", TooMany, "refused: too many requests"},
		{"9906", Broken, "refused: the upstream fails"},
		{"9907", Slow, "granted after 3 seconds"},
		{"9908", NeverArrives, "granted, and the message never arrives"},
		{"9909", ArrivesLate, "granted, and the message arrives 30 seconds later"},
		{"9910", ArrivesDouble, "granted, and the message arrives twice"},
	}
}

// TraitOf tells how a number or e-mail address behaves.
func TraitOf(to string) Trait {
	to, _, _ = strings.Cut(to, "@")
	for _, m := range MagicNumbers() {
		if strings.HasSuffix(to, m.Tail) {
			return m.Trait
		}
	}
	return Ordinary
}
