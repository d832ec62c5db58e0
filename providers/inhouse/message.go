package inhouse

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// text is a message taken apart: literal pieces and the places of values between them.
type text []piece

// piece is literal text, or the place of the value that is called name.
type piece struct{ literal, name string }

// values is what a text is filled with.
type values struct{ code, amount, duration, app, prefix string }

// value returns what stands for the placeholder name, and whether there is such a placeholder.
func (v values) value(name string) (string, bool) {
	switch name {
	case "code":
		return v.code, true
	case "amount":
		return v.amount, true
	case "duration":
		return v.duration, true
	case "app":
		return v.app, true
	case "prefix":
		return v.prefix, true
	default:
		return "", false
	}
}

// parse takes a message apart. Brackets around anything but a known placeholder are text like any other: the gateway
// has refused them before, and dropping a part of somebody's text would be worse than showing it.
func parse(message string) text {
	var t text
	rest := clean(message)
	for {
		before, after, found := strings.Cut(rest, "{")
		if !found {
			return t.literal(rest)
		}
		name, tail, closed := strings.Cut(after, "}")
		if _, known := (values{}).value(name); closed && known {
			t, rest = append(t.literal(before), piece{name: name}), tail
			continue
		}
		t, rest = t.literal(before+"{"), after
	}
}

func (t text) literal(s string) text {
	if s == "" {
		return t
	}
	return append(t, piece{literal: s})
}

// has tells whether the text has a place for the value called name.
func (t text) has(name string) bool {
	for _, p := range t {
		if p.name == name {
			return true
		}
	}
	return false
}

// fill puts the values in their places, once: a placeholder within a value stays as it is.
func (t text) fill(v values) string {
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.literal)
		value, _ := v.value(p.name)
		b.WriteString(clean(value))
	}
	return b.String()
}

// clean makes s fit for a phone's screen: valid UTF-8, line breaks as "\n", tabs as spaces, and nothing that is unseen
// and moves what is seen: control characters, and marks that turn the direction of writing, which would show a code
// backwards.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029', r == '\uFEFF':
			return -1
		default:
			return r
		}
	}, s)
}

// cleanLine is clean for what stands on a line of its own: a sender's name.
func cleanLine(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(clean(s), "\n", " "))
}

// life says how long a code lives, in whole hours where that is exact and else in minutes, rounded down so that nobody
// is told more time than there is.
func (l language) life(d time.Duration) (amount, duration string) {
	if d >= time.Hour && d%time.Hour == 0 {
		return counted(int(d/time.Hour), l.hour, l.hours)
	}
	return counted(max(1, int(d/time.Minute)), l.minute, l.minutes)
}

func counted(n int, one, many string) (amount, duration string) {
	if n == 1 {
		return "1", one
	}
	return strconv.Itoa(n), many
}
