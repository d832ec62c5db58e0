package hubtel_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/hubtel"
	"github.com/otpgate/otpgate/providers/hubtel/hubteltwin"
	"github.com/otpgate/otpgate/providers/providertest"
	"github.com/otpgate/otpgate/providers/twin"
)

const (
	clientID     = "canary-client-id"
	clientSecret = "canary-client-secret"
	basic        = "Basic Y2FuYXJ5LWNsaWVudC1pZDpjYW5hcnktY2xpZW50LXNlY3JldA=="
)

func TestSuite(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Fixture{
		Start: start,
		Recipient: func(_ providers.Channel, tail string) providers.Recipient {
			return providers.NewPhone("+23320123"+tail, "GH", "020123"+tail)
		},
		Code: func(text string) string {
			_, code, _ := strings.Cut(text, "-")
			return code
		},
		Secrets:  []string{clientID, clientSecret, strings.TrimPrefix(basic, "Basic ")},
		Wire:     wire,
		Lifetime: 10 * time.Minute,
		Magic: map[twin.Trait]providers.Class{
			twin.NoBalance: providers.Exhausted,
			twin.TooMany:   providers.Throttled,
			twin.Broken:    providers.Transient,
			// What Hubtel answers to these is documented nowhere, so nothing is recognised.
			twin.Invalid:     providers.Unknown,
			twin.Barred:      providers.Unknown,
			twin.WrongSender: providers.Unknown,
		},
		Skip: map[string]string{
			"fault empty body on verify":                  "an empty 200 is how Hubtel says yes",
			"fault empty body after the effect on verify": "an empty 200 is how Hubtel says yes",
		},
	})
}

func start(t *testing.T, env providers.Environment) providertest.Bench {
	t.Helper()
	one := hubteltwin.New(hubteltwin.Options{ClientID: clientID, ClientSecret: clientSecret})
	server, err := twin.Start(one, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return providertest.Bench{Provider: build(t, env, server.URL), Server: server, Inbox: server.Twin.Inbox}
}

func build(t *testing.T, env providers.Environment, baseURL string) *hubtel.Provider {
	t.Helper()
	o := hubtel.Kind().Options().(*hubtel.Options)
	o.BaseURL, o.Sender = baseURL, "MyBrand"
	o.ClientID, o.ClientSecret = providers.NewSecret(clientID), providers.NewSecret(clientSecret)
	built, err := o.Build(env)
	if err != nil {
		t.Fatal(err)
	}
	p := built.(*hubtel.Provider)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// wire is what the vendor's page shows, field by field.
func wire(op string, x providertest.Exchange) providertest.Wire {
	body := map[string]string{
		"send":   fmt.Sprintf(`{"senderId":"MyBrand","phoneNumber":%q,"countryCode":"GH"}`, x.Send.To.Address()),
		"resend": fmt.Sprintf(`{"requestId":%q}`, x.Handle.UpstreamID),
		"verify": fmt.Sprintf(`{"requestId":%q,"prefix":%q,"code":%q}`, x.Handle.UpstreamID, x.Handle.Prefix, x.Code),
	}
	return providertest.Wire{
		Method: "POST",
		Path:   "/otp/" + op,
		Header: map[string]string{
			"Authorization": basic, "Content-Type": "application/json", "Accept": "application/json",
		},
		Body: body[op],
	}
}
