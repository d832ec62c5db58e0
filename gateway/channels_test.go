package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/builtin"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms/httpsmstwin"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp/whatsapptwin"
	"github.com/otpgate/otpgate/providers/twin"
)

// The people of this test, each with a channel of their own.
const (
	overHTTP   = "+233201234567"
	overSMPP   = "+2348031234568"
	byMail     = "ama@example.com"
	calledUp   = "+233201234570"
	dictated   = "+2348031234573"
	onWhatsApp = "+233201234571"
	dialling   = "+233201234572"

	hookToken  = "e2e-hook-token-that-must-not-be-seen"
	smppSecret = "e2e-pass"
	voiceKey   = "e2e-voice-key-that-must-not-be-seen"
)

// channels are two providers of the in-house generator with every transport between them: the first has those that
// speak HTTP, mail and the USSD dial, the second has binds to an SMSC and a vendor who reads codes out.
const channels = `
  own:
    kind: inhouse
    with:
      transports:
        sms:
          kind: httpsms
          preset: arkesel
          base_url: %q
          api_key: %s
          sender: Shop
          callback: {url: "https://otp.test/v1/callbacks/own", token: %s}
        whatsapp:
          kind: whatsapp
          base_url: %q
          phone_number_id: %q
          token: %s
          template: otp
          app_secret: %s
          verify_token: %s
        email: {kind: smtp, host: 127.0.0.1, port: %d, tls: none, from: "Shop <otp@example.com>"}
        voice:
          kind: httpsms
          url: %q
          headers: {X-Api-Key: %s}
          speak: true
          body: '{"to":"{to}","say":"Your code is {spoken}"}'
          success: {path: queued, values: [true]}
      ussd: {dial: "*920*7#", style: africastalking, token: %s, sources: ["127.0.0.0/8"]}
  carrier:
    kind: inhouse
    with:
      transports:
        sms: {kind: smpp, host: 127.0.0.1, port: %d, tls: false, system_id: otp, password: %s, sender: Shop}
        voice: {kind: httpsms, preset: termii-voice, base_url: %q, api_key: %s}
routes:
  - {name: nigeria, when: {country: [NG], channel: [sms, voice]}, use: [carrier]}
  - {name: every, when: {channel: [sms, whatsapp, email, voice]}, use: [own]}`

// street is what stands on the other side of the gateway: vendors, mail server, SMSC, and the phones behind them.
type street struct {
	arkesel *twin.Twin
	ids     *overheard
	meta    *whatsapptwin.Twin
	post    *postOffice
	calls   *exchange
	smsc    *smsc
}

// startChannels is one gateway with every transport, and the street around it.
func startChannels(t *testing.T) (*world, *street) {
	t.Helper()
	inbox := new(twin.Inbox)
	s := &street{
		arkesel: httpsmstwin.Arkesel(httpsmstwin.Options{Inbox: inbox}),
		meta:    whatsapptwin.New(whatsapptwin.Options{Inbox: inbox, AppSecret: appSecret}),
		post:    startPostOffice(t),
		calls:   &exchange{},
		smsc:    startSMSC(t),
	}
	s.ids = &overheard{next: s.arkesel}
	serve := func(h http.Handler) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL
	}
	t.Cleanup(s.meta.Wait)
	w := startWith(t, inbox, "\nroutes:", fmt.Sprintf(channels,
		serve(s.ids), httpsmstwin.Key, hookToken,
		serve(s.meta), whatsapptwin.PhoneNumberID, whatsapptwin.Token, appSecret, whatsapptwin.VerifyToken,
		s.post.port, serve(s.calls)+"/say", voiceKey, dialToken, s.smsc.port, smppSecret,
		serve(httpsmstwin.TermiiVoice(httpsmstwin.Options{Inbox: inbox})), httpsmstwin.Key))
	hook := w.url + "/v1/callbacks/own"
	if err := s.meta.Subscribe(t.Context(), hook); err != nil {
		t.Fatal(err)
	}
	s.meta.CallTo(hook)
	return w, s
}

