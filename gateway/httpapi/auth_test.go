package httpapi_test

import (
	"encoding/base64"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestCredentials(t *testing.T) {
	t.Parallel()
	plain := []byte(shopKey + ":" + shopSecret)
	good := b64(string(plain))
	signed := shopToken(t, now().Add(time.Minute))
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
		{"a JWT", []string{"Authorization", "Bearer " + signed}, true},
		{"a JWT after more than one space", []string{"Authorization", "bearer  " + signed}, true},
		{"the same JWT twice", []string{"Authorization", "Bearer " + signed, "Authorization", "Bearer " + signed}, true},
		{"the same twice", []string{"Authorization", "Basic " + good, "Authorization", "Bearer " + good}, true},

		{"nothing", nil, false},
		{"a JWT that has expired", []string{"Authorization", "Bearer " + shopToken(t, now().Add(-time.Minute))}, false},
		{"a JWT that is cut", []string{"Authorization", "Bearer " + signed[:len(signed)-1]}, false},
		{"a JWT under Basic", []string{"Authorization", "Basic " + signed}, false},
		{"a JWT with something behind it", []string{"Authorization", "Bearer " + signed + " x"}, false},
		{"a long JWT", []string{"Authorization", "Bearer " + strings.Repeat("x", 3000) + signed}, false},
		{"a JWT and a key with its secret", []string{
			"Authorization", "Bearer " + signed, "X-API-Key", shopKey, "X-API-Secret", shopSecret,
		}, false},
		{"two JWTs", []string{
			"Authorization", "Bearer " + signed, "Authorization", "Bearer " + shopToken(t, now().Add(time.Hour)),
		}, false},
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

// shopToken is a token of the key "signing", which ends at a time.
func shopToken(t testing.TB, exp time.Time) string {
	t.Helper()
	made := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"exp": exp.Unix()})
	made.Header["kid"] = "signing"
	text, err := made.SignedString([]byte(signingSecret))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTokenCarriesTheScopesOfItsKey(t *testing.T) {
	t.Parallel()
	bearer := "Bearer " + shopToken(t, now().Add(time.Minute))
	fake := &fakeOTP{verification: pending()}
	a := do(t, newApp(t, fake), anonymous(get("/v1/otp/status?reference=x", "Authorization", bearer)))
	if a.status != http.StatusOK || fake.apps[0].ID != "shop" {
		t.Errorf("status %d, apps %v", a.status, fake.apps)
	}
	a = do(t, newApp(t, fake), anonymous(post("/v1/otp/cancel", `{"reference":"x"}`, "Authorization", bearer)))
	if a.status != http.StatusForbidden || a.text(t, "code") != "forbidden" {
		t.Errorf("status %d, %s", a.status, a.body)
	}
}

// callFrom asks for a status as if from an address. The peer in tests is 0.0.0.0, which is trusted to tell.
func callFrom(t *testing.T, app *fiber.App, from string, headers ...string) answer {
	t.Helper()
	return do(t, app, with(get("/v1/otp/status?reference=x", "X-Forwarded-For", from, "X-Request-Id", "same"), headers...))
}

func trusting(changes ...func(*httpapi.Snapshot)) func(*httpapi.Options) {
	return func(o *httpapi.Options) {
		s := o.Snapshot()
		s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")}
		for _, change := range changes {
			change(&s)
		}
		o.Snapshot = func() httpapi.Snapshot { return s }
	}
}

func TestNetworksOfAKey(t *testing.T) {
	t.Parallel()
	app := newApp(t, &fakeOTP{verification: pending()}, trusting())
	unknown := callFrom(t, app, "10.1.2.3", "X-API-Key", "nobody")
	for from, in := range map[string]bool{"10.1.2.3": true, "11.1.2.3": false, "::1": false} {
		a := callFrom(t, app, from, "X-API-Key", "near")
		if in != (a.status == http.StatusOK) {
			t.Errorf("from %s: status %d", from, a.status)
		}
		if !in && (a.status != http.StatusUnauthorized || string(a.body) != string(unknown.body)) {
			t.Errorf("from %s: the refusal tells that the key is right: %s", from, a.body)
		}
	}
}

func TestFailedAuthentications(t *testing.T) {
	t.Parallel()
	memory, err := otp.NewMemory(100)
	if err != nil {
		t.Fatal(err)
	}
	clock := now()
	app := newApp(t, &fakeOTP{verification: pending()}, trusting(func(s *httpapi.Snapshot) {
		s.Failures, s.FailedAuth = memory, otp.Limit{Max: 3, Window: time.Minute}
	}), func(o *httpapi.Options) { o.Now = func() time.Time { return clock } })
	wrong := []string{"X-API-Secret", "wrong"}
	want := func(what string, a answer, status int) {
		t.Helper()
		if a.status != status {
			t.Errorf("%s: status %d, want %d", what, a.status, status)
		}
	}
	for range 3 {
		want("a failure", callFrom(t, app, "203.0.113.7", wrong...), 401)
	}
	late := callFrom(t, app, "203.0.113.7", wrong...)
	want("one failure too many", late, 429)
	if late.text(t, "code") != "rate_limited" || late.header.Get("Retry-After") == "" ||
		!strings.HasPrefix(late.header.Get("RateLimit-Policy"), `"failed_auth";q=3;w=60`) {
		t.Errorf("%s %v", late.body, late.header)
	}
	want("no credential at all", callFrom(t, app, "203.0.113.7", "X-API-Key", "", "X-API-Secret", ""), 429)
	want("an unknown key", callFrom(t, app, "203.0.113.7", "X-API-Key", "nobody"), 429)
	want("a good key at the same address", callFrom(t, app, "203.0.113.7"), 200)
	want("a failure at another address", callFrom(t, app, "203.0.113.8", wrong...), 401)
	for i := range 3 {
		want("a failure in a household", callFrom(t, app, "2001:db8::"+string(rune('1'+i)), wrong...), 401)
	}
	want("one too many in the household", callFrom(t, app, "2001:db8::ffff", wrong...), 429)
	want("the household next door", callFrom(t, app, "2001:db8:0:1::1", wrong...), 401)
	clock = clock.Add(62 * time.Second)
	want("a failure a minute later", callFrom(t, app, "203.0.113.7", wrong...), 401)
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
