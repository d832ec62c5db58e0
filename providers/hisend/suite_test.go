package hisend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/hisend"
	"github.com/otpgate/otpgate/providers/hisend/hisendtwin"
	"github.com/otpgate/otpgate/providers/providertest"
	"github.com/otpgate/otpgate/providers/twin"
)

// apiKey has to be escaped in a query.
const (
	apiKey  = "canary+key/7f3a"
	escaped = "canary%2Bkey%2F7f3a"
)

// TestSuite runs on the settings that an operator gets unasked.
func TestSuite(t *testing.T) {
	t.Parallel()
	providertest.Run(t, fixture(variant{
		credentials: "api_key=" + escaped + "&",
		references:  []string{"otp_reference", "reference"},
		change:      func(*hisend.Options) {},
	}))
}

// TestSuiteOfOtherSettings runs on the other place of the key, one name of the reference, and WhatsApp.
func TestSuiteOfOtherSettings(t *testing.T) {
	t.Parallel()
	providertest.Run(t, fixture(variant{
		header:     map[string]string{"Api-Key": apiKey},
		references: []string{"otp_reference"},
		change: func(o *hisend.Options) {
			o.Auth, o.ReferenceNames, o.WhatsApp = "header", "otp_reference", true
		},
	}))
}

// variant is one way to set the kind up, and what it does to requests.
type variant struct {
	credentials string            // in the query
	header      map[string]string // besides those of every request
	references  []string          // names of the reference
	change      func(*hisend.Options)
}

func fixture(v variant) providertest.Fixture {
	return providertest.Fixture{
		Start: func(t *testing.T, env providers.Environment) providertest.Bench {
			t.Helper()
			o := hisendtwin.Options{APIKey: apiKey}
			if len(v.references) == 1 {
				o.ReferenceName = v.references[0]
			}
			server, err := twin.Start(hisendtwin.New(o), "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })
			p := build(t, env, server.URL+"/api/v1", v.change)
			return providertest.Bench{Provider: p, Server: server, Inbox: server.Twin.Inbox}
		},
		Recipient: func(channel providers.Channel, tail string) providers.Recipient {
			if channel == providers.Email {
				return providers.NewEmail("ada+" + tail + "@example.com")
			}
			return providers.NewPhone("+234803123"+tail, "NG", "0803123"+tail)
		},
		Code: func(text string) string {
			_, code, _ := strings.Cut(text, "Your code is ")
			return code
		},
		Secrets:  []string{apiKey, escaped},
		Wire:     v.wire,
		Lifetime: 5 * time.Minute,
		Magic: map[twin.Trait]providers.Class{
			twin.NoBalance: providers.Exhausted,
			twin.TooMany:   providers.Throttled,
			twin.Broken:    providers.Transient,
			// What Hisend answers to these is documented nowhere, so nothing is recognised.
			twin.Invalid: providers.Unknown,
			twin.Barred:  providers.Unknown,
		},
	}
}

func build(t *testing.T, env providers.Environment, baseURL string, change func(*hisend.Options)) *hisend.Provider {
	t.Helper()
	o := hisend.Kind().Options().(*hisend.Options)
	o.BaseURL, o.APIKey = baseURL, providers.NewSecret(apiKey)
	change(o)
	built, err := o.Build(env)
	if err != nil {
		t.Fatal(err)
	}
	p := built.(*hisend.Provider)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// wire is what the vendor's pages show, parameter by parameter.
func (v variant) wire(op string, x providertest.Exchange) providertest.Wire {
	header := map[string]string{
		"Accept": "application/json", "Cache-Control": "no-store", "Connection": "close",
		"Api-Key": "", "Authorization": "", "Content-Type": "",
	}
	for name, value := range v.header {
		header[name] = value
	}
	if op == "send" {
		to := strings.NewReplacer("+", "%2B", "@", "%40").Replace(x.Send.To.Address())
		return providertest.Wire{
			Method: "GET", Path: "/api/v1/otp/send", Header: header,
			Query: v.credentials + "channel=" + string(x.Send.Channel) + "&customer_identifier=" + to + "&expiry=5&length=6",
		}
	}
	query := v.credentials + "otp=" + x.Code
	for _, name := range v.references {
		query += "&" + name + "=" + x.Handle.UpstreamID
	}
	return providertest.Wire{Method: "GET", Path: "/api/v1/otp/validate", Header: header, Query: query}
}
