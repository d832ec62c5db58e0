package main

import (
	"fmt"

	"github.com/otpgate/otpgate/providers/airtexts/airtextstwin"
	"github.com/otpgate/otpgate/providers/hisend/hisendtwin"
	"github.com/otpgate/otpgate/providers/hubtel/hubteltwin"
	"github.com/otpgate/otpgate/providers/sendexa/sendexatwin"
	"github.com/otpgate/otpgate/providers/zend/zendtwin"
)

// hubtelBlock is the configuration of a provider that such a twin serves; more begins with a comma, or is empty.
func hubtelBlock(name, url, more string) string {
	return fmt.Sprintf("  %s: {kind: hubtel, with: {base_url: %q, client_id: %s, client_secret: %s, sender: Shop}%s}\n",
		name, url, hubteltwin.ClientID, hubteltwin.ClientSecret, more)
}

// zendBlock is the configuration of a provider named zend.
func zendBlock(url, more string) string {
	return fmt.Sprintf("  zend: {kind: zend, with: {base_url: %q, api_key: %s}%s}\n", url, zendtwin.APIKey, more)
}

// inhouseBlock is the configuration of an in-house generator whose texts go to such an API.
func inhouseBlock(name, url string) string {
	return fmt.Sprintf(`  %s: {kind: inhouse, with: {transports: {sms: `+
		`{kind: httpsms, url: "%s/send", body: '{"to":"{to}","text":"{text}"}', sender: Shop}}}}`+"\n", name, url)
}

// everyKind is the configuration of one provider of each hosted kind, named like it, whose twins are at urls.
func everyKind(urls map[string]string) string {
	const more = ", timeout: 500ms, max_in_flight: 5000, breaker: {open_for: 1s}"
	block := func(kind, with string) string {
		return fmt.Sprintf("  %s: {kind: %[1]s, with: {%s}%s}\n", kind, with, more)
	}
	return hubtelBlock("hubtel", urls["hubtel"], more) +
		block("sendexa", fmt.Sprintf("base_url: %q, api_key: %s, api_secret: %s, sender: Shop",
			urls["sendexa"], sendexatwin.APIKey, sendexatwin.APISecret)) +
		zendBlock(urls["zend"], more) +
		block("hisend", fmt.Sprintf("base_url: %q, api_key: %s", urls["hisend"]+"/api/v1", hisendtwin.APIKey)) +
		block("airtexts", fmt.Sprintf("base_url: %q, app_id: %s, api_key: %s, api_secret: %s, accept_unverified: true",
			urls["airtexts"], airtextstwin.AppID, airtextstwin.APIKey, airtextstwin.APISecret))
}

// everyRoute leads to each kind that can serve a request with the same chance.
func everyRoute() string {
	return `  - name: ghana
    when: {country: [GH], channel: [sms]}
    strategy: weighted
    use:
      - {provider: hubtel, weight: 1}
      - {provider: sendexa, weight: 1}
      - {provider: zend, weight: 1}
      - {provider: airtexts, weight: 1}
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
