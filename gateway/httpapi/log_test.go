package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
)

// logBuffer is a log that tests can read.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) record(o *httpapi.Options) {
	o.Log = slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// lines are the entries so far, without their time.
func (l *logBuffer) lines(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for d := json.NewDecoder(strings.NewReader(l.String())); ; {
		var line map[string]any
		if err := d.Decode(&line); errors.Is(err, io.EOF) {
			return lines
		} else if err != nil {
			t.Fatal(err)
		}
		delete(line, "time")
		lines = append(lines, line)
	}
}

func TestEveryRequestLeavesOneLine(t *testing.T) {
	t.Parallel()
	refusal := &otp.Error{
		Code: otp.ProviderUnavailable, Detail: "d", Reference: reference, Err: errors.New("hubtel-gh send: transient"),
	}
	tests := []struct {
		name string
		fake *fakeOTP
		req  *http.Request
		want map[string]any
	}{
		{
			"a success", &fakeOTP{result: otp.Result{Verification: pending()}}, post("/v1/otp/send", `{"to":"x"}`),
			map[string]any{
				"level": "INFO", "method": "POST", "route": "/v1/otp/send", "status": 201.0, "app": "shop", "reference": reference,
			},
		},
		{
			"a refusal", &fakeOTP{err: &otp.Error{Code: otp.WrongCode, Detail: "d", Reference: reference}},
			post("/v1/otp/verify", `{"reference":"x","code":"1"}`),
			map[string]any{
				"level": "INFO", "method": "POST", "route": "/v1/otp/verify", "status": 422.0, "app": "shop",
				"reference": reference, "code": "wrong_code",
			},
		},
		{
			"a provider's fault, with its cause", &fakeOTP{err: refusal}, post("/v1/otp/send", `{"to":"x"}`),
			map[string]any{
				"level": "WARN", "method": "POST", "route": "/v1/otp/send", "status": 503.0, "app": "shop",
				"reference": reference, "code": "provider_unavailable", "cause": "hubtel-gh send: transient",
			},
		},
		{
			"a fault of ours, with its cause", &fakeOTP{err: errors.New("broken")}, get("/v1/otp/status?reference=x"),
			map[string]any{
				"level": "ERROR", "method": "GET", "route": "/v1/otp/status", "status": 500.0, "app": "shop",
				"code": "internal", "cause": "broken",
			},
		},
		{
			"a code that nobody knows", &fakeOTP{err: &otp.Error{Code: "odd", Detail: "d"}}, get("/v1/otp/status?reference=x"),
			map[string]any{
				"level": "ERROR", "method": "GET", "route": "/v1/otp/status", "status": 500.0, "app": "shop",
				"code": "internal", "cause": "odd: d",
			},
		},
		{
			"a stranger", &fakeOTP{}, anonymous(get("/v1/otp/status?reference=x")),
			map[string]any{
				"level": "INFO", "method": "GET", "route": "/v1/otp/status", "status": 401.0, "code": "unauthenticated",
			},
		},
		{
			"no such path", &fakeOTP{}, get("/v1/otp/verify/984205?code=984205"),
			map[string]any{"level": "INFO", "method": "GET", "route": "", "status": 404.0, "code": "not_found"},
		},
		{
			"no such method", &fakeOTP{}, with(&http.Request{
				Method: "M984205", URL: get("/docs").URL, Header: http.Header{}, Body: http.NoBody,
			}, "Host", "x"),
			map[string]any{"level": "INFO", "method": "OTHER", "route": "", "status": 405.0, "code": "method_not_allowed"},
		},
		{
			"a probe", &fakeOTP{}, get("/healthz"),
			map[string]any{"level": "DEBUG", "method": "GET", "route": "/healthz", "status": 200.0},
		},
		{
			"a replay", &fakeOTP{result: otp.Result{Replayed: true, Answer: &otp.Answer{
				Status: 201, ContentType: "application/json", Body: []byte(pendingJSON),
			}}},
			post("/v1/otp/send", `{"to":"x"}`, "Idempotency-Key", "k"),
			map[string]any{
				"level": "INFO", "method": "POST", "route": "/v1/otp/send", "status": 201.0, "app": "shop", "reference": reference,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := new(logBuffer)
			a := do(t, newApp(t, tt.fake, log.record), tt.req)
			tt.want["msg"], tt.want["took_ms"], tt.want["peer"] = "request", 0.0, "0.0.0.0"
			tt.want["request_id"] = a.header.Get("X-Request-Id")
			if diff := cmp.Diff([]map[string]any{tt.want}, log.lines(t)); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(log.String(), canaryCode) {
				t.Errorf("log: %s", log)
			}
		})
	}
}

