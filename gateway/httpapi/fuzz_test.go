package httpapi_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/otp"
)

// fuzzed is an API whose use cases all succeed.
func fuzzed(f *testing.F) (*fiber.App, *fakeOTP) {
	fake := &fakeOTP{result: otp.Result{Verification: pending()}, verification: ended(otp.StatusVerified)}
	return newApp(f, fake), fake
}

// fuzzBody states what holds for every body: it reaches the use case or is refused with the fields that are wrong, and
// the answer keeps the contract.
func fuzzBody(f *testing.F, path string, seeds ...string) {
	seeds = append(seeds, "", "{}", "null", "[]", `{"a":`, `{"to":"\ud800"}`, "{\"a\":\"\xff\"}", `{"code":1}`)
	for _, seed := range seeds {
		f.Add(seed)
	}
	app, fake := fuzzed(f)
	f.Fuzz(func(t *testing.T, body string) {
		if len(body) > 60_000 {
			t.Skip("longer than a body may be")
		}
		fake.forget()
		a := do(t, app, post(path, body))
		switch a.status {
		case http.StatusOK, http.StatusCreated:
			if fake.calls() != 1 {
				t.Error("answered without the use case")
			}
			if !utf8.ValidString(body) || !strings.Contains(body, "{") {
				t.Errorf("taken: %q", body)
			}
		case http.StatusBadRequest:
			if fake.calls() != 0 || len(fields(t, a)) == 0 || len(fields(t, a)) > 20 {
				t.Errorf("%d calls, %s", fake.calls(), a.body)
			}
		default:
			t.Errorf("status %d", a.status)
		}
	})
}

func FuzzSend(f *testing.F) {
	fuzzBody(f, "/v1/otp/send", wholeSend, `{"to":"x","metadata":{"a":"1","a":"2"}}`)
}
func FuzzResend(f *testing.F) { fuzzBody(f, "/v1/otp/resend", `{"reference":"x","channel":"sms"}`) }
func FuzzCancel(f *testing.F) { fuzzBody(f, "/v1/otp/cancel", `{"reference":"x"}`) }
func FuzzVerify(f *testing.F) {
	fuzzBody(f, "/v1/otp/verify", `{"reference":"x","code":"984205","to":"+233","purpose":"p","client":{"ip":"::1"}}`)
}

// FuzzAuthorization states that only the shop's own key and secret, or its token, let anybody in, whatever the header looks
// like.
func FuzzAuthorization(f *testing.F) {
	good := b64(shopKey + ":" + shopSecret)
	for _, seed := range []string{
		"", "Basic", "Basic ", "Basic " + good, "Bearer " + good, "bearer  " + good + "=", "Digest " + good, "Basic =",
		"Basic " + b64(shopKey), "Basic " + b64(":"), "Bearer a.b.c", "Basic " + good + " " + good,
	} {
		f.Add(seed)
	}
	signed := shopToken(f, now().Add(time.Minute))
	f.Add("Bearer " + signed)
	f.Add("Bearer eyJhbGciOiJub25lIiwia2lkIjoic2lnbmluZyJ9.eyJleHAiOjMyNTAzNjgwMDAwfQ.")
	app, fake := fuzzed(f)
	f.Fuzz(func(t *testing.T, value string) {
		if len(value) > 4000 || strings.ContainsAny(value, "\r\n\x00") {
			t.Skip("not one header field")
		}
		fake.forget()
		req := anonymous(get("/v1/otp/status?reference=x"))
		req.Header.Set("Authorization", value)
		a := do(t, app, req)
		scheme, token, _ := strings.Cut(strings.TrimSpace(value), " ")
		token = strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(strings.TrimSpace(token))
		text, _ := base64.RawStdEncoding.DecodeString(token)
		known := strings.EqualFold(scheme, "Basic") || strings.EqualFold(scheme, "Bearer")
		id, secret, _ := strings.Cut(string(text), ":")
		knows := known && secret == shopSecret && (id == shopKey || id == "only-read" || id == "only-admin")
		if strings.EqualFold(scheme, "Bearer") && strings.HasSuffix(value, signed) {
			knows = true
		}
		if a.status == http.StatusOK && !knows {
			t.Errorf("%q let somebody in", value)
		}
		if a.status != http.StatusOK && a.status != http.StatusUnauthorized && a.status != http.StatusForbidden {
			t.Errorf("status %d", a.status)
		}
	})
}

func FuzzIdempotencyKey(f *testing.F) {
	for _, seed := range []string{"k", "a b", "ä", "~!", strings.Repeat("k", 256), "\x7f", "\t"} {
		f.Add(seed)
	}
	app, fake := fuzzed(f)
	f.Fuzz(func(t *testing.T, key string) {
		if len(key) > 4000 || strings.ContainsAny(key, "\r\n\x00") {
			t.Skip("not one header field")
		}
		fake.forget()
		req := post("/v1/otp/send", `{"to":"x"}`)
		req.Header["Idempotency-Key"] = []string{key}
		a := do(t, app, req)
		key = strings.Trim(key, " \t") // which belongs to no field value
		odd := strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
		good := len(key) >= 1 && len(key) <= 255 && !odd
		if good != (a.status == http.StatusCreated) || !good && a.status != http.StatusBadRequest {
			t.Fatalf("key %q: status %d", key, a.status)
		}
		if good && fake.sends[len(fake.sends)-1].Once.Key != key {
			t.Errorf("key %q became %q", key, fake.sends[len(fake.sends)-1].Once.Key)
		}
	})
}
