package httpsms

import "strings"

// spoken is a code as it is to be read out, twice, one character at a time: "1, 2, 3, 4. I repeat: 1, 2, 3, 4." An
// engine that is given "1234" may say a number, and commas make it pause.
func spoken(code, locale string) string {
	slowly := strings.Join(strings.Split(code, ""), ", ")
	return slowly + ". " + repeat(locale) + " " + slowly + "."
}

// repeat announces the second time, in the language of locale, else in English.
func repeat(locale string) string {
	primary, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(locale), "_", "-"), "-")
	switch primary {
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