func TestALogHoldsNothingOfARequest(t *testing.T) {
	t.Parallel()
	const number = "+233201234567"
	log := new(logBuffer)
	fake := &fakeOTP{verification: ended(otp.StatusVerified), result: otp.Result{Verification: pending()}}
	app := newApp(t, fake, log.record)
	do(t, app, post("/v1/otp/send", wholeSend, "Idempotency-Key", "canary-key", "User-Agent", "canary-agent"))
	do(t, app, post("/v1/otp/verify", `{"reference":"canary-reference","code":"984205","to":"`+number+`"}`))
	do(t, app, post("/v1/otp/verify", `{"reference":984205,"984205":1}`))
	do(t, app, get("/v1/otp/status?reference=canary-reference"))
	do(t, app, get("/v1/otp/status?code=984205"))
	do(t, app, get("/"+number+"?"+number, "X-API-Secret", "canary-wrong", "X-Request-Id", "canary request"))
	fake.during = func(context.Context) { panic("canary-panic " + number) }
	do(t, app, post("/v1/otp/send", wholeSend))
	for _, canary := range []string{number[1:], "canary", canaryCode, shopSecret, "ama@example.com", "203.0.113.7"} {
		if strings.Contains(log.String(), canary) {
			t.Errorf("%s is in the log:\n%s", canary, log)
		}
	}
	lines := log.lines(t)
	if len(lines) != 7 {
		t.Errorf("%d lines for 7 requests", len(lines))
	}
	if stack, _ := lines[6]["stack"].(string); !strings.Contains(stack, "httpapi_test.TestALogHoldsNothingOfARequest") {
		t.Errorf("the stack does not lead to the panic: %v", lines[6])
	}
}

func TestPeer(t *testing.T) {
	t.Parallel()
	loopback, lan := netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")
	tests := []struct {
		name    string
		trusted []netip.Prefix
		header  []string
		want    string
	}{
		{"without proxies the header is not believed", nil, []string{"203.0.113.7"}, "127.0.0.1"},
		{"a proxy that is not ours is not believed", []netip.Prefix{lan}, []string{"203.0.113.7"}, "127.0.0.1"},
		{"our proxy is believed", []netip.Prefix{loopback}, []string{"203.0.113.7"}, "203.0.113.7"},
		{"the nearest that is not ours counts", []netip.Prefix{loopback}, []string{"6.6.6.6, 203.0.113.7"}, "203.0.113.7"},
		{"through several of ours", []netip.Prefix{loopback, lan}, []string{"6.6.6.6,203.0.113.7 , 10.1.2.3"}, "203.0.113.7"},
		{"in several lines", []netip.Prefix{loopback, lan}, []string{"203.0.113.7", "10.1.2.3"}, "203.0.113.7"},
		{"all are ours", []netip.Prefix{loopback, lan}, []string{"10.9.9.9, 10.1.2.3"}, "10.9.9.9"},
		{"none was told", []netip.Prefix{loopback}, nil, "127.0.0.1"},
		{"junk ends the chain", []netip.Prefix{loopback, lan}, []string{"203.0.113.7, 984205, 10.1.2.3"}, "10.1.2.3"},
		{"IPv6", []netip.Prefix{loopback}, []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv4 in IPv6", []netip.Prefix{loopback, lan}, []string{"203.0.113.7, ::ffff:10.1.2.3"}, "203.0.113.7"},
		{"a zone is left out", []netip.Prefix{loopback}, []string{"fe80::1%984205"}, "fe80::1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := new(logBuffer)
			app := newApp(t, &fakeOTP{}, log.record, func(o *httpapi.Options) {
				s := o.Snapshot()
				s.TrustedProxies = tt.trusted
				o.Snapshot = func() httpapi.Snapshot { return s }
			})
			text := "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			for _, line := range tt.header {
				text += "X-Forwarded-For: " + line + "\r\n"
			}
			conn := dial(t, listen(t, app))
			if _, err := io.WriteString(conn, text+"\r\n"); err != nil {
				t.Fatal(err)
			}
			readRaw(t, conn, http.MethodGet, "/healthz")
			if got := log.lines(t)[0]["peer"]; got != tt.want {
				t.Errorf("peer %v, want %s", got, tt.want)
			}
		})
	}
}
