package sendexa_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/providertest"
	"github.com/otpgate/otpgate/providers/sendexa"
	"github.com/otpgate/otpgate/providers/sendexa/sendexatwin"
	"github.com/otpgate/otpgate/providers/twin"
)

const (
	apiKey    = "canary-api-key"
	apiSecret = "canary-api-secret"
	token     = "Y2FuYXJ5LWFwaS1rZXk6Y2FuYXJ5LWFwaS1zZWNyZXQ="
)

// TestSuite runs in both dialects, each with another header.
func TestSuite(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"id", "phone"} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, fixture(dialect))
		})
	}
}

func fixture(dialect string) providertest.Fixture {
	cooldown := map[string]time.Duration{"id": time.Minute, "phone": 30 * time.Second}
	return providertest.Fixture{
		Start: func(t *testing.T, env providers.Environment) providertest.Bench { return start(t, env, dialect) },
		Recipient: func(_ providers.Channel, tail string) providers.Recipient {
			return providers.NewPhone("+23320123"+tail, "GH", "020123"+tail)
		},
		Code: func(text string) string {
			_, after, _ := strings.Cut(text, "Your code is ")
			code, _, _ := strings.Cut(after, ".")
			return code
		},
		Secrets:  []string{apiKey, apiSecret, token},
		Wire:     func(op string, x providertest.Exchange) providertest.Wire { return wire(dialect, op, x) },
		Lifetime: 5 * time.Minute,
		Cooldown: cooldown[dialect],
		Magic: map[twin.Trait]providers.Class{
			twin.Invalid:     providers.Rejected,
			twin.Barred:      providers.Rejected,
			twin.NoBalance:   providers.Exhausted,
			twin.WrongSender: providers.Unsupported,
			twin.TooMany:     providers.Throttled,
			twin.Broken:      providers.Transient,
		},
	}
}

func start(t *testing.T, env providers.Environment, dialect string) providertest.Bench {
	t.Helper()
	one := sendexatwin.New(sendexatwin.Options{APIKey: apiKey, APISecret: apiSecret})
	server, err := twin.Start(one, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return providertest.Bench{Provider: build(t, env, server.URL, dialect), Server: server, Inbox: server.Twin.Inbox}
}

// build makes a provider: by id with the defaults, by phone with the other header.
func build(t *testing.T, env providers.Environment, baseURL, dialect string) *sendexa.Provider {
	t.Helper()
	o := sendexa.Kind().Options().(*sendexa.Options)
	o.BaseURL, o.Sender, o.Dialect = baseURL, "MyBrand", dialect
	o.APIKey, o.APISecret = providers.NewSecret(apiKey), providers.NewSecret(apiSecret)
	if dialect == "phone" {
		o.Auth = "basic"
	}
	built, err := o.Build(env)
	if err != nil {
		t.Fatal(err)
	}
	p := built.(*sendexa.Provider)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// wire is what the vendor's pages show, field by field.
func wire(dialect, op string, x providertest.Exchange) providertest.Wire {
	phone, id := x.Send.To.National(), x.Handle.UpstreamID
	header := map[string]string{"X-Api-Key": token, "Authorization": "", "Accept": "application/json"}
	path := map[string]string{"send": "request", "verify": "verify", "resend": "resend/" + id}
	body := map[string]string{
		"verify": fmt.Sprintf(`{"id":%q,"pin":%q}`, id, x.Code),
		"resend": "",
	}
	if dialect == "phone" {
		header["X-Api-Key"], header["Authorization"] = "", "Basic "+token
		path["resend"] = "resend"
		body["verify"] = fmt.Sprintf(`{"phone":%q,"code":%q,"id":%q}`, phone, x.Code, id)
		body["resend"] = fmt.Sprintf(`{"phone":%q,"id":%q}`, phone, id)
	}
	body["send"] = `{"phone":"` + phone + `","from":"MyBrand","pinLength":6,"pinType":"NUMERIC",` +
		`"expiry":{"amount":5,"duration":"minutes"},"maxAmountOfValidationRetries":3}`
	if body[op] != "" {
		header["Content-Type"] = "application/json"
	}
	return providertest.Wire{Method: "POST", Path: "/v1/otp/" + path[op], Header: header, Body: body[op]}
}
