package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp/whatsapptwin"
	"github.com/otpgate/otpgate/providers/twin"
)

const (
	hasWhatsApp = "+2348031234567"
	hasNone     = "+2348031239908" // a magic number: its messages never arrive
	appSecret   = "e2e-app-secret-that-must-not-be-seen"
)

// startWhatsApp is a gateway that carries codes by WhatsApp and, on the sandbox's phone, by SMS; and the twin that
// calls it back.
func startWhatsApp(t *testing.T, hasty bool) (*world, *whatsapptwin.Twin) {
	t.Helper()
	inbox := new(twin.Inbox)
	meta := whatsapptwin.New(whatsapptwin.Options{Inbox: inbox, AppSecret: appSecret, Hasty: hasty})
	server, err := twin.Start(meta.Twin, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(); meta.Wait() })
	w := startWith(t, inbox, `{sms: {kind: console}`, fmt.Sprintf(`{sms: {kind: console}, whatsapp: {kind: whatsapp, `+
		`base_url: %q, phone_number_id: %q, token: %s, template: otp, app_secret: %s, verify_token: %s}`,
		server.URL, whatsapptwin.PhoneNumberID, whatsapptwin.Token, appSecret, whatsapptwin.VerifyToken))
	if err := meta.Subscribe(t.Context(), w.callbacks()); err != nil {
		t.Fatal(err)
	}
	meta.CallTo(w.callbacks())
	return w, meta
}

func (w *world) callbacks() string { return w.url + "/v1/callbacks/inhouse" }

// sendWhatsApp sends by WhatsApp, with an SMS a minute later.
func (w *world) sendWhatsApp(to string) answer {
	w.t.Helper()
	return w.send(fmt.Sprintf(`{"to":%q,"channel":"whatsapp","fallback":[{"channel":"sms","after":"60s"}]}`, to))
}

