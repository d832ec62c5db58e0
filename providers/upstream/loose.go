package upstream

import (
	"strconv"
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// Word is a text in an answer that may come as a number, which then stands as it was written: vendors write "2001" on
// one page and 2001 on another. Null is empty. Anything else is malformed.
type Word string

// UnmarshalJSON implements [json.Unmarshaler].
func (w *Word) UnmarshalJSON(b []byte) error {
	switch c := b[0]; {
	case c == '-' || '0' <= c && c <= '9':
		*w = Word(b)
		return nil
	default:
		*w = ""
		return Decode(b, (*string)(w))
	}
}

// Count is a whole number in an answer that may come as a text. One that is not whole, or too large to count anything,
// was not told, and neither was null; what is neither number nor text is malformed.
type Count struct {
	n    int
	told bool
}

// UnmarshalJSON implements [json.Unmarshaler].
func (c *Count) UnmarshalJSON(b []byte) error {
	var w Word
	if err := w.UnmarshalJSON(b); err != nil {
		return err
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(string(w), ".0"), 10, 32) // some languages write 2.0
	*c = Count{n: int(n), told: err == nil}
	return nil
}

// Told is the number; nil: it was not told.
func (c Count) Told() *int {
	if !c.told {
		return nil
	}
	return &c.n
}

// In is the number where it lies within r, else other: who tells of a code of no characters, or of a million, does not
// mean it.
func (c Count) In(r providers.Range[int], other int) int {
	if !c.told || !r.Has(c.n) {
		return other
	}
	return c.n
}
