package airtexts

import (
	"context"
	stdjson "encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

func seed(add func([]byte)) {
	for _, s := range []string{
		"", " ", "null", "[]", "{}", `{"success":true}`, `{"success":false}`, `{"verified":true}`, `{"verified":"true"}`,
		`{"verified":true,"verified":false}`, `{"success":true,"data":{"status":"verified"}}`, `{"status":["verified"]}`,
		`{"success":true,"status":"valid","error":"x"}`, `{"success":false,"error":"Invalid OTP"}`, `{"error":{"code":7}}`,
		`{"verified":false,"attempts_remaining":2}`, `{"verified":true,"data":{"verified":false}}`, `{"data":[]}`,
		`{"verification_id":"otp_67890abcdef12345"}`, `{"data":{"verification_id":18446744073709551615}}`,
		`{"verification_id":1e3}`, `{"v":1,"verification_id":"x","recipient":"+1"}`, `{"v":2}`, `{"status":"delivered"}`,
		strings.Repeat(`{"data":`, 2048), strings.Repeat("[", 4096), "\x00", "\xff", `{"status":"\ud800"}`,
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

// FuzzAnswer: what names a verification can be read back, and nothing that is shown could be a code.
func FuzzAnswer(f *testing.F) {
	seed(func(b []byte) { f.Add(b) })
	client := reader(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var a answer
		if upstream.Decode(body, &a) != nil {
			return
		}
		a.from = upstream.Response{Status: http.StatusOK}
		if strings.ContainsAny(a.code(), " 0123456789") {
			t.Errorf("%q would be shown", a.code())
		}
		report, err := a.report()
		if err == nil && strings.ContainsAny(report.Code, "0123456789") {
			t.Errorf("%q would be shown", report.Code)
		}
		h, err := a.opened(state{V: stateVersion, Recipient: "+1"}, providers.Granted{})
		if err != nil {
			return
		}
		if s, err := upstream.ReadState(client, "verify", h, state.whole); err != nil || s.VerificationID != h.UpstreamID {
			t.Errorf("the state %s is read as %+v, %v", h.State, s, err)
		}
	})
}

// FuzzState: only a whole state is taken.
func FuzzState(f *testing.F) {
	seed(func(b []byte) { f.Add(b) })
	client := reader(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := upstream.ReadState(client, "verify", providers.Handle{State: b}, state.whole)
		whole := s.V == stateVersion && upstream.Visible(s.VerificationID) && upstream.Visible(s.Recipient)
		if err != nil && s != (state{}) || err == nil && !whole {
			t.Errorf("%q is read as %+v, %v", b, s, err)
		}
	})
}

// FuzzVerify: whatever the upstream answers, a match was said in as many words and nothing contradicts it, and so was a
// wrong code.
func FuzzVerify(f *testing.F) {
	for _, status := range []int{200, 201, 302, 400, 404, 500} {
		seed(func(b []byte) { f.Add(status, b) })
	}
	var status int
	var body []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	f.Cleanup(s.Close)
	p, err := (&Options{BaseURL: s.URL, Auth: authKey}).Build(providers.Environment{Name: "one"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = p.(*Provider).Close() })
	h := providers.Handle{State: []byte(`{"v":1,"verification_id":"x","recipient":"+1"}`)}
	f.Fuzz(func(t *testing.T, code int, b []byte) {
		if code < 200 || code > 599 {
			return
		}
		status, body = code, b
		v, err := p.Verify(context.Background(), h, providers.NewSecret("4711"))
		said := spoken(b)
		yes := code <= 299 && (said["verified true"] || said["success true"] && said["status yes"])
		no := said["verified false"] || said["success false"]
		switch {
		case v.Match && (!yes || no || said["error"] || err != nil), !v.Match && err == nil && !no:
			t.Errorf("%d %q was judged %+v, %v", code, b, v, err)
		}
	})
}

// spoken tells what stands in an answer, by another decoder.
func spoken(body []byte) map[string]bool {
	said := map[string]bool{}
	var top map[string]any
	_ = stdjson.Unmarshal(body, &top) // anything but an object says nothing
	inner, _ := top["data"].(map[string]any)
	for _, level := range []map[string]any{top, inner} {
		for _, name := range []string{"verified", "success"} {
			said[name+" true"] = said[name+" true"] || level[name] == true
			said[name+" false"] = said[name+" false"] || level[name] == false
		}
		status, _ := level["status"].(string)
		said["status yes"] = said["status yes"] ||
			slices.Contains([]string{"verified", "approved", "valid"}, strings.ToLower(status))
		text, _ := level["error"].(string)
		said["error"] = said["error"] || text != ""
	}
	return said
}
