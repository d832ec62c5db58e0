package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
)

// A code that a client wrote into the wrong place must not come back.
const canaryCode = "984205"

const unknownField = "is not a field of this request"

func TestBadBodies(t *testing.T) {
	t.Parallel()
	const send, verify, resend, cancel = "/v1/otp/send", "/v1/otp/verify", "/v1/otp/resend", "/v1/otp/cancel"
	tests := []struct {
		name, path, body string
		want             []string // field and message in turn
	}{
		{"an empty body", send, "", []string{"body", "must be a JSON object as the contract describes it"}},
		{"white space", send, " \n", []string{"body", "must be a JSON object as the contract describes it"}},
		{"null", send, "null", []string{"body", "must be an object"}},
		{"a list", send, `[{"to":"x"}]`, []string{"body", "must be an object"}},
		{"a text", verify, `"984205"`, []string{"body", "must be an object"}},
		{"a number", verify, `984205`, []string{"body", "must be an object"}},
		{"not JSON", send, `to=984205`, []string{"body", "is not valid JSON in UTF-8, at byte 1"}},
		{"cut off", verify, `{"code":"984205`, []string{"body", "is not valid JSON in UTF-8, at byte 15"}},
		{"a second object", send, `{"to":"x"}{"to":"984205"}`, []string{"body", "goes on after its end"}},
		{"junk after the object", send, `{"to":"x"} 984205`, []string{"body", "goes on after its end"}},
		{"bad UTF-8 in a text", send, "{\"to\":\"98\xff4205\"}", []string{"body", "is not valid JSON in UTF-8, at byte 9"}},
		{"half a surrogate pair", send, `{"to":"\ud800"}`, []string{"body", "is not valid JSON in UTF-8, at byte 7"}},
		{"a byte order mark", send, "\xef\xbb\xbf{}", []string{"body", "is not valid JSON in UTF-8, at byte 0"}},
		{"an unknown field", send, `{"to":"x","chanel":"984205"}`, []string{"chanel", unknownField}},
		{"a field in another case", send, `{"To":"984205"}`, []string{"To", unknownField}},
		{"an unknown field in an object", send, `{"code":{"len":984205}}`, []string{"code.len", unknownField}},
		{
			"an unknown field in a list", send, `{"fallback":[{"channel":"sms"},{"in":"984205"}]}`,
			[]string{"fallback[1].in", unknownField},
		},
		{"a field of another request", cancel, `{"reference":"r","code":"984205"}`, []string{"code", unknownField}},
		{"a doubled field", verify, `{"reference":"r","code":"1","code":"984205"}`, []string{"code", "stands twice"}},
		{"a doubled field in an object", send, `{"code":{"length":4,"length":6}}`, []string{"code.length", "stands twice"}},
		{"a doubled key of metadata", send, `{"metadata":{"a":"1","a":"984205"}}`, []string{"metadata.a", "stands twice"}},
		{"a number in place of a text", verify, `{"reference":"r","code":984205}`, []string{"code", "must be a string"}},
		{
			"a text in place of a number", send, `{"code":{"length":"984205"}}`,
			[]string{"code.length", "must be a whole number"},
		},
		{"a fraction", send, `{"max_attempts":4.5}`, []string{"max_attempts", "must be a whole number"}},
		{"a number beyond all bounds", send, `{"max_attempts":1e999}`, []string{"max_attempts", "must be a whole number"}},
		{"a text in place of an object", send, `{"code":"984205"}`, []string{"code", "must be an object"}},
		{"an object in place of a list", send, `{"fallback":{"channel":"984205"}}`, []string{"fallback", "must be a list"}},
		{"a number in metadata", send, `{"metadata":{"user":984205}}`, []string{"metadata.user", "must be a string"}},
		{"an object in a list of texts", send, `{"fallback":["984205"]}`, []string{"fallback[0]", "must be an object"}},
		{"a list in place of a text", resend, `{"reference":["984205"]}`, []string{"reference", "must be a string"}},
		{
			"several mistakes at once", send,
			`{"chanel":"984205","to":984205,"code":{"length":"984205","alfabet":1},"fallback":[{"after":30}],"to":"x"}`,
			[]string{
				"chanel", unknownField, "to", "must be a string",
				"code.length", "must be a whole number", "code.alfabet", unknownField,
				"fallback[0].after", "must be a string", "to", "stands twice",
			},
		},
		{
			"mistakes before the text breaks off", send, `{"to":984205,"chanel":"98`,
			[]string{"to", "must be a string", "body", "is not valid JSON in UTF-8, at byte 25"},
		},
		{"nothing that is required", verify, `{}`, []string{"reference", "is required", "code", "is required"}},
		{"no reference to resend", resend, `{"reference":""}`, []string{"reference", "is required"}},
		{"no reference to cancel", cancel, `{"reference":null}`, []string{"reference", "is required"}},
		{
			"a long name is cut", send, `{"` + strings.Repeat("x", 63) + `ä":1}`,
			[]string{strings.Repeat("x", 63) + "…", unknownField},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := &fakeOTP{}
			a := do(t, newApp(t, fake), post(tt.path, tt.body))
			if a.status != http.StatusBadRequest || a.text(t, "code") != "invalid_request" {
				t.Fatalf("status %d, %s", a.status, a.body)
			}
			var got []string
			for _, e := range a.json(t)["errors"].([]any) {
				e := e.(map[string]any)
				got = append(got, e["field"].(string), e["message"].(string))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(string(a.body), canaryCode) {
				t.Errorf("a value is in the answer: %s", a.body)
			}
			if fake.calls() > 0 {
				t.Error("the use case was called")
			}
		})
	}
}