func (w *world) status(ref string) answer {
	w.t.Helper()
	a, err := get(w.url+"/v1/otp/status?reference="+ref, "shop-key")
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// tell calls the gateway back, and returns the status of its answer.
func (w *world) tell(address, signature string, body []byte) int {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if signature != "" {
		req.Header.Set("X-Hub-Signature-256", signature)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// A number without an account is taken by WhatsApp and fails by callback, before or after the answer to the send. The
// SMS that was due in a minute leaves at once, and once.
func TestNumberWithoutWhatsAppGetsAnSMSAtOnce(t *testing.T) {
	t.Parallel()
	for name, hasty := range map[string]bool{"after the send": false, "before the send has returned": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, meta := startWhatsApp(t, hasty)
			sent := w.sendWhatsApp(hasNone)
			began := time.Now()
			w.await(func() bool { return len(w.inbox.Messages(hasNone, providers.SMS)) > 0 })
			if took := time.Since(began); took > time.Second {
				t.Errorf("the SMS left after %v", took) // the steps are looked for four times a second
			}
			w.await(func() bool { return len(w.status(sent.Reference).Deliveries) == 2 })
			v := w.status(sent.Reference)
			first, second := v.Deliveries[0], v.Deliveries[1]
			if first.Status != "undelivered" || first.Reason != "undeliverable" || second.Status != "sent" {
				t.Errorf("%s", v.body)
			}
			meta.Wait()
			if n := len(w.inbox.Messages(hasNone, providers.WhatsApp)); n != 0 {
				t.Errorf("%d messages by WhatsApp", n)
			}
			code := w.code(hasNone)
			if a := w.verify(sent.Reference, code); a.status != http.StatusOK {
				t.Errorf("%d %s", a.status, a.body)
			}
			w.clean(code, hasNone[1:], appSecret, whatsapptwin.Token, whatsapptwin.VerifyToken)
		})
	}
}

func TestDeliveredMessageIsTold(t *testing.T) {
	t.Parallel()
	for _, hasty := range []bool{false, true} {
		w, _ := startWhatsApp(t, hasty)
		sent := w.sendWhatsApp(hasWhatsApp)
		w.await(func() bool { return w.status(sent.Reference).Deliveries[0].Status == "delivered" })
		var told struct {
			Next       *struct{ Channel string }
			Deliveries []struct {
				ReportedAt time.Time `json:"reported_at"`
			}
		}
		if err := json.Unmarshal(w.status(sent.Reference).body, &told); err != nil {
			t.Fatal(err)
		}
		if told.Next == nil || told.Next.Channel != "sms" || time.Since(told.Deliveries[0].ReportedAt) > time.Minute {
			t.Errorf("%+v", told)
		}
		code, _, _ := strings.Cut(w.inbox.Messages(hasWhatsApp, providers.WhatsApp)[0].Text, " ")
		if a := w.verify(sent.Reference, code); a.status != http.StatusOK {
			t.Errorf("%d %s", a.status, a.body)
		}
		w.clean(code, hasWhatsApp[1:], appSecret)
	}
}

// What is not genuine, not whole or not for anybody has no effect; what is genuine has it once, however often it comes.
func TestHostileCallbacks(t *testing.T) {
	t.Parallel()
	w, meta := startWhatsApp(t, false)
	meta.CallTo("http://127.0.0.1:1") // the test calls itself
	sent := w.sendWhatsApp(hasWhatsApp)
	found, err := get(w.url+"/v1/otp/status?reference="+sent.Reference, "shop-key")
	if err != nil {
		t.Fatal(err)
	}
	id := w.upstreamID(meta)
	failed, delivered := meta.Notice(id, hasWhatsApp[1:], "failed"), meta.Notice(id, hasWhatsApp[1:], "delivered")
	stranger := whatsapptwin.New(whatsapptwin.Options{AppSecret: "another secret"})
	large := append(bytes.Clone(failed), bytes.Repeat([]byte(" "), 64<<10)...)
	for name, c := range map[string]struct {
		address, signature string
		body               []byte
		want               int
	}{
		"not signed":              {w.callbacks(), "", failed, 401},
		"signed by a stranger":    {w.callbacks(), stranger.Signature(failed), failed, 401},
		"signed for another body": {w.callbacks(), meta.Signature(delivered), failed, 401},
		"truncated":               {w.callbacks(), meta.Signature(failed), failed[:len(failed)-9], 401},
		"truncated, then signed":  {w.callbacks(), meta.Signature(failed[:200]), failed[:200], 400},
		"oversized":               {w.callbacks(), meta.Signature(large), large, 413},
		"for an unknown provider": {w.url + "/v1/callbacks/nobody", meta.Signature(failed), failed, 404},
		"for one that takes none": {w.url + "/v1/callbacks/hubtel-gh", meta.Signature(failed), failed, 404},
	} {
		if got := w.tell(c.address, c.signature, c.body); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if now := w.status(sent.Reference); !bytes.Equal(now.body, found.body) {
		t.Errorf("they had an effect: %s", now.body)
	}
	var crowd sync.WaitGroup
	for range 20 {
		crowd.Go(func() {
			if got := w.tell(w.callbacks(), meta.Signature(failed), failed); got != http.StatusOK {
				t.Errorf("genuine: %d", got)
			}
		})
	}
	crowd.Wait()
	w.await(func() bool { return len(w.status(sent.Reference).Deliveries) == 2 })
	for range 5 { // replayed, when the next step is made
		w.tell(w.callbacks(), meta.Signature(failed), failed)
	}
	if n := len(w.inbox.Messages(hasWhatsApp, providers.SMS)); n != 1 {
		t.Errorf("%d messages left", n)
	}
	w.tell(w.callbacks(), meta.Signature(delivered), delivered) // it arrived after all
	w.tell(w.callbacks(), meta.Signature(failed), failed)
	if d := w.status(sent.Reference).Deliveries[0]; d.Status != "delivered" || d.Reason != "" {
		t.Errorf("%+v", d)
	}
	code := w.code(hasWhatsApp)
	if a := w.verify(sent.Reference, code); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.clean(code, hasWhatsApp[1:], appSecret, id)
	w.logMu.Lock()
	defer w.logMu.Unlock()
	if n := strings.Count(w.log.String(), "inhouse: the callback has no right signature or token"); n != 4 {
		t.Errorf("%d forged callbacks are in the log, want 4", n)
	}
}

// upstreamID is what the twin called the only message.
func (w *world) upstreamID(meta *whatsapptwin.Twin) string {
	w.t.Helper()
	meta.Wait()
	ids := meta.IDs()
	if len(ids) != 1 {
		w.t.Fatalf("%d messages", len(ids))
	}
	return ids[0]
}

// talker is a provider that hears by itself, at once, that nothing arrived.
type talker struct {
	mu     sync.Mutex
	report func(providers.Report)
	sent   int
}

func (*talker) Info() providers.Info {
	return providers.Info{Name: "talker", Kind: "talker", Coverage: []providers.Coverage{{Channel: providers.WhatsApp}}}
}

func (p *talker) OnReport(f func(providers.Report)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.report = f
}

func (p *talker) Send(context.Context, providers.SendRequest) (providers.Handle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent++
	id := fmt.Sprint("m", p.sent)
	p.report(providers.Report{UpstreamID: id, State: providers.DeliveryUndelivered, Reason: "UNDELIV 001"})
	return providers.Handle{UpstreamID: id, State: []byte("s")}, nil
}

func (*talker) Verify(context.Context, providers.Handle, providers.Secret) (providers.Verdict, error) {
	return providers.Verdict{AttemptsLeft: -1}, nil
}

func (*talker) Check(providers.Block) {}

func (p *talker) Build(providers.Environment) (providers.Provider, error) { return p, nil }

// A provider that holds a connection open reports before its send has returned, and is heard all the same.
func TestReportsThatAProviderHearsItself(t *testing.T) {
	t.Parallel()
	p := new(talker)
	w := &world{t: t, inbox: new(twin.Inbox), log: new(bytes.Buffer), kinds: []providers.Kind{
		{Name: "talker", Options: func() providers.Options { return p }},
	}}
	w.start("routes:", "  talker: {kind: talker}\nroutes:\n  - {name: talk, when: {channel: [whatsapp]}, use: [talker]}")
	sent := w.sendWhatsApp(hasWhatsApp)
	w.await(func() bool { return len(w.inbox.Messages(hasWhatsApp, providers.SMS)) == 1 })
	w.await(func() bool { return len(w.status(sent.Reference).Deliveries) == 2 })
	if d := w.status(sent.Reference).Deliveries[0]; d.Provider != "talker" || d.Status != "undelivered" {
		t.Errorf("%+v", d)
	}
}
