package zend

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

func seed(f *testing.F, add func([]byte)) {
	f.Helper()
	samples, err := filepath.Glob("testdata/*.json")
	if err != nil || len(samples) == 0 {
		f.Fatal("there are no samples", err)
	}
	for _, name := range samples {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		add(b)
	}
	for _, s := range []string{
		"", " ", "null", "[]", "{}", `{"success":"true"}`, `{"success":1}`, `{"Success":true}`,
		`{"success":false,"success":true}`, `{"success":true,"statusCode":400}`,
		`{"attempts_remaining":-1,"success":false}`, `{"id":7}`, `{"id":"..","length":1e3}`, `{"status":"expired"}`,
		`{"message":[1],"error":{}}`, `{"v":1,"id":"x"}`, `{"v":2}`, strings.Repeat("[", 4096), "\x00", "\xff",
	} {
		add([]byte(s))
	}
}

// reader makes a client that is never asked.
func reader(f *testing.F) *upstream.Client {
	f.Helper()
	c, err := upstream.New(upstream.Config{Provider: "one", BaseURL: "http://127.0.0.1"})
	if err != nil {
		f.Fatal(err)
	}
	return c
}

// FuzzAnswer: what names a session can be read back, and grants nothing absurd.
func FuzzAnswer(f *testing.F) {
	seed(f, func(b []byte) { f.Add(b) })
	client := reader(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var a answer
		if upstream.Decode(body, &a) != nil {
			return
		}
		h, ok := a.handle()
		if !ok {
			return
		}
		s, err := upstream.ReadState(client, "verify", h, state.whole)
		if err != nil || s.ID != h.UpstreamID || h.Granted.Length < 0 || h.Granted.Expiry < 0 {
			t.Errorf("the state %s is read as %+v, %v; granted is %+v", h.State, s, err, h.Granted)
		}
	})
}

// FuzzState: only a whole state is taken.
func FuzzState(f *testing.F) {
	seed(f, func(b []byte) { f.Add(b) })
	client := reader(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := upstream.ReadState(client, "verify", providers.Handle{State: b}, state.whole)
		if err != nil && s != (state{}) || err == nil && (s.V != stateVersion || !upstream.Visible(s.ID)) {
			t.Errorf("%q is read as %+v, %v", b, s, err)
		}
	})
}

// FuzzVerify: whatever the upstream answers to a verify and to the status after it, only the documented yes is a match,
// and nothing is wrong that does not say so.
func FuzzVerify(f *testing.F) {
	for _, status := range []int{200, 201, 400, 404, 422, 500} {
		seed(f, func(b []byte) { f.Add(status, b, []byte(`{"status":"pending"}`)) })
		seed(f, func(b []byte) { f.Add(status, []byte(`{"success":false}`), b) })
	}
	var status int
	var body, standing []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = w.Write(standing)
			return
		}
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	f.Cleanup(server.Close)
	p, err := (&Options{BaseURL: server.URL}).Build(providers.Environment{Name: "one"})
	if err != nil {
		f.Fatal(err)
	}
	h := providers.Handle{State: []byte(`{"v":1,"id":"x"}`)}
	f.Fuzz(func(t *testing.T, code int, b, after []byte) {
		if code < 200 || code > 599 {
			return
		}
		status, body, standing = code, b, after
		v, err := p.Verify(context.Background(), h, providers.NewSecret("471100"))
		var said map[string]any
		_ = json.Unmarshal(body, &said)
		if v.Match && (code > 299 || said["success"] != true) || v.Match && err != nil {
			t.Errorf("%d %q was judged %+v, %v", code, b, v, err)
		}
		_, counted := said["attempts_remaining"]
		spoken := counted && (code == 401 || code == 403 || code == 429) // Zend counts guesses there
		fault := code >= 300 && code <= 399 || code == 404 || !spoken && upstream.ClassOfStatus(code) != providers.Unknown
		if err == nil && !v.Match && (said["success"] != false || fault) {
			t.Errorf("%d %q was judged wrong, %+v", code, b, v)
		}
	})
}
