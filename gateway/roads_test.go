package gateway_test

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/builtin"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms/httpsmstwin"
	"github.com/otpgate/otpgate/providers/twin"
)

// roads is a gateway with every kind, and with both sorts of calls; the purpose of a request names the provider that
// carries it. Each pair of change is replaced in its configuration.
func roads(t *testing.T, change ...string) (*world, map[string]*twin.Twin) {
	t.Helper()
	shared := new(twin.Inbox)
	twins := map[string]*twin.Twin{}
	urls := map[string]string{}
	for _, one := range builtin.Twins() {
		twins[one.Kind] = one.New(shared)
		server := httptest.NewServer(twins[one.Kind])
		t.Cleanup(server.Close)
		urls[one.Kind] = server.URL
	}
	calls := new(httpsmstwin.Calls)
	for kind, made := range map[string]*twin.Twin{
		"caller": httpsmstwin.AfricasTalkingVoice(httpsmstwin.Options{Inbox: shared, Calls: calls}),
		"player": httpsmstwin.ArkeselVoice(httpsmstwin.Options{Inbox: shared}),
	} {
		server := httptest.NewServer(made)
		t.Cleanup(func() { server.Close(); calls.Wait() })
		twins[kind], urls[kind] = made, server.URL
	}
	recordings := t.TempDir()
	if err := httpsmstwin.Record(recordings, "en"); err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(settings, "providers:")
	text := head + fmt.Sprintf(`
providers:
  hubtel: {kind: hubtel, timeout: 500ms, with: {base_url: %q, client_id: hubtel-twin-id, client_secret: hubtel-twin-secret, sender: Shop}}
  sendexa: {kind: sendexa, timeout: 500ms, with: {base_url: %q, api_key: sendexa-twin-key, api_secret: sendexa-twin-secret, sender: Shop}}
  sendexa-phone:
    kind: sendexa
    timeout: 500ms
    with: {base_url: %[2]q, api_key: sendexa-twin-key, api_secret: sendexa-twin-secret, sender: Shop, dialect: phone}
  zend: {kind: zend, timeout: 500ms, price: {sms: 0.02, currency: USD}, with: {base_url: %[3]q, api_key: sent_test_zend-twin}}
  hisend: {kind: hisend, timeout: 500ms, with: {base_url: "%[4]s/api/v1", api_key: hisend-twin-key}}
  airtexts:
    kind: airtexts
    timeout: 500ms
    with:
      base_url: %[5]q
      app_id: airtexts-twin-app
      api_key: airtexts-twin-key
      api_secret: airtexts-twin-secret
      accept_unverified: true
  inhouse:
    kind: inhouse
    with: {transports: {sms: {kind: console}, whatsapp: {kind: console}, email: {kind: console}, voice: {kind: console}}}
  caller:
    kind: inhouse
    with:
      transports:
        voice:
          kind: httpsms
          preset: africastalking-voice
          base_url: %[6]q
          username: httpsms-twin-user
          api_key: httpsms-twin-key
          sender: "+254711082000"
          callback: {token: a-token-that-nobody-guesses}
  player:
    kind: inhouse
    with:
      transports:
        voice: {kind: httpsms, preset: arkesel-voice, base_url: %[7]q, api_key: httpsms-twin-key, recordings: %[8]q}
routes:
  - {name: hubtel, when: {purpose: [hubtel]}, use: [hubtel]}
  - {name: sendexa, when: {purpose: [sendexa]}, use: [sendexa]}
  - {name: zend, when: {purpose: [zend]}, use: [zend]}
  - {name: hisend, when: {purpose: [hisend]}, use: [hisend]}
  - {name: airtexts, when: {purpose: [airtexts]}, use: [airtexts]}
  - {name: caller, when: {purpose: [caller]}, use: [caller]}
  - {name: player, when: {purpose: [player]}, use: [player]}
  - {name: moved, when: {purpose: [moved]}, use: [hubtel, zend]}
  - {name: lost, when: {purpose: [lost]}, use: [sendexa-phone, zend]}
  - {name: rest, use: [inhouse]}
`, urls["hubtel"], urls["sendexa"], urls["zend"], urls["hisend"], urls["airtexts"], urls["caller"], urls["player"], recordings)
	w := startWith(t, shared, settings, strings.NewReplacer(change...).Replace(text))
	calls.AskAt(w.url + "/v1/voice/caller/a-token-that-nobody-guesses")
	return w, twins
}

var codeOf = regexp.MustCompile(`\b[0-9]{4,10}\b`)

