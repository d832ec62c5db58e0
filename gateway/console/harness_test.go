package console_test

import (
	"cmp"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/console"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// noon is when the fakes live.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 24, 40, 0, time.UTC) }

const (
	hostile  = "<script>alert(1)</script>\u202egnp\x00\x1b[31m&\"'"
	token    = "a-token-that-nobody-guesses"
	ghanaian = "+233201234567"
)

// options are those of a console with a busy gateway in a sandbox.
func options() console.Options {
	shared := month()
	past := &fakeHistory{all: append([]otp.Verification{attacked()}, shared.all...), entries: shared.entries}
	return console.Options{
		Version: "v0.9.0", Gateway: &fakeGateway{past: past}, History: past, Inbox: delivered(),
		Log: slog.New(slog.DiscardHandler), Now: noon,
	}
}

// serve starts a console and returns its URL.
func serve(t testing.TB, o console.Options) string {
	t.Helper()
	c, err := console.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	return server.URL
}

// request is what a test asks of a console.
type request struct {
	method, path, body string
	header             http.Header
}

// do asks without following a redirect.
func do(t testing.TB, url string, r request) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(cmp.Or(r.method, http.MethodGet), url+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if r.method == http.MethodPost {
		req.Header.Set("Origin", url)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	req.Host = cmp.Or(r.header.Get("Host"), req.Host)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func secret() providers.Secret { return providers.NewSecret(token) }

// guarded are the options of a console with a token.
func guarded() console.Options {
	o := options()
	o.Token = secret()
	return o
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h[pairs[i]] = []string{pairs[i+1]}
	}
	return h
}

// login returns the cookie of a new session.
func login(t *testing.T, at string) *http.Cookie {
	t.Helper()
	resp, body := do(t, at, request{method: http.MethodPost, path: "/login", body: url.Values{"token": {token}}.Encode(),
		header: header("Content-Type", "application/x-www-form-urlencoded")})
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/" || len(resp.Cookies()) != 1 {
		t.Fatalf("login: %d %v %s", resp.StatusCode, resp.Header, body)
	}
	return resp.Cookies()[0]
}

func try(t *testing.T, at, wrong string) int {
	t.Helper()
	resp, _ := do(t, at, request{method: http.MethodPost, path: "/login", body: url.Values{"token": {wrong}}.Encode(),
		header: header("Content-Type", "application/x-www-form-urlencoded")})
	return resp.StatusCode
}
