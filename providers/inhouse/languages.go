package inhouse

import (
	"maps"
	"slices"
	"strings"
)

// language is what the generator says by itself in one language. Its text puts the code first, where a phone shows it
// without unlocking, and fits one SMS with the longest code. The subject never holds the code: mail servers log
// subjects. What is said below other texts has characters of the GSM alphabet only, so that no text must travel in
// another one for its sake.
type language struct {
	minute, minutes, hour, hours string
	text                         text
	doNotShare                   string
	subject                      string
}

// languages maps a primary language subtag (BCP 47) to its words.
type languages map[string]language

const fallbackLanguage = "en"

func builtinLanguages() languages {
	return languages{
		"en": {
			minute: "minute", minutes: "minutes", hour: "hour", hours: "hours",
			text:       parse("{code} is your code. It expires in {amount} {duration}. Do not share it with anyone."),
			doNotShare: "Do not share it with anyone.",
			subject:    "Your verification code",
		},
		"fr": {
			minute: "minute", minutes: "minutes", hour: "heure", hours: "heures",
			text:       parse("{code} est votre code. Il expire dans {amount} {duration}. Ne le communiquez à personne."),
			doNotShare: "Ne le communiquez à personne.",
			subject:    "Votre code de vérification",
		},
		"pt": {
			minute: "minuto", minutes: "minutos", hour: "hora", hours: "horas",
			text:       parse("{code} é o seu código. Expira em {amount} {duration}. Não o partilhe."),
			doNotShare: "Nunca o partilhe com ninguém.",
			subject:    "O seu código de verificação",
		},
		"sw": {
			minute: "dakika", minutes: "dakika", hour: "saa", hours: "saa",
			text:       parse("{code} ni msimbo wako. Utaisha baada ya {duration} {amount}. Usimpe mtu yeyote."),
			doNotShare: "Usimpe mtu yeyote.",
			subject:    "Msimbo wako wa uthibitisho",
		},
	}
}

// Languages are those that the generator has words and a built-in text in, in order.
func Languages() []string { return slices.Sorted(maps.Keys(builtinLanguages())) }

// of returns the words for a locale such as "fr-CI", else English.
func (l languages) of(locale string) language {
	primary, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(locale), "_", "-"), "-")
	if words, ok := l[primary]; ok {
		return words
	}
	return l[fallbackLanguage]
}
