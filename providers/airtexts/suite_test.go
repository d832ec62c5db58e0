package airtexts_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/airtexts"
	"github.com/otpgate/otpgate/providers/airtexts/airtextstwin"
	"github.com/otpgate/otpgate/providers/providertest"
	"github.com/otpgate/otpgate/providers/twin"
)

const (
	appID     = "myapp_123"
	apiKey    = "canary-api-key"
	apiSecret = "canary-api-secret"
	pair      = "Y2FuYXJ5LWFwaS1rZXk6Y2FuYXJ5LWFwaS1zZWNyZXQ="
	token     = "canary.bearer.token"
)

// TestSuite passes with each scheme, and with both ways in which a resend may treat the verification id.
func TestSuite(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*airtexts.Options)
		header map[string]string
		keepID bool
	}{
		"key, a resend has a new id": {
			func(*airtexts.Options) {}, map[string]string{"X-API-Key": apiKey, "X-API-Secret": apiSecret}, false,
		},
		"basic, a resend keeps the id": {
			func(o *airtexts.Options) { o.Auth = "basic" }, map[string]string{"Authorization": "Basic " + pair}, true,
		},
		"bearer": {
			func(o *airtexts.Options) { o.Auth = "bearer" }, map[string]string{"Authorization": "Bearer " + pair}, false,
		},
		"bearer with a token": {
			func(o *airtexts.Options) { o.Auth, o.Token = "bearer", providers.NewSecret(token) },
			map[string]string{"Authorization": "Bearer " + token}, false,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fixture()
			f.Start = func(t *testing.T, env providers.Environment) providertest.Bench {
				t.Helper()
				return start(t, env, test.keepID, test.change)
			}
			f.Wire = func(op string, x providertest.Exchange) providertest.Wire { return wire(op, x, test.header) }
			providertest.Run(t, f)
		})
	}
}

func fixture() providertest.Fixture {
	const anyShape = "the vendor shows no answers, so any object may be how it grants a delivery: that is ambiguous"
	return providertest.Fixture{
		Recipient: func(_ providers.Channel, tail string) providers.Recipient {
			return providers.NewPhone("+25884123"+tail, "MZ", "84123"+tail)
		},
		Code: func(text string) string {
			code, _, _ := strings.Cut(text, " ")
			return code
		},
		Secrets:  []string{apiKey, apiSecret, pair, token},
		Lifetime: 10 * time.Minute,
		Magic: map[twin.Trait]providers.Class{
			twin.NoBalance: providers.Exhausted,
			twin.TooMany:   providers.Throttled,
			twin.Broken:    providers.Transient,
			// What AirTexts answers to these is documented nowhere, so nothing is recognised.
			twin.Invalid:     providers.Unknown,
			twin.Barred:      providers.Unknown,
			twin.WrongSender: providers.Unknown,
		},
		Skip: map[string]string{
			"fault JSON of another API on send":                    anyShape,
			"fault JSON of another API after the effect on send":   anyShape,
			"fault JSON of another API on resend":                  anyShape,
			"fault JSON of another API after the effect on resend": anyShape,
		},
	}
}

func start(
	t *testing.T, env providers.Environment, keepID bool, change func(*airtexts.Options),
) providertest.Bench {
	t.Helper()
	one := airtextstwin.New(airtextstwin.Options{
		AppID: appID, APIKey: apiKey, APISecret: apiSecret, Token: token, KeepID: keepID,
	})
	server, err := twin.Start(one, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return providertest.Bench{
		Provider: build(t, env, server.URL, change), Server: server, Inbox: server.Twin.Inbox,
	}
}

func build(
	t *testing.T, env providers.Environment, baseURL string, change func(*airtexts.Options),
) *airtexts.Provider {
	t.Helper()
	o := airtexts.Kind().Options().(*airtexts.Options)
	o.BaseURL, o.AppID = baseURL, appID
	o.APIKey, o.APISecret = providers.NewSecret(apiKey), providers.NewSecret(apiSecret)
	change(o)
	built, err := o.Build(env)
	if err != nil {
		t.Fatal(err)
	}
	p := built.(*airtexts.Provider)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// wire is what the vendor's pages show, field by field; that of a resend is assumed.
func wire(op string, x providertest.Exchange, header map[string]string) providertest.Wire {
	to, id := x.Send.To.Address(), x.Handle.UpstreamID
	body := map[string]string{
		"send":   fmt.Sprintf(`{"appid":"myapp_123","recipient":%q,"channel":%q}`, to, x.Send.Channel),
		"resend": fmt.Sprintf(`{"appid":"myapp_123","recipient":%q,"verification_id":%q}`, to, id),
		"verify": fmt.Sprintf(
			`{"appid":"myapp_123","recipient":%q,"otp_code":%q,"verification_id":%q}`, to, x.Code, id),
	}
	w := providertest.Wire{
		Method: "POST",
		Path:   "/otp/" + op,
		Header: map[string]string{
			"Authorization": "", "X-API-Key": "", "X-API-Secret": "",
			"Content-Type": "application/json", "Accept": "application/json",
		},
		Body: body[op],
	}
	for name, value := range header {
		w.Header[name] = value
	}
	return w
}
