package airtexts

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

func seed(add func([]byte)) {
	for _, s := range []string{
		"", " ", "null", "[]", "{}", `{"success":true}`, `{"success":false}`, `{"verified":true}`, `{"verified":"true"}`,
		`{"verified":true,"Verified":false}`, `{"success":true,"data":{"status":"verified"}}`, `{"status":["verified"]}`,
		`{"success":true,"status":"valid","error":"x"}`, `{"success":false,"error":"Invalid OTP"}`, `{"error":{"code":7}}`,
		`{"verified":false,"attempts_remaining":2}`, `{"verified":true,"data":{"verified":false}}`, `{"data":[]}`,
		`{"verification_id":"otp_67890abcdef12345"}`, `{"data":{"verification_id":18446744073709551615}}`,
		`{"verificationId":1e3}`, `{"v":1,"verification_id":"x","recipient":"+1"}`, `{"v":2}`, `{"status":"delivered"}`,
		strings.Repeat(`{"data":`, 2048), strings.Repeat("[", 4096), "\x00", "\xff", `{"status":"\ud800"}`,
	} {
		add([]byte(s))
	}
}

// FuzzAnswer: what cannot be read is not half read, what names a verification can be read back, and nothing that is
// shown could be a code.
func FuzzAnswer(f *testing.F) {
	seed(func(b []byte) { f.Add(b) })
	odd, manyDigits := regexp.MustCompile(`[^0-9A-Za-z._-]`), regexp.MustCompile(`([0-9][^0-9]*){4}`)
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := decodeAnswer(body)
		if err != nil && a != (answer{}) {
			t.Errorf("an error stands beside %+v", a)
		}
		for _, shown := range []string{a.code, a.status} {
			if odd.MatchString(shown) || manyDigits.MatchString(shown) {
				t.Errorf("%q would be shown", shown)
			}
		}
		if a.left < -1 {
			t.Errorf("%d attempts are left", a.left)
		}
		if a.id == "" {
			return
		}
		h, err := state{V: stateVersion, VerificationID: a.id, Recipient: "+1"}.handle(providers.Granted{})
		s, errState := decodeState(h.State)
		if err != nil || errState != nil || s.VerificationID != a.id || h.UpstreamID != a.id {
			t.Errorf("the state %s is read as %+v, %v, %v", h.State, s, err, errState)
		}
	})
}

// FuzzState: only a whole state is taken.
func FuzzState(f *testing.F) {
	seed(func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeState(b)
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
	if !stdjson.Valid(bytes.ToValidUTF8(body, nil)) {
		return said
	}
	var top map[string]any
	_ = stdjson.Unmarshal(body, &top) // anything but an object says nothing
	levels := []map[string]any{top}
	for name, value := range top {
		if inner, ok := value.(map[string]any); ok && spelling(name) == "data" {
			levels = append(levels, inner)
		}
	}
	for _, level := range levels {
		for name, value := range level {
			switch name := spelling(name); {
			case (name == "verified" || name == "success") && value == true:
				said[name+" true"] = true
			case (name == "verified" || name == "success") && value == false:
				said[name+" false"] = true
			case name == "status":
				text, _ := value.(string)
				said["status yes"] = said["status yes"] ||
					slices.Contains([]string{"verified", "approved", "valid"}, strings.ToLower(text))
			case name == "error":
				said["error"] = said["error"] || value != nil && value != false && value != "" && value != 0.0 && !bare(value)
			}
		}
	}
	return said
}

func spelling(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

// bare tells an empty list or object.
func bare(value any) bool {
	switch v := value.(type) {
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
