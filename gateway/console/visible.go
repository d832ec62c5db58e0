package console

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestText is how many bytes of a foreign text are shown.
const longestText = 4000

// visible is a text of an app or an upstream as it may be shown: not too long, and unmasked.
func visible(text string) string {
	if len(text) > longestText {
		text = strings.ToValidUTF8(text[:longestText], "") + "…"
	}
	return unmask(text)
}

// unmask writes characters that hide, or that change the direction or the line of what follows, as their code points.
// Line feeds stay.
func unmask(text string) string {
	if utf8.ValidString(text) && !strings.ContainsFunc(text, hides) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hides(r) {
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		} else {
			b.WriteRune(r) // a byte that is no UTF-8 was read as U+FFFD
		}
	}
	return b.String()
}

func hides(r rune) bool {
	return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)
}
