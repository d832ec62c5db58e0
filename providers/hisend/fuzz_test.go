package hisend

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-json/v2"

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
		"", " ", "null", "[]", "{}", `{"message":0}`, `{"message":"Invalid OTP","message":""}`, `{"data":[]}`,
		`{"data":{"success":"true"}}`, `{"data":{"success":1}}`, `{"data":{"success":true,"success":false}}`,
		`{"Data":{"success":true}}`, `{"data":{"reference":7}}`, `{"v":1,"reference":"x"}`, `{"v":2}`,
		strings.Repeat("[", 4096), "\x00", "\xff",
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

// FuzzAnswer: what names a session can be read back.
func FuzzAnswer(f *testing.F) {
	seed(f, func(b []byte) { f.Add(b) })
	client := reader(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var a answer
		if upstream.Decode(body, &a) != nil {
			return
		}
		h, ok := a.handle(grant(providers.CodeWish{}))
		if !ok {
			return
		}
		s, err := upstream.ReadState(client, "verify", h, state.whole)
		if err != nil || s.Reference != h.UpstreamID {
			t.Errorf("the state %s is read as %+v, %v", h.State, s, err)
		}
	})
}

// FuzzState: only a whole state is taken.
func FuzzState(f *testing.F) {
	seed(f, func(b []byte) { f.Add(b) })
	client := reader(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := upstream.ReadState(client, "verify", providers.Handle{State: b}, state.whole)
		whole := s.V == stateVersion && upstream.Visible(s.Reference)
		if err != nil && s != (state{}) || err == nil && !whole {
			t.Errorf("%q is read as %+v, %v", b, s, err)
		}
	})
}

// FuzzVerify: whatever the upstream answers, only the documented yes is a match, and only the documented no a verdict.
func FuzzVerify(f *testing.F) {
	for _, status := range []int{200, 201, 400, 422, 500} {
		seed(f, func(b []byte) { f.Add(status, b) })
	}
	var status int
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	f.Cleanup(server.Close)
	p, err := (&Options{BaseURL: server.URL, ReferenceNames: namesBoth}).Build(providers.Environment{Name: "one"})
	if err != nil {
		f.Fatal(err)
	}
	s := []byte(`{"v":1,"reference":"x"}`)
	f.Fuzz(func(t *testing.T, code int, b []byte) {
		if code < 200 || code > 599 {
			return
		}
		status, body = code, b
		v, err := p.Verify(context.Background(), providers.Handle{State: s}, providers.NewSecret("984205"))
		if v.Match && (err != nil || status != 200 || says(body, "data", "success") != true) {
			t.Errorf("%d %q was judged %+v, %v", status, body, v, err)
		}
		if !v.Match && err == nil && (status != 422 && status != 200 || says(body, "message") != "Invalid OTP") {
			t.Errorf("%d %q was judged %+v", status, body, v)
		}
	})
}

// says is the value at path in a JSON text, read without the adapter's own decoder; nil: there is none.
func says(body []byte, path ...string) any {
	var whole any
	if json.Unmarshal(body, &whole) != nil {
		return nil
	}
	for _, name := range path {
		object, _ := whole.(map[string]any)
		whole = object[name]
	}
	return whole
}
