package inhouse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse"
)

// block is a piece of a configuration file, as strict as the real one. It collects what is said about it.
type block struct {
	root *yaml.Node
	said []string
}

func (b *block) Refuse(text string, path ...string) {
	b.said = append(b.said, strings.Join(path, ".")+": "+text)
}

func (b *block) Warn(text string, path ...string) {
	b.said = append(b.said, "warning "+strings.Join(path, ".")+": "+text)
}

func (b *block) Decode(into any, path ...string) bool {
	node := b.root
	for _, name := range path {
		at := slices.IndexFunc(node.Content, func(n *yaml.Node) bool { return n.Value == name })
		node = node.Content[at+1]
	}
	if err := node.Load(into, yaml.WithKnownFields()); err != nil {
		b.Refuse(err.Error(), path...)
		return false
	}
	return true
}

// load reads the text of a `with` block and checks it.
func load(t *testing.T, text string) (providers.Options, []string) {
	t.Helper()
	var document yaml.Node
	if err := yaml.Load([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	b := &block{root: &document}
	if b.root.Kind == yaml.DocumentNode {
		b.root = b.root.Content[0]
	}
	options := inhouse.Kind().Options()
	if b.Decode(options) {
		options.Check(b)
	}
	return options, b.said
}

type phone struct{ texts []string }

func (p *phone) Receive(_ providers.Channel, _ providers.Recipient, _, text string) {
	p.texts = append(p.texts, text)
}

const good = `
transports:
  sms: {kind: console}
  email:
    kind: smtp
    host: 127.0.0.1
    port: 587
    tls: starttls
    username: u
    password: canary-password
    from: "Shop <otp@example.com>"
ussd: {dial: "*920*7#"}
`

func environment() providers.Environment {
	return providers.Environment{
		Name:     "own",
		CodeKeys: []providers.CodeKey{{ID: "k1", Key: providers.NewSecret(strings.Repeat("k", 32))}},
	}
}

func TestConfiguredGeneratorWorks(t *testing.T) {
	t.Parallel()
	options, said := load(t, good)
	if len(said) != 0 {
		t.Fatal(said)
	}
	env := environment()
	p := new(phone)
	env.Phone = p
	g, err := options.Build(env)
	if err != nil {
		t.Fatal(err)
	}
	var channels []providers.Channel
	for _, c := range g.Info().Coverage {
		channels = append(channels, c.Channel)
	}
	if diff := cmp.Diff([]providers.Channel{providers.Email, providers.SMS}, channels); diff != "" {
		t.Error(diff)
	}
	h, err := g.Send(t.Context(), providers.SendRequest{
		Channel: providers.SMS, To: providers.NewPhone("+233201234567", "GH", "0201234567"), Message: "{code}",
	})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := g.Verify(t.Context(), h, providers.NewSecret(p.texts[0])); err != nil || !v.Match {
		t.Errorf("got %+v %v", v, err)
	}
}

// What a transport can grant is not always what the generator can.
func TestCoverageIsThatOfTheTransport(t *testing.T) {
	t.Parallel()
	options, said := load(t, `
transports:
  sms: {kind: smpp, host: 127.0.0.1, tls: false, system_id: otp, password: canary, sender: Shop}
  voice: {kind: httpsms, preset: termii-voice, base_url: "https://a.test", api_key: canary}
  whatsapp: {kind: whatsapp, phone_number_id: "1", token: canary, template: otp}
`)
	if len(said) != 1 || !strings.HasPrefix(said[0], "warning transports.whatsapp.app_secret") {
		t.Fatal(said)
	}
	g, err := options.Build(environment())
	if err != nil {
		t.Fatal(err)
	}
	type able struct {
		longest       int
		letters, text bool
	}
	got := map[providers.Channel]able{}
	for _, c := range g.Info().Coverage {
		got[c.Channel] = able{c.Length.Max, slices.Contains(c.Alphabets, providers.Alphabetic), c.Message && c.Prefix}
	}
	want := map[providers.Channel]able{
		providers.SMS: {10, true, true}, providers.Voice: {8, false, false}, providers.WhatsApp: {10, true, false},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(able{})); diff != "" {
		t.Error(diff)
	}
}

func TestOptionsShowNoSecret(t *testing.T) {
	t.Parallel()
	options, _ := load(t, good)
	if printed := fmt.Sprintf("%+v %#v %v", options, options, options); strings.Contains(printed, "canary") {
		t.Errorf("printed options show the password: %s", printed)
	}
}

func TestConsoleOutsideASandboxIsRefused(t *testing.T) {
	t.Parallel()
	options, _ := load(t, good)
	_, err := options.Build(environment())
	if err == nil || !strings.Contains(err.Error(), "transport for sms: kind console") {
		t.Errorf("got %v", err)
	}
}

func TestEveryMistakeIsReported(t *testing.T) {
	t.Parallel()
	const mail = `kind: smtp, host: h.test, from: a@b.test`
	for name, c := range map[string]struct {
		text string
		want []string // beginnings of what is said, in order
	}{
		"no transport":         {`{}`, []string{"transports: there is no transport"}},
		"no transports at all": {`transports: {}`, []string{"transports: there is no transport"}},
		"unknown channel": {
			`transports: {pigeon: {kind: console}}`,
			[]string{"transports.pigeon: there is no such channel"},
		},
		"ussd has no transport": {
			`transports: {ussd: {kind: console}}`,
			[]string{"transports.ussd: ussd needs no transport"},
		},
		"unknown kind": {
			`transports: {sms: {kind: pigeon}}`,
			[]string{"transports.sms.kind: there is no such kind of transport; use one of: console, httpsms, smpp, smtp"},
		},
		"no kind":         {`transports: {sms: {}}`, []string{"transports.sms.kind: there is no such kind"}},
		"empty transport": {`transports: {sms: }`, []string{"transports.sms.kind: there is no such kind"}},
		"kind on wrong channel": {
			`transports: {sms: {` + mail + `}}`,
			[]string{"transports.sms.kind: smtp cannot serve this channel; it serves [email]"},
		},
		"preset on wrong channel": {
			`transports: {voice: {kind: httpsms, preset: arkesel, api_key: canary, sender: Shop}}`,
			[]string{"transports.voice: the preset arkesel serves sms only"},
		},
		"preset that only calls": {
			`transports: {sms: {kind: httpsms, preset: termii-voice, base_url: "https://a.test", api_key: canary}}`,
			[]string{"transports.sms: the preset termii-voice serves voice only"},
		},
		"unknown preset": {
			`transports: {voice: {kind: httpsms, preset: pigeon}}`, []string{"transports.voice.preset: there is no such preset"},
		},
		"unknown setting":       {`transports: {sms: {kind: console, color: red}}`, []string{"transports.sms: "}},
		"setting of wrong type": {`transports: {email: {` + mail + `, port: many}}`, []string{"transports.email: "}},
		"transport is no block": {`transports: {sms: console}`, []string{": "}},
		"unknown field":         {`{transports: {sms: {kind: console}}, colour: red}`, []string{": "}},
		"dial string": {
			`{transports: {sms: {kind: console}}, ussd: {dial: "920"}}`,
			[]string{"ussd.dial: a dial string"},
		},
		"dial string, letters": {
			`{transports: {sms: {kind: console}}, ussd: {dial: "*9x#"}}`,
			[]string{"ussd.dial: a dial string"},
		},
		"dial string, too short": {
			`{transports: {sms: {kind: console}}, ussd: {dial: "*"}}`,
			[]string{"ussd.dial: a dial string"},
		},
		"several at once": {
			`{transports: {email: {kind: smtp}, sms: {kind: no}}, ussd: {dial: x}}`,
			[]string{
				"transports.email.host: the name", "transports.email.from: the sender",
				"transports.sms.kind: there is", "ussd.dial: ",
			},
		},
		"a warning": {
			`transports: {email: {` + mail + `, tls: none, insecure: true, username: u, password: p}}`,
			[]string{"warning transports.email.tls: the password travels in the clear"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, said := load(t, c.text)
			if len(said) != len(c.want) {
				t.Fatalf("said %q, want %q", said, c.want)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(said[i], want) {
					t.Errorf("said %q, want %q", said[i], want)
				}
			}
		})
	}
}
