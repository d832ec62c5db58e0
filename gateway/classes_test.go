package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers/twin"
)

// Each line of the class table, from what an upstream says to what the app is told. Only one provider can be asked.
func TestWhatEachClassOfFailureAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		purpose string // names the provider
		fault   twin.Fault
		body    string // to send; empty: an ordinary one
		before  int    // ordinary sends that come first
		status  int
		code    string
		retry   bool // Retry-After is told
	}{
		"transient":   {purpose: "hubtel", fault: twin.Fault{Kind: twin.Status, Status: 500}, status: 503, code: "provider_unavailable", retry: true},
		"malformed":   {purpose: "zend", fault: twin.Fault{Kind: twin.HTML}, status: 503, code: "provider_unavailable", retry: true},
		"ambiguous":   {purpose: "hubtel", fault: twin.Fault{Kind: twin.Hang, After: true}, status: 503, code: "provider_unavailable", retry: true},
		"throttled":   {purpose: "zend", fault: twin.Fault{Kind: twin.Status, Status: 429, RetryAfter: "77"}, status: 503, code: "provider_unavailable", retry: true},
		"credentials": {purpose: "sendexa", fault: twin.Fault{Kind: twin.Status, Status: 401}, status: 503, code: "provider_unavailable", retry: true},
		"exhausted":   {purpose: "hisend", fault: twin.Fault{Kind: twin.Status, Status: 402}, body: `{"to":"+2348031234567","purpose":"hisend"}`, status: 503, code: "provider_unavailable", retry: true},
		"unknown":     {purpose: "hubtel", fault: twin.Fault{Kind: twin.Status, Status: 418}, status: 503, code: "provider_unavailable", retry: true},
		"unsupported": {purpose: "hubtel", body: `{"to":"+233201234567","purpose":"hubtel","sender":"far too long a name"}`, status: 422, code: "no_route"},
		"no country":  {purpose: "hubtel", body: `{"to":"+2348031234567","purpose":"hubtel"}`, status: 422, code: "no_route"},
		"no length":   {purpose: "hubtel", body: `{"to":"+233201234567","purpose":"hubtel","code":{"length":6}}`, status: 422, code: "no_route"},
		"rejected":    {purpose: "sendexa", body: `{"to":"+233201239901","purpose":"sendexa"}`, status: 422, code: "recipient_rejected"},
		"busy":        {purpose: "sendexa", before: 1, status: 429, code: "rate_limited", retry: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, twins := roads(t)
			body := test.body
			if body == "" {
				body = fmt.Sprintf(`{"to":"+233201234567","purpose":%q}`, test.purpose)
			}
			for range test.before {
				w.send(body)
			}
			if test.fault.Kind != "" {
				test.fault.Endpoint = "send"
				if err := twins[test.purpose].Faults.Set(test.fault); err != nil {
					t.Fatal(err)
				}
			}
			began := time.Now()
			a := w.post("shop-key", "/v1/otp/send", body)
			if a.status != test.status || a.Code != test.code || strings.Contains(string(a.body), `"retry_after"`) != test.retry {
				t.Errorf("%d %s", a.status, a.body)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("answered after %v", took)
			}
			if name == "throttled" && !strings.Contains(string(a.body), `"retry_after":77`) {
				t.Errorf("the provider's own Retry-After is lost: %s", a.body)
			}
		})
	}
}

func TestSessionThatIsGoneIsExpired(t *testing.T) {
	t.Parallel()
	w, twins := roads(t)
	sent := w.send(`{"to":"+233201234567","purpose":"zend"}`)
	if err := twins["zend"].Faults.Set(twin.Fault{Endpoint: "verify", Kind: twin.Status, Status: http.StatusNotFound}); err != nil {
		t.Fatal(err)
	}
	if a := w.verify(sent.Reference, "123456"); a.status != 410 || a.Code != "expired" {
		t.Errorf("%d %s", a.status, a.body)
	}
}
