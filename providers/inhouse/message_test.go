package inhouse

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestMessageIsFilled(t *testing.T) {
	t.Parallel()
	v := values{code: "482913", amount: "5", duration: "minutes", app: "shop", prefix: "ZDSQ"}
	for name, c := range map[string]struct{ message, want string }{
		"all placeholders":         {"{app}: {code}, {amount} {duration}", "shop: 482913, 5 minutes"},
		"a prefix":                 {"{prefix}-{code}", "ZDSQ-482913"},
		"twice":                    {"{code} {code}", "482913 482913"},
		"side by side":             {"{code}{amount}", "4829135"},
		"no placeholder":           {"hello", "hello"},
		"empty":                    {"", ""},
		"unknown ones stay":        {"{name} {code} {CODE} { code }", "{name} 482913 {CODE} { code }"},
		"brackets alone":           {"} { {} {{code}} {", "} { {} {482913} {"},
		"a bracket left open":      {"{app {code}", "{app 482913"},
		"line breaks are kept":     {"{code}\r\nbye\n", "482913\nbye\n"},
		"tabs are spaces":          {"{code}\tbye", "482913 bye"},
		"control characters go":    {"\x00{code}\x1b[2J\x7f\u0085\r!", "482913[2J!"},
		"direction marks go":       {"\u202e{code}\u2066\u200f\ufeff", "482913"},
		"line separators go":       {"{code}\u2028\u2029", "482913"},
		"broken utf-8 is replaced": {"{code}\xff!", "482913\uFFFD!"},
	} {
		if got := parse(c.message).fill(v); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestValuesBringNoPlaceholders(t *testing.T) {
	t.Parallel()
	v := values{code: "482913", amount: "{code}", duration: "{app}", app: "{co\x00de}\r\n{amount}"}
	if got, want := parse("{app}|{amount}|{duration}").fill(v), "{code}\n{amount}|{code}|{app}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := parse("{{app}").fill(values{app: "code}"}), "{code}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSenderIsOneLine(t *testing.T) {
	t.Parallel()
	if got := cleanLine(" Shop\r\nBcc: x\x00\t"); got != "Shop Bcc: x" {
		t.Errorf("got %q", got)
	}
}

func TestLifeOfACodeInWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		locale string
		expiry time.Duration
		want   string
	}{
		{"en", time.Minute, "1 minute"},
		{"en", 5 * time.Minute, "5 minutes"},
		{"en", 119 * time.Second, "1 minute"}, // never more than there is
		{"en", 20 * time.Second, "1 minute"},  // but never none
		{"en", time.Hour, "1 hour"},
		{"en", 90 * time.Minute, "90 minutes"},
		{"en", 24 * time.Hour, "24 hours"},
		{"fr", time.Minute, "1 minute"},
		{"fr", 10 * time.Minute, "10 minutes"},
		{"fr-CI", time.Hour, "1 heure"},
		{"FR_fr", 2 * time.Hour, "2 heures"},
		{"pt-BR", time.Minute, "1 minuto"},
		{"pt", 3 * time.Hour, "3 horas"},
		{"sw-KE", 5 * time.Minute, "5 dakika"},
		{"sw", time.Hour, "1 saa"},
		{"tlh", 5 * time.Minute, "5 minutes"}, // unknown: English
		{"", 5 * time.Minute, "5 minutes"},
	} {
		amount, duration := builtinLanguages().of(c.locale).life(c.expiry)
		if got := amount + " " + duration; got != c.want {
			t.Errorf("%s, %v: got %q, want %q", c.locale, c.expiry, got, c.want)
		}
	}
}

// GSM 03.38 has 160 characters to an SMS. A text beyond that alphabet has 70.
func TestBuiltinTextsFitOneSMS(t *testing.T) {
	t.Parallel()
	const gsm = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿" +
		"abcdefghijklmnopqrstuvwxyzäöñüà"
	for name, words := range builtinLanguages() {
		amount, duration := words.life(1439 * time.Minute)
		text := words.text.fill(values{code: strings.Repeat("8", maxLength), amount: amount, duration: duration})
		limit := 160
		if strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(gsm, r) }) {
			limit = 70
		}
		if n := utf8.RuneCountInString(text); n > limit {
			t.Errorf("%s: %d characters, %d fit: %s", name, n, limit, text)
		}
		if !strings.HasPrefix(text, "88888") || strings.Contains(text, "{") || words.subject == "" {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("{app}: your code is {code}. It expires in {amount} {duration}.", "shop", "482913")
	f.Add("{{code}}{", "{code}", "{amount}")
	f.Add("\x00{co\u202ede}\r\n", "\xff", "")
	f.Fuzz(func(t *testing.T, message, app, code string) {
		got := parse(message).fill(values{code: code, amount: "5", duration: "minutes", app: app})
		if !utf8.ValidString(got) || clean(got) != got {
			t.Fatalf("%q: not clean: %q", message, got)
		}
		// Filling without values leaves just what the author wrote between the placeholders.
		bare := clean(message)
		for _, name := range []string{"code", "amount", "duration", "app", "prefix"} {
			bare = strings.ReplaceAll(bare, "{"+name+"}", "\x00")
		}
		bare = strings.ReplaceAll(bare, "\x00", "")
		if empty := parse(message).fill(values{}); empty != bare {
			t.Fatalf("%q without values is %q, want %q", message, empty, bare)
		}
	})
}
