package httpsms_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms/httpsmstwin"
)

// options reads the settings of a transport as strictly as a configuration file is read.
func options(t *testing.T, text string) *httpsms.Options {
	t.Helper()
	o, ok := httpsms.Kind().Options().(*httpsms.Options)
	if !ok {
		t.Fatal("unexpected options")
	}
	if err := yaml.Load([]byte(text), o, yaml.WithKnownFields()); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	const (
		at   = `url: "https://api.example.com/sms", accept: [200]`
		body = `body: '{"to":"{to}","text":"{text}"}'`
		good = at + ", " + body
	)
	for name, test := range map[string]struct {
		text string
		want []string // beginnings of what is said, in order
	}{
		"that of the manual": {
			`kind: httpsms, url: "https://api.example.com/sms", method: POST, headers: {Authorization: "Bearer canary"}, ` +
				`body: '{"to":"{to}","text":"{text}"}', accept: [200, 202]`, nil,
		},
		"a condition": {good + `, success: {path: "data[0].status", values: [0, "sent", true]}`, nil},
		"several conditions": {
			good + `, success: [{path: a}, {path: b, min: 1}, {path: c, values: [x], optional: true}]`, nil,
		},
		"rules for refusals": {
			good + `, errors: [{status: 409, class: busy}, {path: code, values: [7], class: rejected}]`, nil,
		},
		"a form":                {at + `, form: {to: "{to}", text: "{text}", key: canary}`, nil},
		"a query":               {`method: GET, ` + at + `, query: {to: "{to}", text: "{text}"}`, nil},
		"everything in the URL": {`method: GET, accept: [200], url: "https://a.test/{to}/x?text={text}&n=%20{ref}"`, nil},
		"PUT":                   {`method: PUT, ` + good, nil},
		"the bare code":         {at + `, body: '{"to":"{to_digits}","parameter":"{code}"}'`, nil},
		"read out":              {`speak: true, ` + at + `, body: '{"to":"{to}","say":"Your code: {spoken}"}'`, nil},
		"local numbers":         {`country: GH, ` + at + `, form: {to: "{to_local}", text: "{text}"}`, nil},
		"plain http at home":    {`url: "http://127.0.0.1:8080/", accept: [200], ` + body, nil},
		"plain http on purpose": {`insecure: true, url: "http://a.test/", accept: [200], ` + body, nil},
		"XML": {
			at + `, headers: {content-type: "text/xml; charset=utf-8"}, body: "<to>{to}</to><t>{text}</t>"`, nil,
		},
		"another JSON": {at + `, headers: {Content-Type: application/vnd.api+json}, ` + body, nil},
		"another XML": {
			at + `, headers: {Content-Type: application/soap+xml}, body: "<to>{to}</to><t>{text}</t>"`, nil,
		},
		"a body that is a form": {
			at + `, headers: {Content-Type: application/x-www-form-urlencoded}, body: "t={to}&x={text}"`, nil,
		},
		"plain text": {at + `, headers: {Content-Type: text/plain, X-To: "{to}"}, body: "{text}"`, nil},
		"nothing": {
			``, []string{"url: is missing", "body: nothing carries", "body: nothing names", "success: warning"},
		},
		"no sign of success": {`url: "https://a.test", ` + body, []string{"success: warning: is empty"}},
		"no address":         {`url: "api.example.com", accept: [200], ` + body, []string{"url: is not an address"}},
		"no address at all":  {`url: "https://[", accept: [200], ` + body, []string{"url: is not an address"}},
		"a password in the URL": {
			`url: "https://u:canary@a.test", accept: [200], ` + body, []string{"url: holds a name or password"},
		},
		"a fragment": {
			`url: "https://a.test#x", accept: [200], ` + body, []string{"url: has a query or a fragment"},
		},
		"plain http":     {`url: "http://a.test/", accept: [200], ` + body, []string{"url: is plain http"}},
		"another scheme": {`url: "ftp://a.test/", accept: [200], ` + body, []string{"url: has an unknown scheme"}},
		"a host to be filled in": {
			`url: "https://{ref}.a.test/", accept: [200], ` + body, []string{"url: has a placeholder in its host"},
		},
		"a text in the path": {
			`url: "https://a.test/{text}", accept: [200], ` + body, []string{"url: holds a placeholder that cannot"},
		},
		"a query with a space": {
			`url: "https://a.test/?a=b c&d=e f", accept: [200], ` + body, []string{"url: has a query that is not"},
		},
		"another method":    {`method: DELETE, ` + good, []string{"method: is none of"}},
		"a GET with a body": {`method: GET, ` + good, []string{"method: a GET has no body"}},
		"a GET with a form": {
			`method: GET, ` + at + `, form: {to: "{to}", text: "{text}"}`, []string{"method: a GET has no body"},
		},
		"body and form": {good + `, form: {a: b}`, []string{"form: there is one body"}},
		"a form and its type": {
			at + `, headers: {Content-Type: text/xml}, form: {to: "{to}", t: "{text}"}`,
			[]string{"headers.Content-Type: a form has"},
		},
		"a type nobody knows": {
			at + `, headers: {Content-Type: image/png}, body: "{to}{text}"`,
			[]string{"headers.Content-Type: bodies can be", "body: nothing carries", "body: nothing names"},
		},
		"a type that is none": {
			at + `, headers: {Content-Type: ";"}, body: "{to}{text}"`,
			[]string{"headers.Content-Type: bodies can be", "body: nothing carries", "body: nothing names"},
		},
		"a body that is no JSON": {at + `, body: '{"to":"{to}","text":"{text}"'`, []string{"body: is no JSON"}},
		"a place without quotes": {at + `, body: '{"to":{to_digits},"text":"{text}"}'`, []string{"body: is no JSON"}},
		"an unknown placeholder": {
			at + `, body: '{"to":"{to}","text":"{text}{Text}"}'`, []string{"body: holds a placeholder"},
		},
		"one of presets": {
			at + `, body: '{"to":"{to}","text":"{text}{api_key}"}'`, []string{"body: holds a placeholder"},
		},
		"no text":      {at + `, body: '{"to":"{to}"}'`, []string{"body: nothing carries the text"}},
		"no recipient": {at + `, body: '{"text":"{text}"}'`, []string{"body: nothing names the recipient"}},
		"spoken unasked": {
			at + `, body: '{"to":"{to}","text":"{spoken}"}'`, []string{"body: {spoken} is for APIs", "body: nothing carries"},
		},
		"asked and not spoken":  {`speak: true, ` + good, []string{"speak: nothing is read out"}},
		"local without country": {at + `, form: {to: "{to_local}", text: "{text}"}`, []string{"country: is missing"}},
		"no country":            {`country: gha, ` + good, []string{"country: is no country"}},
		"a country in small":    {`country: gh, ` + good, []string{"country: is no country"}},
		"a negative timeout":    {`timeout: -1s, ` + good, []string{"timeout: a timeout is positive"}},
		"a header with no name": {good + `, headers: {"": canary}`, []string{"headers.: is no name"}},
		"a header of two words": {good + `, headers: {"X Key": canary}`, []string{"headers.X Key: is no name"}},
		"a header of its own":   {good + `, headers: {Host: canary}`, []string{"headers.Host: is a header that"}},
		"a header of two lines": {
			good + `, headers: {X-Key: "canary\nX: y"}`, []string{"headers.X-Key: holds a line break"},
		},
		"a header with the text": {good + `, headers: {X-Text: "{text}"}`, []string{"headers.X-Text: holds a placeholder"}},
		"half a pair":            {good + `, basic: {username: canary}`, []string{"basic: username and password"}},
		"the other half":         {good + `, basic: {password: canary}`, []string{"basic: username and password"}},
		"a name with a colon": {
			good + `, basic: {username: "a:b", password: canary}`, []string{"basic.username: a name that"},
		},
		"authorized twice": {
			good + `, basic: {username: a, password: canary}, headers: {authorization: canary}`,
			[]string{"basic: stands there twice"},
		},
		"a status of failure": {
			`url: "https://a.test", accept: [200, 404], ` + body, []string{"accept.1: is no status of success"},
		},
		"a condition nowhere":   {good + `, success: {values: [x]}`, []string{"success: is missing"}},
		"a condition elsewhere": {good + `, success: [{path: a}, {path: "a["}]`, []string{"success.1.path: is no path"}},
		"an id elsewhere":       {good + `, id_path: "a..b"`, []string{"id_path: is no path"}},
		"rules that say nothing": {
			good + `, errors: [{class: busy}, {status: 1, class: busy}, {status: 400, values: [x], class: busy}, ` +
				`{path: "[", values: [x], class: busy}, {path: a, class: gone}, {path: a}]`,
			[]string{
				"errors.0: says nothing", "errors.1.status: is no status", "errors.2.values: stand nowhere",
				"errors.3.path: is no path", "errors.4.class: is no class", "errors.5.class: is no class",
			},
		},
		"settings of presets": {
			good + `, api_key: canary, base_url: x`, []string{"api_key: belongs to a preset", "base_url: belongs to a preset"},
		},
		"a sender that may be missing": {
			at + `, body: '{"to":"{to}","text":"{text}","from":"{sender}"}'`, []string{"sender: warning: is empty"},
		},

		"a preset":                 {`preset: arkesel, api_key: canary, sender: Shop`, nil},
		"a preset at another host": {`preset: arkesel, api_key: canary, sender: Shop, base_url: "http://127.0.0.1:1/"`, nil},
		"a preset with a pair":     {`preset: hubtel-sms, client_id: canary, client_secret: canary, sender: Shop`, nil},
		"a preset with a route": {
			`preset: termii, base_url: "https://x.api.termii.com", api_key: canary, channel: generic, sender: Shop`, nil,
		},
		"a preset without sender": {`preset: zend-messages, api_key: canary`, nil},
		"a preset that warns":     {`preset: mnotify, api_key: canary`, []string{"sender: warning: is empty"}},
		"no such preset": {
			`preset: canary`, []string{"preset: there is no such preset; use one of: africastalking, africastalking-voice, "},
		},
		"no key": {`preset: arkesel`, []string{"api_key: is missing: the preset wants api_key"}},
		"half a key": {
			`preset: sendexa-sms, api_key: canary`, []string{"api_secret: is missing: the preset wants api_key and api_secret"},
		},
		"a key of another vendor": {
			`preset: arkesel, api_key: canary, client_id: canary, channel: dnd`,
			[]string{"channel: is nothing that the preset takes", "client_id: is nothing that the preset takes"},
		},
		"a key with a line break": {`preset: arkesel, api_key: "canary\n"`, []string{"api_key: holds a space"}},
		"a route that is none": {
			`preset: termii, base_url: "https://x", api_key: canary, channel: email`, []string{"channel: is not known"},
		},
		"no host": {`preset: termii, api_key: canary`, []string{"base_url: is missing"}},
		"a host in the clear": {
			`preset: arkesel, api_key: canary, base_url: "http://a.test"`, []string{"base_url: is plain http"},
		},
		"a host with a query": {
			`preset: arkesel, api_key: canary, base_url: "https://a.test?x"`, []string{"base_url: has a query"},
		},
		"a sender that is too long": {
			`preset: arkesel, api_key: canary, sender: twelve-chars`, []string{"sender: is too long: 11"},
		},
		"a preset that asks": {
			`preset: africastalking-voice, username: shop, api_key: canary, sender: "+254711082000", voices: {en: woman}, ` +
				`callback: {token: canary-token-of-the-calls}`, nil,
		},
		"a line that is a name": {
			`preset: africastalking-voice, username: shop, api_key: canary, sender: Shop, ` +
				`callback: {token: canary-token-of-the-calls}`, []string{"sender: is the number that calls"},
		},
		"no line": {
			`preset: africastalking-voice, username: shop, api_key: canary, ` +
				`callback: {token: canary-token-of-the-calls}`, []string{"sender: is the number that calls"},
		},
		"a preset and a contract": {
			`preset: arkesel, api_key: canary, sender: Shop, speak: true, method: PUT, ` + good + `, form: {a: b}, ` +
				`headers: {a: b}, query: {a: b}, basic: {username: a}, success: {path: a}, id_path: a, errors: [{}]`,
			[]string{
				"accept: is what", "basic: is what", "body: is what", "errors: is what", "form: is what", "headers: is what",
				"id_path: is what", "method: is what", "query: is what", "speak: is what", "success: is what", "url: is what",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t, "{"+test.text+"}")
			var said block
			o.Check(&said)
			if len(said) != len(test.want) {
				t.Fatalf("said %q, want %q", said, test.want)
			}
			refused := false
			for i, start := range test.want {
				if !strings.HasPrefix(said[i], start) || strings.Contains(said[i], "canary") {
					t.Errorf("said %q, want %q", said[i], start)
				}
				refused = refused || !strings.Contains(start, "warning")
			}
			if printed := fmt.Sprintf("%v %+v %#v", o, o, o); strings.Contains(printed, "canary") && name != "no such preset" {
				t.Errorf("printed options show a secret: %s", printed)
			}
			if o.Timeout < 0 || o.Country != "" && o.Country != "GH" || o.Sender == "twelve-chars" {
				return // what Check refuses and Build can live with
			}
			tr, err := o.Build(providers.Environment{Name: "own"})
			if (err != nil) != refused || err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("built: %v", err)
			}
			if err == nil && tr == nil {
				t.Error("built nothing")
			}
		})
	}
}