func TestOneAnswerNamesTwentyMistakesAtMost(t *testing.T) {
	t.Parallel()
	var body strings.Builder
	for i := range 500 {
		fmt.Fprintf(&body, `"f%d":1,`, i)
	}
	a := do(t, newApp(t, &fakeOTP{}), post("/v1/otp/send", "{"+body.String()+`"to":"x"}`))
	if got := fields(t, a); len(got) != 20 || got[0] != "f0" {
		t.Errorf("%d fields: %q", len(got), got)
	}
}

func TestDeepNestingIsRefused(t *testing.T) {
	t.Parallel()
	a := do(t, newApp(t, &fakeOTP{}), post("/v1/otp/send", `{"x":`+strings.Repeat("[", 60_000)+"}"))
	if a.status != http.StatusBadRequest {
		t.Errorf("status %d", a.status)
	}
}

func TestContentType(t *testing.T) {
	t.Parallel()
	tests := []struct {
		contentType string
		status      int
	}{
		{"application/json", 201},
		{"application/json; charset=utf-8", 201},
		{"Application/JSON;charset=UTF-8", 201},
		{`application/json; charset="utf-8"`, 201},
		{"application/json; charset=latin1", 415},
		{"application/json; version=2", 415},
		{"application/json; charset=utf-8; version=2", 415},
		{"application/json;", 201},
		{"application/json; =", 415},
		{"application/jsonx", 415},
		{"application/problem+json", 415},
		{"text/json", 415},
		{"text/plain", 415},
		{"application/x-www-form-urlencoded", 415},
		{"multipart/form-data; boundary=x", 415},
		{"", 415},
	}
	for _, tt := range tests {
		t.Run(tt.contentType, func(t *testing.T) {
			t.Parallel()
			fake := &fakeOTP{result: otp.Result{Verification: pending()}}
			a := do(t, newApp(t, fake), post("/v1/otp/send", `{"to":"x"}`, "Content-Type", tt.contentType))
			if a.status != tt.status {
				t.Errorf("status %d, want %d", a.status, tt.status)
			}
			if tt.status == 415 && (a.text(t, "code") != "unsupported_media_type" || fake.calls() > 0) {
				t.Errorf("%d calls, %s", fake.calls(), a.body)
			}
		})
	}
}

func TestCompressedBodiesAreRefused(t *testing.T) {
	t.Parallel()
	a := do(t, newApp(t, &fakeOTP{}), post("/v1/otp/send", "\x1f\x8b", "Content-Encoding", "gzip"))
	if a.status != http.StatusUnsupportedMediaType {
		t.Errorf("status %d", a.status)
	}
}

func TestAPostTakesNoQuery(t *testing.T) {
	t.Parallel()
	a := do(t, newApp(t, &fakeOTP{}), post("/v1/otp/verify?code=984205", `{"reference":"r","code":"1234"}`))
	if got := fields(t, a); a.status != http.StatusBadRequest || !cmp.Equal(got, []string{"code"}) {
		t.Errorf("status %d, fields %q", a.status, got)
	}
	if strings.Contains(string(a.body), canaryCode) {
		t.Errorf("a value is in the answer: %s", a.body)
	}
}
