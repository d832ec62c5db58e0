package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/telemetry"
	"github.com/otpgate/otpgate/gateway/telemetry/otlptest"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines is a log that tests can read.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// made is a telemetry that ends with the test.
func made(t testing.TB, o telemetry.Options) *telemetry.Telemetry {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Service, o.Every = "gate", time.Second
	tel, err := telemetry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		tel.Shutdown(ctx)
	})
	tel.Know(telemetry.Names{Apps: []string{"shop"}, Providers: []string{"hubtel-gh"}})
	return tel
}

func exposition(t testing.TB, tel *telemetry.Telemetry) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	tel.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("%d %s", recorder.Code, recorder.Body)
	}
	return recorder.Body.String()
}

func await(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not happen")
		}
	}
}

const theirs = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-"

func TestTheGatewayAloneDecidesWhatIsSampled(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	for _, test := range []struct {
		name   string
		sample float64
		header string
		want   bool
	}{
		{"all, and the client says no", 1, theirs + "00", true},
		{"none, and the client says yes", 0, theirs + "01", false},
		{"none, and the client chose a low id", 0, "00-00000000000000000000000000000001-b7ad6b7169203331-01", false},
		{"all, without a trace of the client's", 1, "", true},
		{"all, and the header is junk", 1, "junk 984205", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tel := made(t, telemetry.Options{Traces: telemetry.Export{Endpoint: collector.URL}, Sample: test.sample})
			ctx := tel.Requests().Began(t.Context(), "POST", "/v1/otp/send", test.header)
			ctx = tel.Uses().Began(ctx, otp.Use{Name: otp.UseSend, App: "shop"})
			name := tel.Uses().Trace(ctx)
			if got := name != ""; got != test.want {
				t.Errorf("kept: %v, want %v", got, test.want)
			}
			if strings.HasPrefix(test.header, theirs) && test.want && !strings.HasPrefix(name, theirs[:36]) {
				t.Errorf("%s does not go on with the client's trace", name)
			}
		})
	}
}

func TestAFallbackOfATracedSendIsTraced(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	tel := made(t, telemetry.Options{Traces: telemetry.Export{Endpoint: collector.URL}, Sample: 0})
	ctx := tel.Uses().Began(t.Context(), otp.Use{Name: otp.UseEscalate, Origin: theirs + "01"})
	if name := tel.Uses().Trace(ctx); name == "" || strings.HasPrefix(name, theirs[:36]) {
		t.Errorf("trace %q", name)
	}
}

// A collector that answers with an error is logged once, and every span that it did not take is counted.
func TestWhatACollectorRefusesIsCounted(t *testing.T) {
	t.Parallel()
	var refused sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refused.Store(r.URL.Path, true)
		w.WriteHeader(http.StatusBadRequest)
	}))
	t.Cleanup(server.Close)
	log, to := new(lines), telemetry.Export{Endpoint: server.URL}
	tel := made(t, telemetry.Options{Traces: to, Sample: 1, Logs: to, Metrics: to, Log: log.logger()})
	own := slog.New(tel.Log(slog.NewTextHandler(new(lines), nil)))
	for range 3 {
		ctx := tel.Requests().Began(t.Context(), "POST", "/v1/otp/send", "")
		own.InfoContext(ctx, "line")
		tel.Requests().Ended(ctx, telemetry.Request{Route: "/v1/otp/send", Status: 201})
	}
	await(t, func() bool {
		text := exposition(t, tel)
		return strings.Contains(text, `otpgate_telemetry_dropped_total{reason="export_failed",signal="traces"} 3`) &&
			strings.Contains(text, `otpgate_telemetry_dropped_total{reason="export_failed",signal="logs"} 3`) &&
			!strings.Contains(text, `otpgate_telemetry_dropped_total{reason="export_failed",signal="metrics"} 0`)
	})
	for _, signal := range []string{"traces", "logs", "metrics"} {
		if _, ok := refused.Load("/v1/" + signal); !ok {
			t.Errorf("no %s came", signal)
		}
		if n := strings.Count(log.String(), `msg="a collector cannot be told" signal=`+signal); n != 1 {
			t.Errorf("%s: logged %d times:\n%s", signal, n, log)
		}
	}
}

// A collector that says nothing fills the queue. What finds no room is dropped at once and counted.
func TestWhatFindsNoRoomIsDropped(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(over) })
	to := telemetry.Export{Endpoint: server.URL}
	tel := made(t, telemetry.Options{Traces: to, Sample: 1, Logs: to})
	own := slog.New(tel.Log(slog.NewTextHandler(new(lines), nil)))
	began := time.Now()
	for range 6000 {
		ctx := tel.Requests().Began(t.Context(), "POST", "/v1/otp/send", "")
		own.InfoContext(ctx, "line")
		tel.Requests().Ended(ctx, telemetry.Request{Route: "/v1/otp/send", Status: 201})
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("6000 requests took %s", took)
	}
	text := exposition(t, tel)
	for _, signal := range []string{"traces", "logs"} {
		want := fmt.Sprintf(`otpgate_telemetry_dropped_total{reason="queue_full",signal=%q} %d`, signal, 6000-4096)
		if !strings.Contains(text, want) {
			t.Errorf("missing: %s", want)
		}
	}
}

