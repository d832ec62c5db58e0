package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// status answers so and says nothing.
func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// Only a 200 from /readyz is good health.
func TestHealthBelievesReadyzOnly(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(status(http.StatusOK))
	t.Cleanup(elsewhere.Close)
	for name, test := range map[string]struct {
		answer http.Handler
		code   int
		says   string
	}{
		"ready":                                 {status(http.StatusOK), 0, "is ready"},
		"not ready":                             {status(http.StatusServiceUnavailable), 1, "/readyz answers 503"},
		"no content is not what a gateway says": {status(http.StatusNoContent), 1, "/readyz answers 204"},
		"a redirect is not followed": {
			http.RedirectHandler(elsewhere.URL, http.StatusFound), 1, "/readyz answers 302",
		},
		"cut off": {
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), 1,
			"it does not answer: EOF",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.RequestURI != "/readyz" {
					t.Errorf("%s %s was asked for", r.Method, r.RequestURI)
				}
				test.answer.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			code, out, errs := otpgate(t, nil, "health", "--url", server.URL)
			if said := out + errs; code != test.code || strings.Count(said, "\n") != 1 || !strings.Contains(said, test.says) {
				t.Errorf("exit code %d, said %q", code, said)
			}
		})
	}
}

func TestHealthOfNobody(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	code, _, errs := otpgate(t, nil, "health", "--url", gone.URL)
	if code != 1 || !strings.Contains(errs, "refused") || strings.Count(errs, "\n") != 1 {
		t.Errorf("exit code %d, said %q", code, errs)
	}
}

// An answer that does not come in time is none.
func TestHealthWaitsForItsTimeoutOnly(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(server.Close)
	code, _, errs := otpgate(t, nil, "health", "--url", server.URL, "--timeout", "20ms")
	if code != 1 || !strings.Contains(errs, "deadline exceeded") {
		t.Errorf("exit code %d, said %q", code, errs)
	}
}

// What is refused is not repeated: it may hold a password.
func TestHealthRefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://me:hunter2@127.0.0.1", "http://127.0.0.1?key=hunter2",
		"http://127.0.0.1/" + strings.Repeat("a", 300), "http://127.0.0.1:port\x7f",
	} {
		code, out, errs := otpgate(t, nil, "health", "--url="+address)
		if code != 1 || out != "" || !strings.Contains(errs, "--url: write the gateway's address") ||
			strings.Contains(errs, "hunter2") {
			t.Errorf("%q: exit code %d, said %q", address, code, out+errs)
		}
	}
}
