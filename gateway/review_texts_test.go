package gateway_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers/builtin"
)

func TestReviewMeasuresTexts(t *testing.T) {
	t.Parallel()
	const login = `login: {en: "{app}: {code} for {amount} {duration}"}`
	const shop = `shop: {name: Shop, `
	x := func(n int) string { return strings.Repeat("x", n) }
	english := func(text string) string { return `login: {en: ` + text + `}` }
	own := func(settings, text string) string { return shop + settings + `templates: {t: {en: ` + text + `}}, ` }
	for name, test := range map[string]struct{ from, to, refused, warned string }{
		"all is well": {login, login, "", ""},
		"the longest code and name count": {
			login, english(`"{app}{code}` + x(146) + `"`), "", "templates.login.en: by SMS it takes 2 segments",
		},
		"and fit otherwise": {login, english(`"{app}{code}` + x(145) + `"`), "", ""},
		"beyond the GSM alphabet": {
			login, english(`"{code} é o seu código, não o partilhe com ninguém, e não diga a ninguém"`), "",
			"templates.login.en: by SMS it takes 2 segments, each of which is paid for, with the longest code and name; it " +
				"travels as UCS-2, 70 characters to a segment in place of 160, because the GSM alphabet lacks ó ã",
		},
		"the text of the channel": {
			login, english(`{default: "{code}", sms: "{code}` + x(200) + `"}`), "", "templates.login.en.sms: by SMS it takes 2",
		},
		"the text of the others": {
			login, english(`{default: "{code}` + x(200) + `", email: "{code}"}`), "",
			"templates.login.en.default: by SMS it takes 2",
		},
		"mail may be long": {login, english(`{default: "{code}", email: "{code}` + x(900) + `"}`), "", ""},
		"more than SMS carries": {
			login, english(`"{code}` + x(950) + `"`), "templates.login.en: the text takes 7 short messages", "",
		},
		"more than is spoken": {
			login, english(`{default: "{code}", voice: "{code}` + x(500) + `"}`), "templates.login.en.voice: a text of 510", "",
		},
		"an app without voice": {
			shop, own(`channels: [sms], `, `{default: "{code}", voice: "{code}`+x(500)+`"}`), "", "",
		},
		"a text of the app's own": {shop, own("", `"{code}`+x(200)+`"`), "", "apps.shop.templates.t.en: by SMS it takes 2"},
		"a line for a website": {
			shop, own(`webotp: `+x(50)+`.example.com, `, `"{code}`+x(80)+`"`), "", "apps.shop.templates.t.en: by SMS it takes 2",
		},
		"more than Android reads": {
			shop, own(`countries: [GH], android_hash: FA+9qCX9VSu, `, `"{code}`+x(119)+`"`), "",
			"141 bytes with the longest code; Android's SMS Retriever reads up to 140",
		},
		"no more than it reads":   {shop, own(`countries: [GH], android_hash: FA+9qCX9VSu, `, `"{code}`+x(118)+`"`), "", ""},
		"in languages not spoken": {shop, shop + `countries: [GH, CI], webotp: example.com, `, "", ""},
		"below the built-in texts": {
			shop, shop + `webotp: example.com, `, "",
			`apps.shop: with what stands below it, the built-in text in "pt" takes 2 segments`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, file: filepath.Join(t.TempDir(), "config.yaml")}
			mail := strings.Replace(settings, "{sms: {kind: console}, email: {kind: console}}",
				`{sms: {kind: httpsms, url: "http://127.0.0.1:1", body: '{"to":"{to}","text":"{text}"}'}}`, 1)
			if !strings.Contains(mail, test.from) {
				t.Fatalf("the settings have no %s", test.from)
			}
			mail = strings.Replace(mail, test.from, test.to, 1)
			w.write("http://127.0.0.1:1", settings, mail)
			cfg, report := config.Load(w.file, config.Sources{Kinds: builtin.Kinds()})
			if err := report.Err(); err != nil {
				t.Fatal(err)
			}
			gateway.Review(cfg, report)
			said := func(list []config.Problem) string {
				var lines []string
				for _, p := range list {
					if !strings.HasPrefix(p.Path, "providers.") { // what a transport says of itself
						lines = append(lines, p.String())
					}
				}
				return strings.Join(lines, "\n")
			}
			refused, warned := said(report.Errors), said(report.Warnings)
			if test.refused == "" && refused != "" || !strings.Contains(refused, test.refused) {
				t.Errorf("refused %q", refused)
			}
			if test.warned == "" && warned != "" || !strings.Contains(warned, test.warned) {
				t.Errorf("warned of %q", warned)
			}
		})
	}
}
