package otp

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The placeholders of a text. {code} must be there; the in-house generator and the upstreams that take a text fill all of
// them but {app}, which the gateway fills itself.
const (
	placeCode     = "code"
	placeAmount   = "amount"
	placeDuration = "duration"
	placeApp      = "app"
)

// maxText is the longest text that a request or a template may hold, in bytes.
const maxText = 1000

// Template is one text in several languages: locale → text.
type Template map[string]string

// In returns the text for locale: the exact one, else that of its language, else English, else the first by name.
func (t Template) In(locale string) string {
	language, _, _ := strings.Cut(locale, "-")
	for _, key := range []string{locale, language, "en"} {
		if text, ok := t[key]; ok {
			return text
		}
	}
	for _, key := range slices.Sorted(maps.Keys(t)) {
		return t[key]
	}
	return ""
}

// CheckText tells what is wrong with a text that is to carry a code, or returns nil.
func CheckText(text string) error {
	if len(text) > maxText {
		return fmt.Errorf("the text has %d bytes; at most %d are allowed", len(text), maxText)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }) {
		return fmt.Errorf("the text holds control characters; only line breaks are allowed")
	}
	known := []string{placeCode, placeAmount, placeDuration, placeApp}
	names, err := placeholders(text)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("the text has a placeholder that nobody fills; use {code}, {amount}, {duration} and {app}")
		}
	}
	if !slices.Contains(names, placeCode) {
		return fmt.Errorf("the text has no {code}; without it nobody learns the code")
	}
	return nil
}

func placeholders(text string) ([]string, error) {
	var names []string
	for {
		open := strings.IndexAny(text, "{}")
		if open < 0 {
			return names, nil
		}
		end := strings.IndexByte(text[open:], '}')
		if text[open] == '}' || end < 0 {
			return nil, fmt.Errorf("the text has a curly bracket without its partner")
		}
		names = append(names, text[open+1:open+end])
		text = text[open+end+1:]
	}
}

// fillApp puts the app's name into a text. A name cannot bring placeholders of its own.
func fillApp(text, name string) string {
	return strings.ReplaceAll(text, "{"+placeApp+"}", strings.Map(func(r rune) rune {
		if r == '{' || r == '}' || r < ' ' {
			return -1
		}
		return r
	}, name))
}
