package otp

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/otpgate/otpgate/providers"
)

// The placeholders of a text. {code} must be there. The gateway fills {app} itself, the in-house generator all others,
// and the upstreams that take a text all others but {prefix}.
const (
	placeCode     = "code"
	placeAmount   = "amount"
	placeDuration = "duration"
	placeApp      = "app"
	placePrefix   = "prefix"
)

// maxText is the longest text that a request or a template may hold, in bytes.
const maxText = 1000

// Template is one text in several languages: locale → text.
type Template map[string]Text

// Text is a text in one language.
type Text struct {
	Default string                       // for every channel that has none of its own
	On      map[providers.Channel]string // those that have; nil: none
}

// In returns the text for the first of the locales that the template has, be it exactly or in its language; else the
// English one, else the first by name. The locale is the one of the text.
func (t Template) In(locales ...string) (text Text, locale string) {
	for _, wish := range slices.Concat(locales, []string{"en"}) {
		language, _, _ := strings.Cut(wish, "-")
		for _, key := range []string{wish, language} {
			if text, ok := t[key]; ok {
				return text, key
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(t)) {
		return t[key], key
	}
	return Text{}, ""
}

// CheckText tells what is wrong with a text that is to carry a code, or returns nil.
func CheckText(text string) error {
	if len(text) > maxText {
		return fmt.Errorf("the text has %d bytes; at most %d are allowed", len(text), maxText)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }) {
		return fmt.Errorf("the text holds control characters; only line breaks are allowed")
	}
	known := []string{placeCode, placeAmount, placeDuration, placeApp, placePrefix}
	names, err := placeholders(text)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("the text has a placeholder that nobody fills; " +
				"use {code}, {amount}, {duration}, {app} and {prefix}")
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

// FillApp puts the app's name into a text. A name cannot bring placeholders of its own.
func FillApp(text, name string) string {
	return strings.ReplaceAll(text, "{"+placeApp+"}", strings.Map(func(r rune) rune {
		if r == '{' || r == '}' || unicode.IsControl(r) {
			return -1
		}
		return r
	}, name))
}
