package gateway_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/telemetry/otlptest"
	"github.com/otpgate/otpgate/providers/twin"
)

// observed starts a gateway that tells a collector everything.
func observed(t *testing.T, change ...string) (*world, *otlptest.Receiver) {
	t.Helper()
	r := otlptest.Start(t)
	told := fmt.Sprintf(`telemetry:
  service: gate
  traces: {endpoint: %[1]q, headers: {x-collector: collector-credential}}
  metrics: {endpoint: %[1]q, every: 1s}
  logs: {endpoint: %[1]q}
code_keys:`, r.URL)
	return start(t, append([]string{"code_keys:", told}, change...)...), r
}

// find returns the spans of that name, once there are so many.
func find(w *world, r *otlptest.Receiver, name string, count int) []otlptest.Span {
	w.t.Helper()
	var found []otlptest.Span
	w.await(func() bool {
		found = slices.DeleteFunc(r.Spans(), func(s otlptest.Span) bool { return s.Name != name })
		return len(found) >= count
	})
	return found
}

const (
	theirTrace  = "0af7651916cd43dd8448eb211c80319c"
	theirParent = "b7ad6b7169203331"
)

// traced is a send by a client that has a trace of its own.
func (w *world) traced(body string) {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodPost, w.url+"/v1/otp/send", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Traceparent", "00-"+theirTrace+"-"+theirParent+"-00")
	req.Header.Set("Tracestate", "canary=state")
	req.Header.Set("Baggage", "canary=baggage")
	req.SetBasicAuth("shop-key", secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusCreated {
		w.t.Fatalf("%d %v", resp.StatusCode, err)
	}
}

func TestATraceShowsEachTryAndItsReason(t *testing.T) {
	t.Parallel()
	w, r := observed(t)
	if err := w.hubtel.Faults.Set(twin.Fault{Endpoint: "send", Kind: twin.Status, Status: 500}); err != nil {
		t.Fatal(err)
	}
	w.traced(`{"to":"+233201234567"}`)
	server := find(w, r, "POST /v1/otp/send", 1)[0]
	use := find(w, r, "otp.send", 1)[0]
	tries := find(w, r, "provider.send", 2)
	if tries[0].Attributes["otpgate.provider"] != "hubtel-gh" {
		slices.Reverse(tries)
	}
	for _, one := range []struct {
		name      string
		span      otlptest.Span
		parent    string
		kind      string
		failed    bool
		attribute map[string]string
	}{
		{"server", server, theirParent, "SPAN_KIND_SERVER", false, map[string]string{
			"http.request.method": "POST", "http.route": "/v1/otp/send", "http.response.status_code": "int_value:201",
			"client.address": "127.0.0.1", "otpgate.app": "shop",
		}},
		{"use case", use, server.ID, "SPAN_KIND_INTERNAL", false, map[string]string{"otpgate.app": "shop",
			"otpgate.outcome": "ok"}},
		{"first try", tries[0], use.ID, "SPAN_KIND_CLIENT", true, map[string]string{
			"otpgate.provider": "hubtel-gh", "otpgate.channel": "sms", "otpgate.rule": "ghana",
			"otpgate.place": "int_value:1",
			"otpgate.class": "transient", "error.type": "transient", "otpgate.upstream_code": "500",
		}},
		{"second try", tries[1], use.ID, "SPAN_KIND_CLIENT", false, map[string]string{
			"otpgate.provider": "inhouse", "otpgate.channel": "sms", "otpgate.rule": "ghana",
			"otpgate.place": "int_value:2",
		}},
	} {
		s := one.span
		if s.Trace != theirTrace || s.Parent != one.parent || s.Kind != one.kind || s.Failed != one.failed || s.Service != "gate" {
			t.Errorf("%s: %+v", one.name, s)
		}
		for name, want := range one.attribute {
			if got := one.span.Attributes[name]; got != want {
				t.Errorf("%s: %s is %q, want %q", one.name, name, got, want)
			}
		}
	}
	if use.Attributes["otpgate.reference"] == "" {
		t.Error("the reference is not told")
	}
	for _, h := range r.Headers() {
		if strings.Contains(h.Get("User-Agent"), "Traces") && h.Get("X-Collector") != "collector-credential" {
			t.Errorf("the collector's header did not come: %v", h)
		}
	}
}

func TestAFallbackIsLinkedToItsSend(t *testing.T) {
	t.Parallel()
	w, r := observed(t)
	sent := w.send(`{"to":"+233201234567","fallback":[{"channel":"email","to":"ama@example.com","after":"1s"}]}`)
	send := find(w, r, "otp.send", 1)[0]
	later := find(w, r, "otp.escalate", 1)[0]
	if later.Trace == send.Trace || later.Parent != "" || !slices.Contains(later.Links, send.Trace) {
		t.Errorf("%+v is not linked to %s", later, send.Trace)
	}
	if got := later.Attributes["otpgate.reference"]; got != sent.Reference {
		t.Errorf("reference %s, want %s", got, sent.Reference)
	}
	carried := find(w, r, "provider.send", 2)
	if !slices.ContainsFunc(carried, func(s otlptest.Span) bool {
		return s.Parent == later.ID && s.Attributes["otpgate.channel"] == "email"
	}) {
		t.Errorf("no try below the fallback: %+v", carried)
	}
	w.verify(sent.Reference, w.code("+233201234567"))
	if verify := find(w, r, "otp.verify", 1)[0]; !slices.Contains(verify.Links, send.Trace) {
		t.Errorf("the verify is not linked: %+v", verify)
	}
}

func TestAnUpstreamIsToldTheTraceOnlyWhenItShallBe(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{true, false} {
		w, _ := observed(t, "timeout: 500ms", fmt.Sprintf("timeout: 500ms\n    propagate_trace: %v", told))
		w.traced(`{"to":"+233201234567"}`)
		header := w.hubtel.Requests("send")[0].Header
		if got := strings.HasPrefix(header.Get("Traceparent"), "00-"+theirTrace+"-"); got != told {
			t.Errorf("propagate_trace %v: %q", told, header.Get("Traceparent"))
		}
		if header.Get("Tracestate") != "" || header.Get("Baggage") != "" {
			t.Errorf("what a client wrote went on: %v", header)
		}
	}
}

// A collector that is down, or takes connections and says nothing, is nobody's trouble but the operator's.
func TestADeadCollectorHoldsNoRequestUp(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, endpoint := range []string{"http://" + silent.Addr().String(), gone.URL} {
		told := fmt.Sprintf("telemetry:\n  traces: {endpoint: %[1]q}\n  metrics: {endpoint: %[1]q, every: 1s}\n"+
			"  logs: {endpoint: %[1]q}\ncode_keys:", endpoint)
		w := start(t, "code_keys:", told)
		began := time.Now()
		const requests = 40
		for i := range requests {
			w.send(fmt.Sprintf(`{"to":"+23320123%04d"}`, i))
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: %d requests took %s", endpoint, requests, took)
		}
	}
}

func scrape(t *testing.T, w *world) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	w.g.Metrics().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("%d %s", recorder.Code, recorder.Body)
	}
	return recorder.Body.String()
}

