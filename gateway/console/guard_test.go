package console_test

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/gateway/console"
)

// Every page and every answer comes with the rules for the browser that has it.
func TestEveryPageForbidsWhatItDoesNotNeed(t *testing.T) {
	t.Parallel()
	at := serve(t, options())
	for _, path := range []string{
		"/", "/providers", "/verifications", "/verifications/x", "/explain", "/limits", "/configuration", "/inbox", "/login",
		"/api/providers", "/api/nothing", "/assets/style.css", "/assets/overview.js", "/assets/nothing", "/healthz", "/nothing",
	} {
		resp, body := do(t, at, request{path: path})
		policy := resp.Header.Get("Content-Security-Policy")
		for _, rule := range []string{
			"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
			"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'",
		} {
			if !slices.Contains(strings.Split(policy, "; "), rule) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, rule)
			}
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if strings.Contains(body, " style=") || strings.Contains(body, " onclick=") || strings.Contains(body, "<script>") {
			t.Errorf("%s has script or style inline", path)
		}
	}
}

func TestWithoutTokenTheNameMustBeLoopback(t *testing.T) {
	t.Parallel()
	at := serve(t, options())
	for host, want := range map[string]int{
		"127.0.0.1:8081": http.StatusOK, "127.0.0.2": http.StatusOK, "localhost:8081": http.StatusOK, "LOCALHOST": http.StatusOK,
		"[::1]:8081": http.StatusOK, "[::1]": http.StatusOK, "evil.example": http.StatusMisdirectedRequest,
		"evil.example:8081": http.StatusMisdirectedRequest, "127.0.0.1.evil.example": http.StatusMisdirectedRequest,
		"192.0.2.1:8081": http.StatusMisdirectedRequest, "localhost.evil.example": http.StatusMisdirectedRequest,
	} {
		for _, path := range []string{"/", "/api/providers", "/healthz", "/debug/pprof/"} {
			if resp, _ := do(t, at, request{path: path, header: header("Host", host)}); resp.StatusCode != want {
				t.Errorf("%s asked of %s: %d", path, host, resp.StatusCode)
			}
		}
	}
}

func TestPostsMustComeFromThePage(t *testing.T) {
	t.Parallel()
	at := serve(t, options())
	here := strings.TrimPrefix(at, "http://")
	for name, test := range map[string]struct {
		header http.Header
		want   int
	}{
		"the page":             {header("Origin", at), http.StatusOK},
		"the page behind TLS":  {header("Origin", "https://"+here), http.StatusOK},
		"another website":      {header("Origin", "https://evil.example"), http.StatusForbidden},
		"another port":         {header("Origin", "http://127.0.0.1:1"), http.StatusForbidden},
		"a file":               {header("Origin", "null"), http.StatusForbidden},
		"nobody says":          {header("Origin", ""), http.StatusForbidden},
		"an origin that is no": {header("Origin", "http://%"), http.StatusForbidden},
		"a foreign fetch":      {header("Origin", at, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"), http.StatusForbidden},
		"a program":            {header("Origin", "", "Authorization", "Bearer x"), http.StatusOK},
	} {
		resp, body := do(t, at, request{method: http.MethodPost, path: "/api/limits", header: test.header,
			body: `{"app":"shop","to":"` + ghanaian + `"}`})
		if resp.StatusCode != test.want {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
	}
	for _, path := range []string{"/login", "/logout", "/api/verifications", "/api/explain"} {
		resp, _ := do(t, at, request{method: http.MethodPost, path: path, header: header("Origin", "https://evil.example")})
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func TestOtherWebsitesMayLinkAndNotLoad(t *testing.T) {
	t.Parallel()
	at := serve(t, options())
	for mode, want := range map[string]int{
		"navigate": http.StatusOK, "no-cors": http.StatusForbidden, "cors": http.StatusForbidden,
	} {
		resp, _ := do(t, at, request{path: "/", header: header("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", mode)})
		if resp.StatusCode != want {
			t.Errorf("%s: %d", mode, resp.StatusCode)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	resp, _ := do(t, serve(t, options()), request{method: http.MethodPost, path: "/api/limits",
		body: `{"app":"shop","to":"` + strings.Repeat("1", 17<<10) + `"}`})
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a body of 17 KiB: %d", resp.StatusCode)
	}
	if status := try(t, serve(t, guarded()), strings.Repeat("x", 17<<10)); status != http.StatusUnauthorized {
		t.Errorf("a token of 17 KiB: %d", status)
	}
}

// A listener that other machines reach is not served without a token, whatever the configuration was checked for.
func TestOpenListenerNeedsAToken(t *testing.T) {
	t.Parallel()
	c, err := console.New(options())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Serve(l); err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("it was served: %v", err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the listener was left open")
	}
}

func TestServeEndsWithShutdown(t *testing.T) {
	t.Parallel()
	c, err := console.New(options())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Serve(l) }()
	resp, body := do(t, "http://"+l.Addr().String(), request{path: "/healthz"})
	if resp.StatusCode != http.StatusOK || body != "ok\n" {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
	if err := c.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestProfilesAreServed(t *testing.T) {
	t.Parallel()
	at := serve(t, options())
	for path, want := range map[string]int{
		"/debug/pprof/": http.StatusOK, "/debug/pprof/goroutine?debug=1": http.StatusOK, "/debug/pprof/symbol": http.StatusOK,
		"/debug/pprof/cmdline": http.StatusNotFound,
	} {
		if resp, _ := do(t, at, request{path: path}); resp.StatusCode != want {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}