func TestEveryRoadArrives(t *testing.T) {
	t.Parallel()
	w, _ := roads(t)
	people := map[string]string{
		"GH": "+233201234567", "NG": "+2348031234567", "KE": "+254712345678", "mail": "ama@example.com",
	}
	type road struct {
		provider string
		channel  providers.Channel
		people   []string
	}
	phones := []string{"GH", "NG", "KE"}
	for _, r := range []road{
		{"hubtel", providers.SMS, []string{"GH"}},
		{"sendexa", providers.SMS, []string{"GH"}},
		{"zend", providers.SMS, phones},
		{"zend", providers.WhatsApp, phones},
		{"hisend", providers.SMS, []string{"NG"}},
		{"hisend", providers.Email, []string{"mail"}},
		{"airtexts", providers.SMS, phones},
		{"airtexts", providers.WhatsApp, phones},
		{"inhouse", providers.SMS, phones},
		{"inhouse", providers.WhatsApp, phones},
		{"inhouse", providers.Voice, phones},
		{"inhouse", providers.Email, []string{"mail"}},
		{"caller", providers.Voice, phones},
		{"player", providers.Voice, phones},
	} {
		for _, person := range r.people {
			t.Run(fmt.Sprintf("%s %s %s", r.provider, r.channel, person), func(t *testing.T) {
				to := people[person]
				before := len(w.inbox.Messages(to, r.channel))
				sent := w.send(fmt.Sprintf(`{"to":%q,"channel":%q,"purpose":%q}`, to, r.channel, r.provider))
				if sent.Provider != r.provider {
					t.Fatalf("carried by %s", sent.Provider)
				}
				w.await(func() bool { return len(w.inbox.Messages(to, r.channel)) > before })
				code := written(w.inbox.Messages(to, r.channel)[0].Text)
				if a := w.verify(sent.Reference, different(code)); a.status != 422 || a.Code != "wrong_code" {
					t.Errorf("wrong: %d %s", a.status, a.body)
				}
				if a := w.verify(sent.Reference, code); a.status != 200 || !a.Verified {
					t.Errorf("right: %d %s", a.status, a.body)
				}
			})
		}
	}
}

// written is the code as a person writes it down who reads a text, or hears one that says it digit by digit.
func written(text string) string { return codeOf.FindString(strings.ReplaceAll(text, ", ", "")) }

// A resend that moves to another provider leaves two codes; either works, once.
func TestBothCodesVerifyAfterAResendThatMoved(t *testing.T) {
	t.Parallel()
	for _, which := range []int{0, 1} {
		w, twins := roads(t)
		const to = "+233201234567"
		sent := w.send(fmt.Sprintf(`{"to":%q,"purpose":"moved"}`, to))
		if err := twins["hubtel"].Faults.Set(twin.Fault{Endpoint: "resend", Kind: twin.Status, Status: 503}); err != nil {
			t.Fatal(err)
		}
		if err := twins["hubtel"].Faults.Set(twin.Fault{Endpoint: "send", Kind: twin.Status, Status: 503}); err != nil {
			t.Fatal(err)
		}
		again := w.post("shop-key", "/v1/otp/resend", fmt.Sprintf(`{"reference":%q}`, sent.Reference))
		if again.status != 200 || again.Provider != "zend" {
			t.Fatalf("%d %s", again.status, again.body)
		}
		w.eitherOnce(sent.Reference, to, which)
	}
}

// The first provider delivers and is cut off before it answers; its code can be checked without its answer.
func TestBothCodesVerifyAfterALostAnswer(t *testing.T) {
	t.Parallel()
	for _, which := range []int{0, 1} {
		w, twins := roads(t)
		const to = "+233201234567"
		if err := twins["sendexa"].Faults.Set(twin.Fault{Endpoint: "send", Kind: twin.Hang, After: true}); err != nil {
			t.Fatal(err)
		}
		sent := w.send(fmt.Sprintf(`{"to":%q,"purpose":"lost"}`, to))
		if sent.Provider != "zend" || sent.Deliveries[0].Status != "unknown" {
			t.Fatalf("%s", sent.body)
		}
		w.await(func() bool { return len(w.inbox.Messages(to, providers.SMS)) == 2 })
		twins["sendexa"].Close() // what hangs is cut off: the answer never comes
		w.await(func() bool {    // the end of the call is written over the moment at which it was given up
			return w.status(sent.Reference).Deliveries[0].TookMS > sent.Deliveries[0].TookMS
		})
		w.eitherOnce(sent.Reference, to, which)
	}
}

func (w *world) eitherOnce(ref, to string, which int) {
	w.t.Helper()
	messages := w.inbox.Messages(to, providers.SMS)
	if len(messages) != 2 {
		w.t.Fatalf("%d messages", len(messages))
	}
	if a := w.verify(ref, codeOf.FindString(messages[which].Text)); a.status != 200 {
		w.t.Errorf("code %d of %v: %d %s", which, messages, a.status, a.body)
	}
	if a := w.verify(ref, codeOf.FindString(messages[1-which].Text)); a.status != 409 {
		w.t.Errorf("the other one: %d %s", a.status, a.body)
	}
}
