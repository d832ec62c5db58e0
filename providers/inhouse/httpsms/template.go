package httpsms

import (
	"regexp"
	"strings"
)

// template is a text taken apart: literal pieces, and the places of values between them.
type template []piece

// piece is literal text, or the place of the value that is called name.
type piece struct{ literal, name string }

// escape makes a value fit for the place where it is put.
type escape func(string) string

// parse takes a text apart. A place is a name in braces. Braces around anything else are text: JSON is full of them.
func parse(text string) template {
	var t template
	place := regexp.MustCompile(`\{[A-Za-z0-9_]+\}`)
	rest := 0
	for _, at := range place.FindAllStringIndex(text, -1) {
		t = t.literal(text[rest:at[0]])
		t, rest = append(t, piece{name: text[at[0]+1 : at[1]-1]}), at[1]
	}
	return t.literal(text[rest:])
}

func (t template) literal(s string) template {
	if s == "" {
		return t
	}
	return append(t, piece{literal: s})
}

// has tells whether the template has a place for the value called name.
func (t template) has(name string) bool {
	for _, p := range t {
		if p.name == name {
			return true
		}
	}
	return false
}

// bind puts the values that are known beforehand in their places, and leaves the others open.
func (t template) bind(known map[string]string, e escape) template {
	var bound template
	for _, p := range t {
		if value, ok := known[p.name]; ok {
			p = piece{literal: e(value)}
		}
		bound = append(bound, p)
	}
	return bound
}

// fill puts the values in their places, once: what looks like a place within a value stays as it is.
func (t template) fill(values map[string]string, e escape) string {
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.literal)
		if p.name != "" {
			b.WriteString(e(values[p.name]))
		}
	}
	return b.String()
}
