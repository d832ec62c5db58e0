package smtp_test

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers/inhouse/smtp"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// letterOf is the letter that m becomes.
func letterOf(t *testing.T, options func(*smtp.Options), m transport.Message) received {
	t.Helper()
	server := startServer(t, new(mailServer))
	if _, err := build(t, server, options).Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return server.letters()[0]
}

func TestLetterHasTextAndPage(t *testing.T) {
	t.Parallel()
	m := suite().Message(1, "{code} is your code.\nDo not share it.")
	m.Subject = "Votre code de vérification"
	m.Locale = "fr-CI"
	parts := letterOf(t, nil, m).parts(t)
	if got := parts["text/plain"]; got != m.Text.Reveal() {
		t.Errorf("text %q", got)
	}
	page := parts["text/html"]
	for _, want := range []string{
		`<html lang="fr-CI">`, "<title>Votre code de vérification</title>", "font-size:32px", ">739101</p>",
		"739101 is your code.<br>\nDo not share it.</p>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
	if strings.Contains(page, "://") || strings.Contains(page, "src") || strings.Contains(page, "{") || len(parts) != 2 {
		t.Errorf("the page loads something, or is not filled in:\n%s", page)
	}
}

func TestPlainTextAlone(t *testing.T) {
	t.Parallel()
	parts := letterOf(t, func(o *smtp.Options) { o.HTML = "none" }, suite().Message(1, "{code}")).parts(t)
	if diff := cmp.Diff(map[string]string{"text/plain": "739101"}, parts); diff != "" {
		t.Error(diff)
	}
}

func TestPageOfTheOptions(t *testing.T) {
	t.Parallel()
	m := suite().Message(1, "Code {code}")
	page := letterOf(t, func(o *smtp.Options) {
		o.HTML = "<style>p {color: red}</style>\n<p lang=\"{locale}\">{app}: {code}<p>{text}<p>{subject}"
		o.Subject = "For {app}"
	}, m).parts(t)["text/html"]
	want := "<style>p {color: red}</style>\n<p lang=\"en\">Shop: 739101<p>Code 739101<p>For Shop"
	if diff := cmp.Diff(want, page); diff != "" {
		t.Error(diff)
	}
}

func TestValuesBringNoMarkupAndNoPlaceholders(t *testing.T) {
	t.Parallel()
	m := suite().Message(1, "{code} {app}<script>alert('x')</script>")
	m.Sender, m.Locale, m.Subject = `"><img src=x onerror=y> {code}`, `"><b>`, "<i>{text}</i>"
	options := func(o *smtp.Options) { o.HTML = `<p title="{app}" lang="{locale}">{text}|{subject}|{code}` }
	page := letterOf(t, options, m).parts(t)["text/html"]
	want := `<p title="&#34;&gt;&lt;img src=x onerror=y&gt; {code}" lang="&#34;&gt;&lt;b&gt;">` +
		`739101 {app}&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;|&lt;i&gt;{text}&lt;/i&gt;|739101`
	if diff := cmp.Diff(want, page); diff != "" {
		t.Error(diff)
	}
}

func TestPagesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"no place for the code": "<p>hello",
		"too large":             "{code}" + strings.Repeat("x", 64<<10),
		"an unknown one":        "{code} {amount}",
		"a control character":   "{code}\x00",
		"a script":              "{code}<SCRIPT>x</script>",
		"a stylesheet":          `{code}< link rel="stylesheet" href="https://cdn.test/x.css">`,
		"an image":              `{code}<img alt="" SRC = "https://shop.test/logo.png">`,
		"a background":          `{code}<td background="https://shop.test/x.png">`,
		"an image of a style":   "{code}<style>p {background: URL (x)}</style>",
		"an imported style":     `{code}<style>@import "x"</style>`,
		"a handler":             `{code}<p onclick="x()">`,
		"a refresh":             `{code}<meta http-equiv="Refresh" content="0">`,
		"a form":                `{code}<form action="https://evil.test">`,
	} {
		o, ok := smtp.Kind().Options().(*smtp.Options)
		if !ok {
			t.Fatal("unexpected options")
		}
		o.Host, o.From, o.HTML = "mail.test", "otp@shop.test", page
		b := new(block)
		if o.Check(b); !slices.Equal(b.places, []string{"html"}) {
			t.Errorf("%s: %v", name, b.places)
		}
	}
}

func TestSubjectByLocale(t *testing.T) {
	t.Parallel()
	options := func(o *smtp.Options) {
		o.Subject = "{app}: sign in"
		o.Subjects = map[string]string{"fr": "{app} : connexion", "pt-BR": "{app}: entrar"}
	}
	for locale, want := range map[string]string{
		"fr": "Shop : connexion", "fr-CI": "Shop : connexion", "pt-BR": "Shop: entrar",
		"pt": "Shop: sign in", "": "Shop: sign in",
	} {
		m := suite().Message(1, "{code}")
		m.Locale = locale
		parsed, err := mail.ReadMessage(strings.NewReader(letterOf(t, options, m).raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed.Header.Get("Subject"); got != want {
			t.Errorf("%s: %q, want %q", locale, got, want)
		}
	}
}

func TestBouncesGoToTheirAddress(t *testing.T) {
	t.Parallel()
	l := letterOf(t, func(o *smtp.Options) { o.Bounce = "bounces@returns.test" }, suite().Message(1, "{code}"))
	if l.from != "bounces@returns.test" {
		t.Errorf("the envelope is from %s", l.from)
	}
	if strings.Contains(l.raw, "returns.test") {
		t.Errorf("the letter names the address:\n%s", l.raw)
	}
	if !regexp.MustCompile(`(?m)^Message-ID: <[A-Z2-7]+@shop\.test>\r$`).MatchString(l.raw) {
		t.Errorf("the Message-ID is not of the sender's domain:\n%s", l.raw)
	}
}

// What a relay signs must reach its reader as it was: the same fields in the same order, each once, and no line that
// somebody on the way would break.
func TestLettersAreFitToBeSigned(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`(?m)^([A-Za-z-]+):`)
	var first []string
	for range 5 {
		m := suite().Message(1, "{code} "+strings.Repeat("é", 300))
		m.Subject, m.Sender = strings.Repeat("vérification ", 20), "Caisse d'épargne"
		l := letterOf(t, nil, m)
		header, _, _ := strings.Cut(l.raw, "\r\n\r\n")
		var fields []string
		for _, match := range name.FindAllStringSubmatch(header, -1) {
			fields = append(fields, match[1])
		}
		if first == nil {
			first = fields
		}
		if diff := cmp.Diff(first, fields); diff != "" {
			t.Error(diff)
		}
		for line := range strings.SplitSeq(l.raw, "\r\n") {
			if len(line) > 78 || strings.ContainsAny(line, "\r\n") || !isASCII(line) {
				t.Errorf("the line %q", line)
			}
		}
	}
	want := []string{"Auto-Submitted", "Date", "MIME-Version", "Message-ID", "Subject", "From", "To", "Content-Type"}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 126 })
}
