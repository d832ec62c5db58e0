package sendexa_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/sendexa"
)

const webhookSecret = "canary-webhook-secret"

// hearing is a provider that takes webhooks.
func hearing(t testing.TB, secret string) providers.CallbackParser {
	t.Helper()
	o := sendexa.Kind().Options().(*sendexa.Options)
	o.WebhookSecret = providers.NewSecret(secret)
	p, err := o.Build(providers.Environment{Name: "sendexa"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.(*sendexa.Provider).Close() })
	return p.(providers.CallbackParser)
}

func hexOf(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func webhook(header, signature, body string) providers.Callback {
	return providers.Callback{Method: http.MethodPost, Body: []byte(body), Header: http.Header{header: {signature}}}
}

func TestWebhooksTellOfMessages(t *testing.T) {
	t.Parallel()
	const yes, no = providers.DeliveryDelivered, providers.DeliveryUndelivered
	p := hearing(t, webhookSecret)
	for body, want := range map[string]providers.Report{
		`{"messageId":"m1","recipient":"0555539152","status":"DELIVERED","cost":0.03,"providerStatus":"DELIVRD"}`: {
			UpstreamID: "m1", State: yes, Reason: "DELIVERED",
		},
		`{"messageId":"m1","status":"FAILED"}`:        {UpstreamID: "m1", State: no, Reason: "FAILED"},
		`{"messageId":"m1","status":"expired"}`:       {UpstreamID: "m1", State: no, Reason: "expired"},
		`{"messageId":"m1","status":"sent"}`:          {UpstreamID: "m1", State: providers.DeliverySent, Reason: "sent"},
		`{"messageId":"m1","status":"+233201234567"}`: {UpstreamID: "m1"},
		`{"id":"evt_1","event":"message.delivered","created_at":"x","api_version":"1","data":{"id":"m1"},"signature":"y"}`: {
			UpstreamID: "m1", State: yes, Reason: "delivered",
		},
		`{"id":"evt_1","event":"message.failed","data":{"messageId":"m1","id":"x","status":"UNDELIVERED"}}`: {
			UpstreamID: "m1", State: no, Reason: "UNDELIVERED",
		},
		`{"id":"m1","event":"message.inbound"}`: {UpstreamID: "m1"},
	} {
		for header, prefix := range map[string]string{"X-Sendexa-Signature": "", "X-Signature": "sha256="} {
			got, err := p.ParseCallback(webhook(header, prefix+hexOf(webhookSecret, body), body))
			if err != nil {
				t.Errorf("%s: %v", body, err)
			}
			if diff := cmp.Diff([]providers.Report{want}, got); diff != "" {
				t.Errorf("%s: %s", body, diff)
			}
		}
	}
}

// The vendor sends codes in the clear. Nothing of that is taken.
func TestWebhooksAboutCodesMeanNothing(t *testing.T) {
	t.Parallel()
	for _, event := range []string{"otp.requested", "otp.sent", "otp.verified", "otp.failed", "otp.expired", "otp.blocked"} {
		body := fmt.Sprintf(`{"event":%q,"id":"m1","phone":"0555539152","code":"739146","status":"FAILED"}`, event)
		got, err := hearing(t, webhookSecret).ParseCallback(webhook("X-Signature", hexOf(webhookSecret, body), body))
		if err != nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", event, got, err)
		}
	}
	body := `{"messageId":"m1","status":"DELIVERED","code":"739146","message":"739146 is your code"}`
	got, err := hearing(t, webhookSecret).ParseCallback(webhook("X-Signature", hexOf(webhookSecret, body), body))
	if said := fmt.Sprintf("%+v %v", got, err); strings.Contains(said, "739146") || len(got) != 1 {
		t.Errorf("got %s", said)
	}
}

func TestWebhooksThatAreNotTaken(t *testing.T) {
	t.Parallel()
	const body = `{"messageId":"m1","status":"FAILED"}`
	right := hexOf(webhookSecret, body)
	byGet := webhook("X-Signature", right, body)
	byGet.Method = http.MethodGet
	for name, test := range map[string]struct {
		secret string
		c      providers.Callback
		want   error
	}{
		"no secret here":    {"", webhook("X-Signature", hexOf("", body), body), providers.ErrNoCallbacks},
		"not signed":        {webhookSecret, webhook("X-Other", right, body), providers.ErrForged},
		"another secret":    {webhookSecret, webhook("X-Signature", hexOf("another", body), body), providers.ErrForged},
		"another body":      {webhookSecret, webhook("X-Signature", right, body+" "), providers.ErrForged},
		"half a signature":  {webhookSecret, webhook("X-Signature", right[:32], body), providers.ErrForged},
		"another algorithm": {webhookSecret, webhook("X-Signature", "sha1="+right, body), providers.ErrForged},
		"no JSON":           {webhookSecret, webhook("X-Signature", hexOf(webhookSecret, "a=b"), "a=b"), providers.ErrMalformed},
		"by GET":            {webhookSecret, byGet, providers.ErrMalformed},
	} {
		if got, err := hearing(t, test.secret).ParseCallback(test.c); !errors.Is(err, test.want) || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// FuzzWebhook states what holds for every body that is signed: no panic, and no word of it is passed on unknown.
func FuzzWebhook(f *testing.F) {
	f.Add(`{"messageId":"m1","status":"DELIVERED"}`)
	f.Add(`{"id":"evt_1","event":"message.failed","data":{"id":"m1"}}`)
	f.Add(`{"event":"otp.verified","code":"123456"}`)
	p := hearing(f, webhookSecret)
	f.Fuzz(func(t *testing.T, body string) {
		got, err := p.ParseCallback(webhook("X-Signature", hexOf(webhookSecret, body), body))
		if err != nil && (!errors.Is(err, providers.ErrMalformed) || got != nil) {
			t.Errorf("%v, %v", got, err)
		}
		for _, one := range got {
			if strings.ContainsAny(one.Reason, "0123456789") || one.State == "" && one.Reason != "" {
				t.Errorf("%+v", one)
			}
		}
	})
}
