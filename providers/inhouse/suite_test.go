package inhouse_test

import (
	"crypto/rand"
	"regexp"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/providertest"
	"github.com/otpgate/otpgate/providers/twin"
)

const canaryKey = "canary-key-of-more-than-32-bytes!"

func TestSuite(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`[0-9A-Z]{4,10}`)
	providertest.Run(t, providertest.Fixture{
		Start: func(t *testing.T, env providers.Environment) providertest.Bench {
			t.Helper()
			options, said := load(t, `transports: {sms: {kind: console}, voice: {kind: console}}`)
			if len(said) != 0 {
				t.Fatal(said)
			}
			inbox := new(twin.Inbox)
			// A key id of its own: what one gateway has sent, another knows nothing of.
			env.CodeKeys = []providers.CodeKey{{ID: rand.Text(), Key: providers.NewSecret(canaryKey)}}
			env.Phone = inbox
			p, err := options.Build(env)
			if err != nil {
				t.Fatal(err)
			}
			return providertest.Bench{Provider: p, Inbox: inbox}
		},
		Recipient: func(_ providers.Channel, tail string) providers.Recipient {
			return providers.NewPhone("+23320123"+tail, "GH", "020123"+tail)
		},
		Code:    code.FindString,
		Secrets: []string{canaryKey},
		Skip: map[string]string{
			"the right code is approved once": "the generator keeps nothing; single use is the gateway's affair",
		},
	})
}
