// Package spoken makes codes for the ear.
package spoken

import "strings"

// Slowly is a code one character at a time: "1, 2, 3, 4". An engine that is given "1234" may say a number, and commas
// make it pause.
func Slowly(code string) string { return strings.Join(strings.Split(code, ""), ", ") }

// Twice is a code slowly, and once more: "1, 2, 3, 4. I repeat: 1, 2, 3, 4."
func Twice(code, locale string) string {
	slowly := Slowly(code)
	return slowly + ". " + Again(locale) + " " + slowly + "."
}

// Again announces the second time, in the language of locale, else in English.
func Again(locale string) string {
	switch Language(locale) {
	case "fr":
		return "Je répète :"
	case "pt":
		return "Repito:"
	case "sw":
		return "Narudia:"
	default:
		return "I repeat:"
	}
}

// Language is the primary subtag of a locale (BCP 47): "fr" for "fr-CI".
func Language(locale string) string {
	primary, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(locale), "_", "-"), "-")
	return primary
}
