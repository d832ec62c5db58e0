package smtp

import (
	"cmp"
	_ "embed" // the built-in page
	"errors"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// builtinPage shows the code large, and the text below it. Like every page it fetches nothing.
//
//go:embed letter.html
var builtinPage string

// noPage is the value of the option html for letters of plain text alone.
const noPage = "none"

// maxPage is the largest page, in bytes. Mail programs cut larger ones.
const maxPage = 64 << 10

// placeholders are those of a page.
func placeholders() []string { return []string{"code", "text", "app", "subject", "locale"} }

var (
	placeholder = regexp.MustCompile(`\{[A-Za-z_]+\}`)
	// fetching is what makes a mail program load or run something: whoever serves that would learn who reads a code, and
	// when.
	fetching = regexp.MustCompile(`(?i)<\s*(script|link|i?frame|object|embed|base|form|applet)\b` +
		`|\b(src|srcset|background|poster|action|data)\s*=|\bon[a-z]+\s*=|url\s*\(|@import|http-equiv\s*=\s*["']?\s*refresh`)
)

// checkPage tells what is wrong with a page of the options, or returns nil.
func checkPage(page string) error {
	switch {
	case page == "" || page == noPage:
		return nil
	case len(page) > maxPage:
		return fmt.Errorf("the page has %d bytes; mail programs cut what has more than %d", len(page), maxPage)
	case !strings.Contains(page, "{code}") && !strings.Contains(page, "{text}"):
		return errors.New("the page has neither {code} nor {text}; write one of them, or none for text alone")
	case fetching.MatchString(page):
		return errors.New("the page would load or run something, which tells others who reads a code; use text and styles")
	case strings.ContainsFunc(page, control):
		return errors.New("the page holds control characters; only line breaks and tabs are allowed")
	}
	for _, found := range placeholder.FindAllString(page, -1) {
		if !slices.Contains(placeholders(), strings.Trim(found, "{}")) {
			return errors.New("the page has a placeholder that nobody fills; use {code}, {text}, {app}, {subject}, {locale}")
		}
	}
	return nil
}

// control tells whether r is a control character, other than those that break and indent lines.
func control(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) }

// pageOf is m as HTML; empty: there is none. Values are escaped and put in once, so that none brings markup or a
// placeholder.
func (w writer) pageOf(m transport.Message, subject string) string {
	if w.page == noPage {
		return ""
	}
	text := strings.ReplaceAll(html.EscapeString(m.Text.Reveal()), "\n", "<br>\n")
	return strings.NewReplacer(
		"{code}", html.EscapeString(m.Code.Reveal()),
		"{text}", text,
		"{app}", html.EscapeString(cmp.Or(m.Sender, m.App)),
		"{subject}", html.EscapeString(subject),
		"{locale}", html.EscapeString(cmp.Or(m.Locale, "en")),
	).Replace(cmp.Or(w.page, builtinPage))
}