func TestMetricsTellWhatHappened(t *testing.T) {
	t.Parallel()
	w := start(t)
	if err := w.hubtel.Faults.Set(twin.Fault{Endpoint: "send", Kind: twin.Status, Status: 500, Times: 1}); err != nil {
		t.Fatal(err)
	}
	failedOver := w.send(`{"to":"+233201234567"}`)
	w.verify(failedOver.Reference, different(w.code("+233201234567")))
	w.verify(failedOver.Reference, w.code("+233201234567"))
	direct := w.send(`{"to":"+233201234568"}`)
	w.post("shop-key", "/v1/otp/cancel", fmt.Sprintf(`{"reference":%q}`, direct.Reference))
	w.post("shop-key", "/v1/otp/cancel", fmt.Sprintf(`{"reference":%q}`, direct.Reference))
	if resp, err := http.Get(w.url + "/no/such/path"); err != nil {
		t.Fatal(err)
	} else {
		_ = resp.Body.Close()
	}
	text := scrape(t, w)
	for _, line := range []string{
		`otpgate_requests_total{code="ok",route="/v1/otp/send",status="201"} 2`,
		`otpgate_requests_total{code="wrong_code",route="/v1/otp/verify",status="422"} 1`,
		`otpgate_requests_total{code="not_found",route="",status="404"} 1`,
		`otpgate_sends_total{app="shop",operation="send",outcome="ok"} 2`,
		`otpgate_checks_total{app="shop",outcome="wrong_code"} 1`,
		`otpgate_checks_total{app="shop",outcome="ok"} 1`,
		`otpgate_deliveries_total{app="shop",channel="sms",class="transient",country="GH",provider="hubtel-gh"} 1`,
		`otpgate_deliveries_total{app="shop",channel="sms",class="ok",country="GH",provider="inhouse"} 1`,
		`otpgate_verifications_ended_total{app="shop",channel="sms",country="GH",provider="inhouse",status="verified"} 1`,
		`otpgate_verifications_ended_total{app="shop",channel="sms",country="GH",provider="hubtel-gh",status="canceled"} 1`,
		`otpgate_time_to_verify_seconds_count{app="shop",channel="sms"} 1`,
		`otpgate_provider_calls_total{channel="sms",class="transient",operation="send",provider="hubtel-gh"} 1`,
		`otpgate_provider_call_duration_seconds_count{channel="sms",operation="verify",provider="inhouse"} 2`,
		`otpgate_breaker_state{channel="sms",provider="hubtel-gh"} 0`,
		`otpgate_provider_in_flight{provider="hubtel-gh"} 0`,
		`otpgate_provider_in_flight_limit{provider="hubtel-gh"} 500`,
		`otpgate_store_duration_seconds_count{verb="begin"} 2`,
		`otpgate_store_errors_total{verb="begin"} 0`,
		`otpgate_store_queue_length 0`, `otpgate_timers_due 0`, `otpgate_reports_parked 0`,
		`otpgate_config_reloads_total{result="ok"} 1`, `otpgate_config_reloads_total{result="refused"} 0`,
		`otpgate_config_last_reload_successful 1`,
		`otpgate_build_info{go_version="go`, `go_goroutines `, `process_open_fds `,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("missing: %s", line)
		}
	}
	for _, canary := range []string{"233201234", failedOver.Reference, direct.Reference, secret, "/no/such"} {
		if strings.Contains(text, canary) {
			t.Errorf("%s is told", canary)
		}
	}
	if t.Failed() {
		t.Log(regexp.MustCompile(`(?m)^otpgate_.*(_total|_count|state).*$`).FindAllString(text, -1))
	}
}

