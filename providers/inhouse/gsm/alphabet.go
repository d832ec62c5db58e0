// Package gsm writes texts in the two ways that phones read them, the GSM 7-bit alphabet and UCS-2, and cuts long ones
// into the segments of a concatenated short message.
//
// It follows 3GPP TS 23.038 (alphabets) and TS 23.040 §9.2.3.24 (concatenation). National language tables are left
// out: few networks carry them, and a text beyond the default table travels as UCS-2.
package gsm

import (
	"strings"
	"unicode/utf8"
)

// basic is the GSM 7-bit default alphabet, in the order of its codes (TS 23.038 §6.2.1).
const basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

// escape leads to the extension table. It is no character of its own.
const escape = 0x1b

// Encode writes text in the GSM 7-bit alphabet, one septet in each octet: unpacked, as SMPP takes it. Characters of the
// extension table take two. It returns false when text has a character that the alphabet lacks.
func Encode(text string) ([]byte, bool) {
	septets := make([]byte, 0, len(text))
	for _, r := range text {
		if c, ok := septet(r); ok {
			septets = append(septets, c)
			continue
		}
		c, ok := extended(r)
		if !ok {
			return nil, false
		}
		septets = append(septets, escape, c)
	}
	return septets, true
}

// Decode reads what [Encode] writes, and anything else as a phone would: an unknown character after an escape is that
// of the default table, an escape after an escape or at the end is a space. Octets beyond seven bits become U+FFFD.
func Decode(septets []byte) string {
	table := []rune(basic)
	var b strings.Builder
	escaped := false
	for _, c := range septets {
		switch {
		case c >= 1<<7:
			b.WriteRune(utf8.RuneError)
		case c == escape && !escaped:
			escaped = true
			continue
		case escaped:
			b.WriteRune(afterEscape(c, table))
		default:
			b.WriteRune(table[c])
		}
		escaped = false
	}
	if escaped {
		b.WriteByte(' ')
	}
	return b.String()
}

// septet is the code of r in the default table.
func septet(r rune) (byte, bool) {
	if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || ' ' <= r && r <= '?' && r != '$' {
		return byte(r), true // where the table agrees with ASCII
	}
	code := byte(0)
	for _, c := range basic {
		if c == r {
			return code, code != escape
		}
		code++
	}
	return 0, false
}

// extended is the code of r in the extension table (TS 23.038 §6.2.1.1).
func extended(r rune) (byte, bool) {
	switch r {
	case '\f':
		return 0x0a, true
	case '^':
		return 0x14, true
	case '{':
		return 0x28, true
	case '}':
		return 0x29, true
	case '\\':
		return 0x2f, true
	case '[':
		return 0x3c, true
	case '~':
		return 0x3d, true
	case ']':
		return 0x3e, true
	case '|':
		return 0x40, true
	case '€':
		return 0x65, true
	default:
		return 0, false
	}
}

// afterEscape is the character that c stands for after an escape.
func afterEscape(c byte, table []rune) rune {
	for _, r := range "\f^{}\\[~]|€" {
		if code, _ := extended(r); code == c {
			return r
		}
	}
	if c == escape {
		return ' '
	}
	return table[c]
}
