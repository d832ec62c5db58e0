package main

import (
	"fmt"

	"github.com/otpgate/otpgate/providers/airtexts/airtextstwin"
	"github.com/otpgate/otpgate/providers/hisend/hisendtwin"
	"github.com/otpgate/otpgate/providers/hubtel/hubteltwin"
	"github.com/otpgate/otpgate/providers/sendexa/sendexatwin"
	"github.com/otpgate/otpgate/providers/zend/zendtwin"
)

// everyKind is the configuration of one provider of each hosted kind, named like it, whose twins are at urls.
func everyKind(urls map[string]string) string {
	const more = ", timeout: 500ms, max_in_flight: 5000, breaker: {open_for: 1s}"
	block := func(kind, with string) string {
		return fmt.Sprintf("  %s: {kind: %[1]s, with: {%s}%s}\n", kind, with, more)
	}
	return hubtelBlock("hubtel", urls["hubtel"], more) +
		block("sendexa", fmt.Sprintf("base_url: %q, api_key: %s, api_secret: %s, sender: Shop",
			urls["sendexa"], sendexatwin.APIKey, sendexatwin.APISecret)) +
		block("zend", fmt.Sprintf("base_url: %q, api_key: %s", urls["zend"], zendtwin.APIKey)) +
		block("hisend", fmt.Sprintf("base_url: %q, api_key: %s", urls["hisend"]+"/api/v1", hisendtwin.APIKey)) +
		block("airtexts", fmt.Sprintf("base_url: %q, app_id: %s, api_key: %s, api_secret: %s, accept_unverified: true",
			urls["airtexts"], airtextstwin.AppID, airtextstwin.APIKey, airtextstwin.APISecret))
}

// everyRoute leads to each kind that can serve a request with the same chance.
func everyRoute() string {
	return `  - name: ghana
    when: {country: [GH], channel: [sms]}
    strategy: weighted
    use: [{provider: hubtel, weight: 1}, {provider: sendexa, weight: 1}, {provider: zend, weight: 1}, {provider: airtexts, weight: 1}]
  - name: nigeria
    when: {country: [NG], channel: [sms]}
    strategy: weighted
    use: [{provider: hisend, weight: 1}, {provider: zend, weight: 1}, {provider: airtexts, weight: 1}]
  - name: whatsapp
    when: {channel: [whatsapp]}
    strategy: weighted
    use: [{provider: zend, weight: 1}, {provider: airtexts, weight: 1}]
  - {name: rest, use: [hisend]}
`
}

// credentials are the secrets of the upstreams, of the app and of the in-house generator.
func credentials() []string {
	return []string{
		apiSecret, codeKey, hubteltwin.ClientSecret, sendexatwin.APIKey, sendexatwin.APISecret, zendtwin.APIKey,
		hisendtwin.APIKey, airtextstwin.APIKey, airtextstwin.APISecret,
	}
}