func TestNarrow(t *testing.T) {
	t.Parallel()
	all := providers.Coverage{
		Length: providers.Range[int]{Min: 4, Max: 10}, Alphabets: providers.Alphabets(), Message: true, Prefix: true,
	}
	called := all
	called.Length.Max, called.Alphabets = 8, []providers.Alphabet{providers.Numeric}
	called.Message, called.Prefix = false, false
	played := called
	played.Length.Max = 10
	described := httpsms.Options{Recordings: "/etc/otpgate/recordings"}
	if got, err := described.Narrow(all); err != nil || cmp.Diff(played, got) != "" {
		t.Errorf("a described API that plays a file: %+v %v", got, err)
	}
	for name, test := range map[string]struct {
		preset  string
		channel providers.Channel
		want    providers.Coverage
		refused string // holds this; empty: it is not refused
	}{
		"an API that is described": {"", providers.Voice, all, ""},
		"a preset that asks":       {"africastalking-voice", providers.Voice, all, ""},
		"one that plays a file":    {"arkesel-voice", providers.Voice, played, ""},
		"files as SMS":             {"arkesel-voice", providers.SMS, all, "arkesel-voice serves voice only"},
		"a preset":                 {"arkesel", providers.SMS, all, ""},
		"a preset that calls":      {"termii-voice", providers.Voice, called, ""},
		"SMS where calls are":      {"arkesel", providers.Voice, all, "arkesel serves sms only"},
		"calls where SMS are":      {"termii-voice", providers.SMS, all, "termii-voice serves voice only"},
		"a preset on WhatsApp":     {"zend-messages", providers.WhatsApp, all, "zend-messages serves sms only"},
		"no such preset":           {"pigeon", providers.SMS, all, ""}, // Check has said so
	} {
		c := all
		c.Channel, test.want.Channel = test.channel, test.channel
		got, err := (&httpsms.Options{Preset: test.preset}).Narrow(c)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if (err != nil) != (test.refused != "") || err != nil && !strings.Contains(err.Error(), test.refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConditionsOfAnotherShapeAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`success: sent`, `success: [a, b]`, `success: {path: [a]}`, `success: {paths: a}`} {
		if err := yaml.Load([]byte(text), new(httpsms.Options), yaml.WithKnownFields()); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

// TestExamplesOfTheManualAreGood reads every example in README.md that shows transports.
func TestExamplesOfTheManualAreGood(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	recordings := t.TempDir()
	if err := httpsmstwin.Record(recordings, "en"); err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(manual), -1)
	if len(examples) < 2 {
		t.Fatalf("only %d examples were found", len(examples))
	}
	for _, example := range examples {
		var transports map[string]httpsms.Options
		if err := yaml.Load([]byte(example[1]), &transports, yaml.WithKnownFields()); err != nil {
			t.Fatalf("%v in\n%s", err, example[1])
		}
		for name, o := range transports {
			if o.Recordings != "" {
				o.Recordings = recordings
			}
			var said block
			if o.Check(&said); len(said) != 0 {
				t.Errorf("%s: said %q", name, said)
			}
		}
	}
}

func TestTimeoutOfTheProviderHolds(t *testing.T) {
	t.Parallel()
	o := options(t, `{preset: arkesel, api_key: canary, sender: Shop, timeout: 3s}`)
	if o.Timeout != 3*time.Second {
		t.Errorf("got %v", o.Timeout)
	}
}
