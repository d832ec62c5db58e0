package console_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/console"
)

func TestWithoutLoginNothingIsShown(t *testing.T) {
	t.Parallel()
	at := serve(t, guarded())
	for _, path := range []string{"/", "/verifications", "/configuration", "/inbox", "/api/providers", "/api/overview", "/metrics",
		"/debug/pprof/", "/debug/pprof/heap", "/nothing"} {
		resp, body := do(t, at, request{path: path})
		if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("WWW-Authenticate") == "" || len(body) > 120 {
			t.Errorf("a program asks for %s: %d %s", path, resp.StatusCode, body)
		}
		resp, _ = do(t, at, request{path: path, header: header("Accept", "text/html")})
		if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/login" {
			t.Errorf("a person asks for %s: %d", path, resp.StatusCode)
		}
	}
	for _, path := range []string{"/healthz", "/login", "/assets/style.css"} {
		if resp, _ := do(t, at, request{path: path}); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func TestLoginOpensASession(t *testing.T) {
	t.Parallel()
	at := serve(t, guarded())
	cookie := login(t, at)
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || cookie.Secure ||
		cookie.MaxAge != int((12*time.Hour).Seconds()) || len(cookie.Value) < 26 {
		t.Errorf("the cookie is %+v", cookie)
	}
	with := header("Cookie", cookie.Name+"="+cookie.Value)
	for _, path := range []string{"/", "/api/providers"} {
		if resp, _ := do(t, at, request{path: path, header: with}); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	if resp, _ := do(t, at, request{path: "/login", header: with}); resp.Header.Get("Location") != "/" {
		t.Errorf("who is logged in is asked again: %d", resp.StatusCode)
	}
	if other := login(t, at); other.Value == cookie.Value {
		t.Error("two logins share a session")
	}
	resp, _ := do(t, at, request{method: http.MethodPost, path: "/logout", header: with})
	if resp.StatusCode != http.StatusSeeOther || resp.Cookies()[0].MaxAge != -1 {
		t.Errorf("logout: %d %v", resp.StatusCode, resp.Cookies())
	}
	if resp, _ := do(t, at, request{path: "/api/providers", header: with}); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the session outlives its logout: %d", resp.StatusCode)
	}
	resp, _ = do(t, at, request{method: http.MethodPost, path: "/login", body: "token=" + token, header: header(
		"Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-Proto", "https")})
	if !resp.Cookies()[0].Secure {
		t.Error("behind TLS the cookie may be sent in the clear")
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	o, at := guarded(), noon()
	o.Now = func() time.Time { return at }
	url := serve(t, o)
	cookie := login(t, url)
	with := header("Cookie", cookie.Name+"="+cookie.Value)
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{12*time.Hour - time.Second, http.StatusOK}, {time.Second, http.StatusUnauthorized}} {
		at = at.Add(step.after)
		if resp, _ := do(t, url, request{path: "/api/providers", header: with}); resp.StatusCode != step.want {
			t.Errorf("after %s: %d", at.Sub(noon()), resp.StatusCode)
		}
	}
	first := login(t, url)
	for range 64 {
		at = at.Add(time.Second)
		login(t, url)
	}
	with = header("Cookie", first.Name+"="+first.Value)
	if resp, _ := do(t, url, request{path: "/api/providers", header: with}); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("of many sessions the oldest lives: %d", resp.StatusCode)
	}
}

func TestProgramsPresentTheToken(t *testing.T) {
	t.Parallel()
	o := guarded()
	o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("up 1\n")) })
	at := serve(t, o)
	for value, want := range map[string]int{
		"Bearer " + token: http.StatusOK, "bearer " + token: http.StatusOK, "Bearer wrong": http.StatusUnauthorized,
		"Basic " + token: http.StatusUnauthorized, token: http.StatusUnauthorized, "Bearer ": http.StatusUnauthorized,
	} {
		resp, body := do(t, at, request{path: "/metrics", header: header("Authorization", value)})
		if resp.StatusCode != want || want == http.StatusOK && body != "up 1\n" {
			t.Errorf("%q: %d %s", value, resp.StatusCode, body)
		}
		if strings.Contains(body, token) {
			t.Errorf("%q: the answer shows the token", value)
		}
	}
	resp, _ := do(t, serve(t, options()), request{path: "/metrics"})
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("without metrics: %d", resp.StatusCode)
	}
}

func TestWrongTokensAreCounted(t *testing.T) {
	t.Parallel()
	o, at := guarded(), noon()
	o.Now = func() time.Time { return at }
	url := serve(t, o)
	session := login(t, url)
	for i := range 5 {
		if status := try(t, url, "wrong"); status != http.StatusUnauthorized {
			t.Fatalf("login %d: %d", i, status)
		}
		resp, _ := do(t, url, request{path: "/metrics", header: header("Authorization", "Bearer wrong")})
		if resp.StatusCode != http.StatusUnauthorized {
			t.Fatalf("token %d: %d", i, resp.StatusCode)
		}
	}
	for name, status := range map[string]int{"wrong": try(t, url, "wrong"), "right": try(t, url, token)} {
		if status != http.StatusTooManyRequests {
			t.Errorf("past the limit a %s token: %d", name, status)
		}
	}
	resp, _ := do(t, url, request{path: "/api/providers", header: header("Authorization", "Bearer "+token)})
	if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") == "" {
		t.Errorf("past the limit a program: %d", resp.StatusCode)
	}
	resp, _ = do(t, url, request{path: "/api/providers", header: header("Cookie", session.Name+"="+session.Value)})
	if resp.StatusCode != http.StatusOK {
		t.Errorf("past the limit a session: %d", resp.StatusCode)
	}
	at = at.Add(6 * time.Minute)
	if status := try(t, url, token); status != http.StatusSeeOther {
		t.Errorf("five minutes later: %d", status)
	}
}

// Failures are counted for a household: one IPv4 address, or a /64 of IPv6.
func TestSourcesAreTold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, guesser, other string
		want                 int
	}{
		{"another port", "203.0.113.7:1", "203.0.113.7:2", http.StatusTooManyRequests},
		{"the same in IPv6", "203.0.113.7:1", "[::ffff:203.0.113.7]:2", http.StatusTooManyRequests},
		{"another address", "203.0.113.7:1", "203.0.113.8:1", http.StatusOK},
		{"one network", "[2001:db8::1]:1", "[2001:db8::2]:1", http.StatusTooManyRequests},
		{"another network", "[2001:db8::1]:1", "[2001:db8:0:1::1]:1", http.StatusOK},
		{"no address at all", "pipe", "pipe", http.StatusTooManyRequests},
	} {
		c, err := console.New(guarded())
		if err != nil {
			t.Fatal(err)
		}
		handler := c.Handler()
		ask := func(from, token string) int {
			r := httptest.NewRequest(http.MethodGet, "/api/providers", nil)
			r.RemoteAddr = from
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			return w.Code
		}
		for range 10 {
			ask(test.guesser, "wrong")
		}
		if got := ask(test.other, token); got != test.want {
			t.Errorf("%s: %d", test.name, got)
		}
	}
}