// Everything that leaves for a collector is searched for what must not be seen.
func TestACollectorLearnsNoSecretAndNoRecipient(t *testing.T) {
	t.Parallel()
	w, r := observed(t)
	var codes []string
	for _, to := range []string{"+233201234567", "+2348031234567"} {
		sent := w.send(fmt.Sprintf(`{"to":%q,"metadata":{"note":"canary-note"}}`, to))
		codes = append(codes, w.code(to))
		w.verify(sent.Reference, "8642097531")
		w.verify(sent.Reference, w.code(to))
	}
	w.post("shop-key", "/v1/otp/verify?code=8642097531", `{"reference":"canary"}`)
	find(w, r, "otp.verify", 4)
	w.await(func() bool {
		return r.HasMetric("otpgate_requests_total") && slices.ContainsFunc(r.Lines(), func(l otlptest.Line) bool {
			return l.Text == "request" && l.Trace != "" && l.Attributes["route"] == "/v1/otp/send"
		})
	})
	raw := r.Raw()
	for _, canary := range append(codes, "233201234567", "2348031234567", "8642097531", secret,
		"hubtel-twin-secret", "canary") {
		at := bytes.Index(raw, []byte(canary))
		if at >= 0 && !bytes.Contains(raw[max(0, at-200):at], []byte("sandbox message")) { // shown there on purpose
			t.Errorf("%s went to the collector: %q", canary, raw[max(0, at-80):at+20])
		}
	}
	w.logMu.Lock()
	defer w.logMu.Unlock()
	if !regexp.MustCompile(
		`msg=request .*route=/v1/otp/send .*trace_id=[0-9a-f]{32} span_id=[0-9a-f]{16}`,
	).Match(w.log.Bytes()) {
		t.Error("a line of a request names no trace")
	}
	if !regexp.MustCompile(`msg="provider answered" provider=hubtel-gh .*op=send .*trace_id=`).Match(w.log.Bytes()) {
		t.Error("a line of a try names no trace")
	}
}
