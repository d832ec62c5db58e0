package httpapi_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestCredentials(t *testing.T) {
	t.Parallel()
	plain := []byte(shopKey + ":" + shopSecret)
	good := b64(string(plain))
	tests := []struct {
		name    string
		headers []string
		in      bool
	}{
		{"key and secret in headers", []string{"X-API-Key", shopKey, "X-API-Secret", shopSecret}, true},
		{"Basic", []string{"Authorization", "Basic " + good}, true},
		{"Bearer", []string{"Authorization", "Bearer " + good}, true},
		{"a scheme in another case", []string{"Authorization", "bAsIc " + good}, true},
		{"base64 without padding", []string{"Authorization", "Bearer " + strings.TrimRight(good, "=")}, true},
		{"base64 for URLs", []string{"Authorization", "Bearer " + base64.URLEncoding.EncodeToString(plain)}, true},
		{"more than one space", []string{"Authorization", "Basic   " + good}, true},
		{"two schemes for the same key", []string{
			"Authorization", "Basic " + good, "X-API-Key", shopKey, "X-API-Secret", shopSecret,
		}, true},
		{"the same twice", []string{"Authorization", "Basic " + good, "Authorization", "Bearer " + good}, true},

		{"nothing", nil, false},
		{"a wrong secret", []string{"X-API-Key", shopKey, "X-API-Secret", "wrong"}, false},
		{"an unknown key", []string{"X-API-Key", "nobody", "X-API-Secret", shopSecret}, false},
		{"a key without its secret", []string{"X-API-Key", shopKey}, false},
		{"a secret without its key", []string{"X-API-Secret", shopSecret}, false},
		{"two keys, one secret", []string{"X-API-Key", shopKey, "X-API-Key", shopKey, "X-API-Secret", shopSecret}, false},
		{"another key in the second scheme", []string{
			"Authorization", "Basic " + good, "X-API-Key", "only-read", "X-API-Secret", shopSecret,
		}, false},
		{"a wrong secret in the second scheme", []string{
			"Authorization", "Basic " + good, "X-API-Key", shopKey, "X-API-Secret", "wrong",
		}, false},
		{"a right one after a wrong one", []string{
			"Authorization", "Basic " + b64("a:b"), "Authorization", "Basic " + good,
		}, false},
		{"a broken second scheme", []string{
			"Authorization", "Digest x", "X-API-Key", shopKey, "X-API-Secret", shopSecret,
		}, false},
		{"an unknown scheme", []string{"Authorization", "Digest " + good}, false},
		{"a token without scheme", []string{"Authorization", good}, false},
		{"a scheme without token", []string{"Authorization", "Basic"}, false},
		{"not base64", []string{"Authorization", "Basic " + shopKey + ":" + shopSecret}, false},
		{"no colon", []string{"Authorization", "Basic " + b64(shopKey)}, false},
		{"no key", []string{"Authorization", "Basic " + b64(":"+shopSecret)}, false},
		{"no secret", []string{"Authorization", "Basic " + b64(shopKey+":")}, false},
		{"a token of three parts", []string{"Authorization", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJzaG9wLWtleSJ9."}, false},
	}
	var refusals []answer
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake := &fakeOTP{verification: pending()}
			req := with(anonymous(get("/v1/otp/status?reference=x")), tt.headers...)
			req.Header.Set("X-Request-Id", "same")
			a := do(t, newApp(t, fake), req)
			if tt.in != (a.status == http.StatusOK) || tt.in != (fake.calls() == 1) {
				t.Errorf("status %d, %d calls", a.status, fake.calls())
			}
			if !tt.in {
				refusals = append(refusals, a)
				want := []string{`Basic realm="otpgate", charset="UTF-8"`, `Bearer realm="otpgate"`}
				if diff := cmp.Diff(want, a.header.Values("WWW-Authenticate")); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	for _, a := range refusals {
		if string(a.body) != string(refusals[0].body) || a.status != http.StatusUnauthorized {
			t.Errorf("a refusal tells what was wrong: %d %s", a.status, a.body)
		}
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	calls := []struct {
		req   func(...string) *http.Request
		scope string
	}{
		{func(h ...string) *http.Request { return post("/v1/otp/send", `{"to":"x"}`, h...) }, "send"},
		{func(h ...string) *http.Request { return post("/v1/otp/resend", `{"reference":"x"}`, h...) }, "send"},
		{func(h ...string) *http.Request { return post("/v1/otp/cancel", `{"reference":"x"}`, h...) }, "send"},
		{func(h ...string) *http.Request { return post("/v1/otp/verify", `{"reference":"x","code":"1"}`, h...) }, "verify"},
		{func(h ...string) *http.Request { return get("/v1/otp/status?reference=x", h...) }, "read"},
	}
	for _, call := range calls {
		for _, scope := range []string{"send", "verify", "read", "admin"} {
			fake := &fakeOTP{verification: ended(otp.StatusVerified), result: otp.Result{Verification: pending()}}
			req := call.req("X-API-Key", "only-"+scope, "X-API-Secret", shopSecret)
			t.Run(req.URL.Path+" with "+scope, func(t *testing.T) {
				t.Parallel()
				a := do(t, newApp(t, fake), req)
				if may := scope == call.scope || scope == "admin"; may != (a.status < 300) || may != (fake.calls() == 1) {
					t.Errorf("status %d, %d calls", a.status, fake.calls())
				}
				if a.status >= 300 && (a.status != http.StatusForbidden || a.text(t, "code") != "forbidden") {
					t.Errorf("status %d, %s", a.status, a.body)
				}
			})
		}
	}
}

func TestWhoIsNotKnownLearnsNothingOfTheBody(t *testing.T) {
	t.Parallel()
	a := do(t, newApp(t, &fakeOTP{}), post("/v1/otp/send", `not json`, "X-API-Key", "x", "Content-Type", "text/plain"))
	if a.status != http.StatusUnauthorized {
		t.Errorf("status %d", a.status)
	}
}
