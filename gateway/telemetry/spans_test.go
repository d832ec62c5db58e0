package telemetry_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/telemetry"
	"github.com/otpgate/otpgate/gateway/telemetry/otlptest"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

func TestAFailureIsToldWithItsReason(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	tel := made(t, telemetry.Options{Traces: telemetry.Export{Endpoint: collector.URL}, Sample: 1})
	requests, uses, calls := tel.Requests(), tel.Uses(), tel.Calls()
	call := routing.Call{Spot: routing.Spot{Provider: "hubtel-gh", Channel: providers.SMS}, Op: "verify"}
	throttled := &providers.Error{Class: providers.Throttled, Code: "429", RetryAfter: 1500 * time.Millisecond}

	ctx := requests.Began(t.Context(), "POST", "/v1/otp/verify", "")
	within := uses.Began(ctx, otp.Use{Name: otp.UseVerify, App: "shop"})
	try := calls.TryBegan(within, call)
	calls.TryEnded(try, call, time.Second, throttled)
	calls.Late(try, call, 2*time.Second, nil)
	uses.Ended(within, otp.Use{Name: otp.UseVerify, App: "shop"}, otp.Verification{},
		&otp.Error{Code: otp.ProviderUnavailable})
	requests.Ended(ctx, telemetry.Request{Route: "/v1/otp/verify", Status: 503, Code: "provider_unavailable"})

	await(t, func() bool { return len(collector.Spans()) == 4 })
	spans := map[string]otlptest.Span{}
	for _, s := range collector.Spans() {
		spans[s.Name] = s
	}
	for name, want := range map[string]map[string]string{
		"provider.verify": {
			"error.type": "throttled", "otpgate.upstream_code": "429", "otpgate.retry_after": "double_value:1.5",
		},
		"otp.verify":          {"error.type": "provider_unavailable", "otpgate.outcome": "provider_unavailable"},
		"POST /v1/otp/verify": {"error.type": "503", "otpgate.code": "provider_unavailable"},
	} {
		if !spans[name].Failed {
			t.Errorf("%s did not fail", name)
		}
		for key, value := range want {
			if got := spans[name].Attributes[key]; got != value {
				t.Errorf("%s: %s is %q, want %q", name, key, got, value)
			}
		}
	}
	late, tried := spans["provider.late"], spans["provider.verify"]
	if late.Failed || late.Parent != tried.ID || late.Attributes["otpgate.provider"] != "hubtel-gh" {
		t.Errorf("the late answer: %+v", late)
	}
	if _, sent := tried.Attributes["otpgate.place"]; sent {
		t.Error("a verify has a place in a plan")
	}
}

// Headers may hold credentials: they go to the collector that the configuration names and nowhere else.
func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var astray atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { astray.Add(1) }))
	t.Cleanup(elsewhere.Close)
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	to := telemetry.Export{Endpoint: server.URL,
		Headers: map[string]providers.Secret{"authorization": providers.NewSecret("canary")}}
	log := new(lines)
	tel := made(t, telemetry.Options{Traces: to, Sample: 1, Log: log.logger()})
	tel.Requests().Ended(tel.Requests().Began(t.Context(), "POST", "/", ""), telemetry.Request{})
	await(t, func() bool { return strings.Contains(log.String(), "a collector cannot be told") })
	if n := astray.Load(); n != 0 || strings.Contains(log.String(), "canary") {
		t.Errorf("%d requests went astray; log: %s", n, log)
	}
}

func TestThatACollectorIsBackIsLogged(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	log := new(lines)
	tel := made(t, telemetry.Options{Metrics: telemetry.Export{Endpoint: server.URL}, Log: log.logger()})
	await(t, func() bool {
		return strings.Contains(log.String(), `msg="a collector can be told again" signal=metrics`)
	})
	if text := exposition(t, tel); !strings.Contains(text, `otpgate_telemetry_dropped_total{reason="export_failed",signal="metrics"} 1`) {
		t.Error("the export that failed is not counted")
	}
}

// What waits when a gateway stops is handed out.
func TestShutdownHandsOutWhatIsLeft(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	to := telemetry.Export{Endpoint: collector.URL}
	tel := made(t, telemetry.Options{Traces: to, Sample: 1, Metrics: to})
	tel.Requests().Ended(tel.Requests().Began(t.Context(), "POST", "/", ""), telemetry.Request{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tel.Shutdown(ctx)
	if len(collector.Spans()) != 1 || !collector.HasMetric("otpgate_requests_total") {
		t.Errorf("spans %v", collector.Spans())
	}
}

// every is a store that grants everything.
type every struct{ otp.Store }

func (every) Begin(context.Context, otp.Begin) (otp.Begun, error)                     { return otp.Begun{}, nil }
func (every) Renew(context.Context, otp.Renewal) (otp.Begun, error)                   { return otp.Begun{}, nil }
func (every) Deliver(context.Context, otp.Dispatch) (v otp.Verification, _ error)     { return v, nil }
func (every) Report(context.Context, otp.Reporting) error                             { return nil }
func (every) Reserve(context.Context, otp.Guess) (v otp.Verification, _ error)        { return v, nil }
func (every) Release(context.Context, otp.Release) (v otp.Verification, _ error)      { return v, nil }
func (every) Settle(context.Context, otp.Settlement) (v otp.Verification, _ error)    { return v, nil }
func (every) Get(context.Context, otp.Reference) (v otp.Verification, _ error)        { return v, nil }
func (every) Find(context.Context, string, string) (v otp.Verification, _ error)      { return v, nil }
func (every) Open(context.Context, string, time.Time) (v []otp.Verification, _ error) { return v, nil }
func (every) Levels(context.Context, []otp.Claim, time.Time) ([]otp.Level, error)     { return nil, nil }

func TestEveryVerbOfTheStoreIsMeasured(t *testing.T) {
	t.Parallel()
	tel := made(t, telemetry.Options{})
	ctx, s := t.Context(), tel.Store(every{})
	for verb, run := range map[string]func() error{
		"begin":   func() error { _, err := s.Begin(ctx, otp.Begin{}); return err },
		"renew":   func() error { _, err := s.Renew(ctx, otp.Renewal{}); return err },
		"deliver": func() error { _, err := s.Deliver(ctx, otp.Dispatch{}); return err },
		"report":  func() error { return s.Report(ctx, otp.Reporting{}) },
		"reserve": func() error { _, err := s.Reserve(ctx, otp.Guess{}); return err },
		"release": func() error { _, err := s.Release(ctx, otp.Release{}); return err },
		"settle":  func() error { _, err := s.Settle(ctx, otp.Settlement{}); return err },
		"get":     func() error { _, err := s.Get(ctx, ""); return err },
		"find":    func() error { _, err := s.Find(ctx, "", ""); return err },
		"open":    func() error { _, err := s.Open(ctx, "", time.Time{}); return err },
		"levels":  func() error { _, err := s.Levels(ctx, nil, time.Time{}); return err },
	} {
		if err := run(); err != nil {
			t.Error(verb, err)
		}
		if line := `otpgate_store_duration_seconds_count{verb="` + verb + `"} 1`; !strings.Contains(exposition(t, tel), line) {
			t.Errorf("missing: %s", line)
		}
	}
}
