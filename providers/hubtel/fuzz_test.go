package hubtel

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
		"", " ", "null", "[]", "{}", `{"code":0}`, `{"Code":"0000"}`, `{"code":"0000","Code":"2001"}`, `{"data":[]}`,
		`{"message":"success"}`, `{"message":"success","code":true}`, `{"code":"0000","data":{"requestId":7e3,"prefix":"y"}}`,
		`{"v":1,"request_id":"x","prefix":"y"}`, `{"v":2}`, strings.Repeat("[", 4096), "\x00", "\xff",
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

// FuzzEnvelope: what cannot be read is not half read, and what names a session can be read back.
func FuzzEnvelope(f *testing.F) {
	seed(f, func(b []byte) { f.Add(b) })
	client := reader(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := decodeEnvelope(body)
		if err != nil && !reflect.DeepEqual(e, envelope{}) {
			t.Errorf("an error stands beside %+v", e)
		}
		h, ok := e.handle()
		if !ok {
			return
		}
		s, err := upstream.ReadState(client, "verify", h, state.whole)
		if err != nil || s.RequestID != h.UpstreamID || s.Prefix != h.Prefix {
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
		whole := s.V == stateVersion && token(s.RequestID) && token(s.Prefix)
		if err != nil && s != (state{}) || err == nil && !whole {
			t.Errorf("%q is read as %+v, %v", b, s, err)
		}
	})
}

// FuzzVerify: whatever the upstream answers, only the documented yes is a match.
func FuzzVerify(f *testing.F) {
	for _, status := range []int{200, 201, 400, 404, 500} {
		seed(f, func(b []byte) { f.Add(status, b) })
	}
	var status int
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	f.Cleanup(server.Close)
	p, err := (&Options{BaseURL: server.URL}).Build(providers.Environment{Name: "one"})
	if err != nil {
		f.Fatal(err)
	}
	s := []byte(`{"v":1,"request_id":"x","prefix":"y"}`)
	f.Fuzz(func(t *testing.T, code int, b []byte) {
		if code < 200 || code > 599 {
			return
		}
		status, body = code, b
		v, err := p.Verify(context.Background(), providers.Handle{State: s}, providers.NewSecret("4711"))
		e, unread := decodeEnvelope(body)
		silent := slices.Contains([]string{"", "{}", "null", `""`}, string(bytes.TrimSpace(body)))
		said := unread == nil && (e.code() == "0000" || e.Code == nil && e.Message == "success")
		yes := status == 200 && (silent || said)
		if v.Match != yes || v.Match && err != nil {
			t.Errorf("%d %q was judged %+v, %v", status, body, v, err)
		}
	})
}
