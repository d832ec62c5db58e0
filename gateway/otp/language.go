package otp

// LanguageOf is the language that messages to numbers of a country are written in, where it is not left to the app. Of
// the languages that texts are kept in, it tells the one that is official there, or read by most beside Arabic.
func LanguageOf(country string) (language string, ok bool) {
	switch country {
	case "BF", "BI", "BJ", "CD", "CF", "CG", "CI", "CM", "DJ", "DZ", "FR", "GA", "GF", "GN", "GP", "HT", "KM", "MA", "MC",
		"MG", "ML", "MQ", "MR", "NC", "NE", "PF", "PM", "RE", "SN", "TD", "TG", "TN", "WF", "YT":
		return "fr", true
	case "AO", "BR", "CV", "GW", "MZ", "PT", "ST":
		return "pt", true
	case "TZ":
		return "sw", true
	default:
		return "", false
	}
}