// Labels are words of known lists, whatever is told.
func TestWhatTheConfigurationDoesNotKnowIsOther(t *testing.T) {
	t.Parallel()
	tel := made(t, telemetry.Options{Version: "v1"})
	tel.Uses().Ended(t.Context(), otp.Use{Name: otp.UseSend, App: "+233201234567"}, otp.Verification{},
		errors.New("broken"))
	call := routing.Call{Spot: routing.Spot{Provider: "gone", Channel: providers.SMS}, Op: "send"}
	failure := &providers.Error{Class: providers.Credentials}
	tel.Calls().TryEnded(t.Context(), call, time.Second, failure)
	tel.Calls().Late(t.Context(), call, time.Second, nil)
	tel.Calls().Loud(t.Context(), call, failure)
	tel.Calls().BreakerChanged(call.Spot, routing.Closed, routing.Open)
	tel.Lost(3)
	tel.Reloaded(true)
	tel.Reloaded(false)
	text := exposition(t, tel)
	for _, line := range []string{
		`otpgate_sends_total{app="other",operation="send",outcome="internal"} 1`,
		`otpgate_provider_calls_total{channel="sms",class="credentials",operation="send",provider="other"} 1`,
		`otpgate_provider_late_answers_total{channel="sms",class="ok",operation="send",provider="other"} 1`,
		`otpgate_provider_attention_total{channel="sms",class="credentials",operation="send",provider="other"} 1`,
		`otpgate_breaker_changes_total{channel="sms",provider="other",to="open"} 1`,
		`otpgate_reports_lost_total 3`, `otpgate_config_last_reload_successful 0`,
		`otpgate_config_reloads_total{result="refused"} 1`, `version="v1"`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("missing: %s", line)
		}
	}
	if strings.Contains(text, "233201234567") {
		t.Error("a number is told")
	}
}

// A store that does not answer a scrape takes nothing from the rest of it.
func TestABacklogThatCannotBeReadIsLeftOut(t *testing.T) {
	t.Parallel()
	tel := made(t, telemetry.Options{})
	spot := routing.Spot{Provider: "hubtel-gh", Channel: providers.SMS}
	tel.Watch(func() []routing.Reading {
		return []routing.Reading{{Spot: spot, State: routing.Open, CoolingUntil: time.Now(), PerSecond: 5, Tokens: -1}}
	}, func(context.Context) (telemetry.Backlog, error) { return telemetry.Backlog{}, errors.New("closed") })
	text := exposition(t, tel)
	for _, line := range []string{
		`otpgate_breaker_state{channel="sms",provider="hubtel-gh"} 2`, `otpgate_provider_rate_tokens{provider="hubtel-gh"} -1`,
		`otpgate_provider_cooling_down{channel="sms",provider="hubtel-gh"} 1`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("missing: %s", line)
		}
	}
	if strings.Contains(text, "\notpgate_store_queue_length") {
		t.Error("a length is told that nobody knows")
	}
}

// broken is a store whose every verb ends with its error.
type broken struct {
	otp.Store
	err error
}

func (b broken) Get(context.Context, otp.Reference) (otp.Verification, error) {
	return otp.Verification{}, b.err
}

func TestARefusalIsNoErrorOfTheStore(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want int
	}{{nil, 0}, {&otp.Error{Code: otp.NotFound}, 0}, {&otp.Error{Code: otp.Overloaded}, 1}, {errors.New("disk"), 1}} {
		tel := made(t, telemetry.Options{})
		if _, err := tel.Store(broken{err: test.err}).Get(t.Context(), "x"); !errors.Is(err, test.err) {
			t.Errorf("%v became %v", test.err, err)
		}
		text := exposition(t, tel)
		for _, line := range []string{
			fmt.Sprintf(`otpgate_store_errors_total{verb="get"} %d`, test.want), `otpgate_store_duration_seconds_count{verb="get"} 1`,
		} {
			if !strings.Contains(text, line) {
				t.Errorf("%v: missing: %s", test.err, line)
			}
		}
	}
}

func TestALineGoesToLogAndCollectorWithItsTrace(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	to := telemetry.Export{Endpoint: collector.URL + "/"}
	tel := made(t, telemetry.Options{Traces: to, Sample: 1, Logs: to})
	out := new(lines)
	log := slog.New(tel.Log(slog.NewTextHandler(out, nil))).With("a", "b").WithGroup("g")
	ctx := tel.Requests().Began(t.Context(), "POST", "/v1/otp/send", theirs+"01")
	log.InfoContext(ctx, "with a trace", "c", "d")
	log.Info("without")
	log.Debug("below the level")
	await(t, func() bool { return len(collector.Lines()) == 2 })
	if l := collector.Lines()[0]; l.Trace != theirs[3:35] || l.Attributes["a"] != "b" || l.Text != "with a trace" {
		t.Errorf("%+v", l)
	}
	if text := out.String(); !strings.Contains(text, "trace_id="+theirs[3:35]) || strings.Count(text, "trace_id") != 1 {
		t.Errorf("%s", text)
	}
}
