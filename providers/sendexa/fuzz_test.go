package sendexa

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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
		"", " ", "null", "[]", "{}", `{"success":1}`, `{"success":true,"success":false}`, `{"data":[]}`,
		`{"success":true,"data":{"verified":"true"}}`, `{"data":{"retryAfter":1e308,"attemptsRemaining":-9}}`,
		`{"v":1,"id":"x","phone":"0201234567"}`, `{"v":1,"phone":"0201234567"}`, `{"v":2}`, strings.Repeat("[", 4096),
		"\x00", "\xff",
	} {
		add([]byte(s))
	}
}

// fuzzed makes a provider whose upstream answers what answer says at the time.
func fuzzed(f *testing.F, answer func() (int, []byte)) *Provider {
	f.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		status, body := answer()
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	f.Cleanup(server.Close)
	p, err := (&Options{BaseURL: server.URL, Sender: "MyBrand"}).Build(providers.Environment{Name: "one"})
	if err != nil {
		f.Fatal(err)
	}
	return p.(*Provider)
}

// FuzzSend: a handle is given only for a session that it leads back to, and what it grants makes sense.
func FuzzSend(f *testing.F) {
	for _, status := range []int{200, 201, 400, 429, 500} {
		seed(f, func(b []byte) { f.Add(status, b) })
	}
	var status int
	var body []byte
	p := fuzzed(f, func() (int, []byte) { return status, body })
	req := providers.SendRequest{Channel: providers.SMS, To: providers.NewPhone("+233201234567", "GH", "0201234567")}
	f.Fuzz(func(t *testing.T, code int, b []byte) {
		if code < 200 || code > 599 {
			return
		}
		status, body = code, b
		h, err := p.Send(context.Background(), req)
		if err != nil {
			if h.State != nil {
				t.Errorf("a handle stands beside %v", err)
			}
			return
		}
		s, bad := upstream.ReadState(p.client, "verify", h, p.checks)
		if bad != nil || s.ID == "" || s.ID != h.UpstreamID || s.Phone != "0201234567" {
			t.Errorf("the state %s is read as %+v, %v", h.State, s, bad)
		}
		if g := h.Granted; g.Length < 1 || g.Expiry < time.Minute || g.Attempts < 1 || !g.Alphabet.Known() {
			t.Errorf("%s grants %+v", body, g)
		}
	})
}

// FuzzState: only a state of this version is taken, by id only one that names it, and it is read as it was written.
func FuzzState(f *testing.F) {
	seed(f, func(b []byte) { f.Add(b) })
	client := fuzzed(f, nil).client
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range []*Provider{{client: client}, {client: client, byPhone: true}} {
			s, err := upstream.ReadState(client, "verify", providers.Handle{State: b}, p.checks)
			if err != nil && s != (state{}) || err == nil && (s.V != stateVersion || s.ID == "" && !p.byPhone) {
				t.Errorf("%q is read as %+v, %v", b, s, err)
			}
			again, bad := upstream.ReadState(client, "verify", s.handle(providers.Granted{}), p.checks)
			if err == nil && (bad != nil || again != s) {
				t.Errorf("%+v is read back as %+v, %v", s, again, bad)
			}
		}
	})
}

// FuzzVerify: whatever the upstream answers, only the documented yes is a match, and no fault of it is a wrong code.
func FuzzVerify(f *testing.F) {
	for _, status := range []int{200, 201, 400, 401, 404, 500} {
		seed(f, func(b []byte) { f.Add(status, b) })
	}
	var status int
	var body []byte
	p := fuzzed(f, func() (int, []byte) { return status, body })
	h := providers.Handle{State: []byte(`{"v":1,"id":"x","phone":"0201234567"}`)}
	f.Fuzz(func(t *testing.T, code int, b []byte) {
		if code < 200 || code > 599 {
			return
		}
		status, body = code, b
		v, err := p.Verify(context.Background(), h, providers.NewSecret("4711"))
		var said struct {
			Success bool `json:"success"`
			Data    struct {
				Verified bool `json:"verified"`
			} `json:"data"`
		}
		yes := upstream.Decode(body, &said) == nil && status <= 299 && said.Success && said.Data.Verified
		if v.Match && !yes || v.Match && err != nil {
			t.Errorf("%d %q was judged %+v, %v", status, body, v, err)
		}
		var words struct {
			ErrorType upstream.Word `json:"errorType"`
			Code      upstream.Word `json:"code"`
			Error     any           `json:"error"`
		}
		_ = upstream.Decode(body, &words)
		word := slices.ContainsFunc([]any{string(words.ErrorType), string(words.Code), words.Error}, func(w any) bool {
			about, _ := w.(string)
			about = strings.ToUpper(about)
			return about == "INVALID_OTP" || about == "MAX_ATTEMPTS_EXCEEDED"
		})
		spoken := word && (status == 401 || status == 403 || status == 429) // of the guess, by the vendor's own word
		fault := !spoken && upstream.ClassOfStatus(status) != providers.Unknown || status >= 300 && status <= 399
		if fault && err == nil {
			t.Errorf("%d %q is a fault and was judged %+v", status, body, v)
		}
	})
}