// A code arrives over every channel, is what the person reads, hears or dials for, and verifies; and where the other
// side tells later what became of the message, the delivery says so.
func TestEveryChannelOfTheGenerator(t *testing.T) {
	t.Parallel()
	w, s := startChannels(t)
	seen := []string{appSecret, hookToken, dialToken, voiceKey, smppSecret, whatsapptwin.Token, httpsmstwin.Key}
	for _, c := range []struct {
		name, to, channel string
		read              func() string // the text, as it reaches the person
		report            func()        // the other side tells that the message arrived; nil: it never does
	}{
		{"sms by HTTP", overHTTP, "sms", func() string { return w.text(overHTTP, providers.SMS) }, func() { s.arrived(w) }},
		{"sms by SMPP", overSMPP, "sms", s.smsc.text, func() { s.smsc.arrived(t) }},
		{"whatsapp", onWhatsApp, "whatsapp", func() string { return w.text(onWhatsApp, providers.WhatsApp) }, func() {}},
		{"email", byMail, "email", func() string { return s.post.letter(t, byMail) }, nil},
		{"voice", calledUp, "voice", func() string { return s.calls.heard(calledUp) }, nil},
		{"voice in the vendor's words", dictated, "voice", func() string { return w.text(dictated, providers.Voice) }, nil},
		{"ussd", dialling, "sms", func() string { return dialled(w) }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			sent := w.send(fmt.Sprintf(`{"to":%q,"channel":%q}`, c.to, c.channel))
			text := c.read()
			code := digits.FindString(text)
			if code == "" {
				t.Fatalf("there is no code in %q", text)
			}
			seen = append(seen, code, c.to[1:])
			if c.report != nil {
				c.report()
				w.await(func() bool { return w.status(sent.Reference).Deliveries[0].Status == "delivered" })
			}
			if a := w.verify(sent.Reference, different(code)); a.status != http.StatusUnprocessableEntity {
				t.Errorf("a wrong code: %d %s", a.status, a.body)
			}
			if a := w.verify(sent.Reference, code); a.status != http.StatusOK || !a.Verified {
				t.Errorf("the code: %d %s", a.status, a.body)
			}
			if got, told := w.status(sent.Reference).Deliveries[0].Status, c.report != nil; (got == "delivered") != told {
				t.Errorf("the delivery is %s", got)
			}
		})
	}
	w.clean(seen...)
}

// arrived calls back as Arkesel does: a GET of the address that the message named.
func (s *street) arrived(w *world) {
	w.t.Helper()
	var in struct {
		CallbackURL string `json:"callback_url"`
	}
	requests := s.arkesel.Requests("send")
	if err := json.Unmarshal([]byte(requests[len(requests)-1].Body), &in); err != nil {
		w.t.Fatal(err)
	}
	named, err := url.Parse(in.CallbackURL)
	if err != nil || named.Host != "otp.test" {
		w.t.Fatalf("%v: the message named %q", err, in.CallbackURL)
	}
	query := url.Values{"sms_id": {s.ids.last()}, "status": {"DELIVERED"}}
	resp, err := http.Get(w.url + named.Path + "?" + query.Encode())
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("the callback was answered with %d", resp.StatusCode)
	}
}

// dialled is the screen that the aggregator shows to one whose SMS does not come.
func dialled(w *world) string {
	w.t.Helper()
	_, screen, _ := w.callback("/v1/ussd/own/"+dialToken, bodies()["africastalking"](dialling, ""))
	return screen
}

// A condition of success may stand without a list. A mistake in it is reported where it stands, and nothing else is.
func TestMistakeInASingleConditionIsReportedOnce(t *testing.T) {
	t.Parallel()
	const api = `kind: httpsms, url: "https://api.example.com/sms", body: '{"to":"{to}","text":"{text}"}', accept: [200]`
	for success, want := range map[string]string{
		`{path: a, valeus: [x]}`: "success.valeus: unknown key; did you mean values?",
		`{path: [a]}`:            "success.path: this is a list; write a text",
		`{path: a, min: "1"}`:    `success.min: "1" is a text; write a number, without quotes`,
		`[{path: a, value: x}]`:  "success[0].value: unknown key; did you mean values?",
		`sent`:                   `success: "sent" does not fit here; write a list, such as [a, b]`,
	} {
		text := strings.Replace(settings, "sms: {kind: console}", "sms: {"+api+", success: "+success+"}", 1)
		text = strings.NewReplacer("HUBTEL", "http://127.0.0.1:1", "SHA", sha(secret)).Replace(text)
		_, report := config.Parse("config.yaml", []byte(text), config.Sources{Kinds: builtin.Kinds()})
		want = ": providers.inhouse.with.transports.sms." + want
		if len(report.Errors) != 1 || !strings.HasSuffix(report.Errors[0].String(), want) {
			t.Errorf("%s: %v", success, report.Err())
		}
	}
}
