package inhouse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse"
)

const ussdToken = "canary_0123456789-abcd"

// dialled is a generator that people may dial, with these settings of ussd.
func dialled(t *testing.T, ussd string) (string, []string) {
	t.Helper()
	text := `{transports: {sms: {kind: console}}, ussd: {` + ussd + `}}`
	_, said := load(t, text)
	return text, said
}

func TestCallbackIsTold(t *testing.T) {
	t.Parallel()
	text, said := dialled(t, `dial: "*920*7#", style: hubtel, token: `+ussdToken+
		`, sources: [198.51.100.7, 203.0.113.77/24, "2001:db8::/32", "::ffff:192.0.2.1"]`)
	if len(said) != 0 {
		t.Fatal(said)
	}
	options, _ := load(t, text)
	env := environment()
	env.Phone = new(phone)
	g, err := options.Build(env)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := g.(interface {
		Callback() (inhouse.Callback, bool)
	}).Callback()
	var sources []string
	for _, s := range c.Sources {
		sources = append(sources, s.String())
	}
	want := []string{"198.51.100.7/32", "203.0.113.0/24", "2001:db8::/32", "192.0.2.1/32"}
	if diff := cmp.Diff(want, sources); diff != "" || !ok || c.Style != "hubtel" || c.MaxPerMinute != 10 {
		t.Errorf("%v %+v\n%s", ok, c, diff)
	}
	if !c.Token.Equal(providers.NewSecret(ussdToken)) || strings.Contains(fmt.Sprintf("%+v %#v", c, options), "canary") {
		t.Errorf("the token is lost or shown: %+v", c)
	}
}

func TestDialStringAloneTakesNoCallbacks(t *testing.T) {
	t.Parallel()
	text, said := dialled(t, `dial: "*920*7#"`)
	options, _ := load(t, text)
	env := environment()
	env.Phone = new(phone)
	g, err := options.Build(env)
	if err != nil || len(said) != 0 {
		t.Fatal(err, said)
	}
	if c, ok := g.(interface {
		Callback() (inhouse.Callback, bool)
	}).Callback(); ok {
		t.Errorf("%+v", c)
	}
}

func TestMistakesOfACallback(t *testing.T) {
	t.Parallel()
	const (
		dial    = `dial: "*920*7#", `
		style   = `style: arkesel, `
		token   = `token: ` + ussdToken + `, `
		sources = `sources: [192.0.2.1]`
	)
	for name, c := range map[string]struct {
		ussd string
		want []string // beginnings of what is said, in order
	}{
		"style alone":    {dial + `style: hubtel`, []string{"ussd.token: ", "ussd.sources: "}},
		"token alone":    {dial + `token: ` + ussdToken, []string{"ussd.style: ", "ussd.sources: "}},
		"sources alone":  {dial + sources, []string{"ussd.style: ", "ussd.token: "}},
		"unknown style":  {dial + token + sources + `, style: pigeon`, []string{"ussd.style: callbacks need a style; use one of africastalking"}},
		"short token":    {dial + style + sources + `, token: abcdefghijklmnopqrs`, []string{"ussd.token: callbacks need a token of at least 20"}},
		"odd token":      {dial + style + sources + `, token: "abcdefghijklmnopqrs/u"`, []string{"ussd.token: "}},
		"foreign token":  {dial + style + sources + `, token: "äöüabcdefghijklmnopqrst"`, []string{"ussd.token: "}},
		"odd sources":    {dial + style + token + `sources: [localhost, 192.0.2.1, 192.0.2.1/33]`, []string{"ussd.sources.0: ", "ussd.sources.2: "}},
		"a zone":         {dial + style + token + `sources: ["fe80::1%eth0"]`, []string{"ussd.sources.0: "}},
		"everybody":      {dial + style + token + `sources: [0.0.0.0/0]`, []string{"warning ussd.sources.0: everybody may call"}},
		"nothing dialed": {style + token + sources, []string{"warning ussd.dial: nobody is told"}},
		"no callbacks":   {dial + `max_per_minute: 0`, []string{"ussd.max_per_minute: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, said := dialled(t, c.ussd)
			if len(said) != len(c.want) {
				t.Fatalf("said %q, want %q", said, c.want)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(said[i], want) {
					t.Errorf("said %q, want %q", said[i], want)
				}
				if strings.Contains(said[i], "abcdef") {
					t.Errorf("the token is shown: %q", said[i])
				}
			}
		})
	}
}
