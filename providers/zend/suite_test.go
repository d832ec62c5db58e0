package zend_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/providertest"
	"github.com/otpgate/otpgate/providers/twin"
	"github.com/otpgate/otpgate/providers/zend"
	"github.com/otpgate/otpgate/providers/zend/zendtwin"
)

const apiKey = "sent_live_canary-api-key"

func TestSuite(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Fixture{
		Start: func(t *testing.T, env providers.Environment) providertest.Bench {
			return start(t, env, zendtwin.Options{})
		},
		Recipient: func(_ providers.Channel, tail string) providers.Recipient {
			return providers.NewPhone("+23320123"+tail, "GH", "020123"+tail)
		},
		Code:     code,
		Secrets:  []string{apiKey},
		Wire:     wire,
		Lifetime: 10 * time.Minute,
		Magic: map[twin.Trait]providers.Class{
			twin.Invalid:   providers.Rejected,
			twin.Barred:    providers.Rejected,
			twin.NoBalance: providers.Exhausted,
			twin.TooMany:   providers.Throttled,
			twin.Broken:    providers.Transient,
		},
	})
}

func start(t *testing.T, env providers.Environment, o zendtwin.Options) providertest.Bench {
	t.Helper()
	o.APIKey = apiKey
	server, err := twin.Start(zendtwin.New(o), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return providertest.Bench{Provider: build(t, env, server.URL, ""), Server: server, Inbox: server.Twin.Inbox}
}

func build(t *testing.T, env providers.Environment, baseURL, app string) *zend.Provider {
	t.Helper()
	o := zend.Kind().Options().(*zend.Options)
	o.BaseURL, o.App, o.APIKey = baseURL, app, providers.NewSecret(apiKey)
	built, err := o.Build(env)
	if err != nil {
		t.Fatal(err)
	}
	p := built.(*zend.Provider)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// code finds the code in a text of the twin: "shop: your verification code is 123456. It expires …".
func code(text string) string {
	_, rest, _ := strings.Cut(text, " code is ")
	code, _, _ := strings.Cut(rest, ".")
	return code
}

// wire is what the vendor's page shows, field by field.
func wire(op string, x providertest.Exchange) providertest.Wire {
	w := providertest.Wire{
		Method: "POST",
		Path:   "/otp/send",
		Header: map[string]string{"x-api-key": apiKey, "Content-Type": "application/json", "Accept": "application/json"},
		Body:   fmt.Sprintf(`{"phone_number":%q,"app":"shop","channel":%q}`, x.Send.To.Address(), x.Send.Channel),
	}
	if op == "verify" {
		w.Path, w.Body = "/otp/"+url.PathEscape(x.Handle.UpstreamID)+"/verify", fmt.Sprintf(`{"code":%q}`, x.Code)
	}
	return w
}

// TestSessionFromSendToEnd is the life of sessions at the twin, whichever status it gives a wrong code.
func TestSessionFromSendToEnd(t *testing.T) {
	t.Parallel()
	for _, status := range []int{0, http.StatusOK, http.StatusBadRequest, http.StatusUnprocessableEntity} {
		t.Run(fmt.Sprint("wrong is ", cmp.Or(status, http.StatusCreated)), func(t *testing.T) {
			t.Parallel()
			b := start(t, providers.Environment{Name: "zend"}, zendtwin.Options{WrongStatus: status})
			p := b.Provider.(*zend.Provider)
			h, err := p.Send(t.Context(), request())
			if err != nil {
				t.Fatal(err)
			}
			right := code(b.Inbox.Messages("", "")[0].Text)
			wrong := "x" + right[1:]
			verdicts := []providers.Verdict{{AttemptsLeft: 2}, {AttemptsLeft: 1}, {Final: true}, {Final: true}}
			for i, want := range verdicts {
				if v, err := p.Verify(t.Context(), h, providers.NewSecret(wrong)); err != nil || v != want {
					t.Errorf("wrong code %d was judged %+v, %v", i, v, err)
				}
			}
			v, err := p.Verify(t.Context(), h, providers.NewSecret(right))
			if err != nil || v != (providers.Verdict{Final: true}) {
				t.Errorf("the right code was judged %+v, %v in a locked session", v, err)
			}
		})
	}
}

// TestStatusAtTheTwin follows one session through its statuses.
func TestStatusAtTheTwin(t *testing.T) {
	t.Parallel()
	b := start(t, providers.Environment{Name: "zend"}, zendtwin.Options{})
	p := b.Provider.(*zend.Provider)
	first, err := p.Send(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.Send(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	stands := func(h providers.Handle, want providers.DeliveryReport) {
		t.Helper()
		if got, err := p.Status(t.Context(), h); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	stands(first, providers.DeliveryReport{State: providers.DeliverySent, Code: "pending"})
	right := providers.NewSecret(code(b.Inbox.Messages("", "")[0].Text)) // the newest message is the second's
	if v, err := p.Verify(t.Context(), second, right); err != nil || !v.Match {
		t.Fatalf("got %+v, %v", v, err)
	}
	stands(second, providers.DeliveryReport{State: providers.DeliveryDelivered, Code: "verified", Final: true})
	b.Inbox.Clock.Advance(11 * time.Minute)
	stands(first, providers.DeliveryReport{Code: "expired", Final: true})
	b.Inbox.Clock.Advance(2 * time.Hour)
	_, err = p.Status(t.Context(), first)
	refused(t, err, "status", providers.Gone, "404")
}
