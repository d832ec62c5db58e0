package httpapi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
)

func TestIdempotencyKeyOfSendAndResend(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{result: otp.Result{Verification: pending()}}
	app := newApp(t, fake)
	do(t, app, post("/v1/otp/send", `{"to":"x"}`))
	do(t, app, post("/v1/otp/send", `{"to":"x"}`, "Idempotency-Key", "k-1"))
	do(t, app, post("/v1/otp/send", `{"to":"x"}`, "Idempotency-Key", "k-1", "X-Request-Id", "other"))
	do(t, app, post("/v1/otp/send", `{"to":"x" }`, "Idempotency-Key", "k-1"))
	do(t, app, post("/v1/otp/resend", `{"reference":"x"}`, "Idempotency-Key", "k-1"))
	do(t, app, post("/v1/otp/resend", `{"reference":"x"}`))

	if fake.sends[0].Once != nil || fake.resends[1].Once != nil {
		t.Error("a request without a key happens once")
	}
	first, again, other, resend := fake.sends[1].Once, fake.sends[2].Once, fake.sends[3].Once, fake.resends[0].Once
	if first.Key != "k-1" || resend.Key != "k-1" {
		t.Errorf("keys %q and %q", first.Key, resend.Key)
	}
	if first.Fingerprint != again.Fingerprint {
		t.Error("equal requests differ")
	}
	if first.Fingerprint == other.Fingerprint || first.Fingerprint == resend.Fingerprint {
		t.Error("different requests are equal")
	}
}

func TestTheSameBodyOnAnotherRouteIsAnotherRequest(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{result: otp.Result{Verification: pending()}}
	app := newApp(t, fake)
	do(t, app, post("/v1/otp/send", `{"channel":"sms"}`, "Idempotency-Key", "k"))
	do(t, app, post("/v1/otp/resend", `{"channel":"sms","reference":"x"}`, "Idempotency-Key", "k"))
	if fake.sends[0].Once.Fingerprint == fake.resends[0].Once.Fingerprint {
		t.Error("send and resend are one request")
	}
}

func TestIdempotencyKeyIsVisibleASCII(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		keys []string
		good bool
	}{
		{"one character", []string{"k"}, true},
		{"every kind of character", []string{`!"#az~09`}, true},
		{"the longest", []string{strings.Repeat("k", 255)}, true},
		{"too long", []string{strings.Repeat("k", 256)}, false},
		{"empty", []string{""}, false},
		{"a space within", []string{"a b"}, false},
		{"a tab within", []string{"a\tb"}, false},
		{"not ASCII", []string{"ä"}, false},
		{"a control character", []string{"a\x7f"}, false},
		{"two keys", []string{"a", "b"}, false},
		{"the same twice", []string{"a", "a"}, false},
	}
	for _, tt := range tests {
		for path, body := range map[string]string{"/v1/otp/send": `{"to":"x"}`, "/v1/otp/resend": `{"reference":"x"}`} {
			t.Run(path+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				fake := &fakeOTP{result: otp.Result{Verification: pending()}}
				req := post(path, body)
				req.Header["Idempotency-Key"] = tt.keys
				a := do(t, newApp(t, fake), req)
				if tt.good != (a.status < 300) || tt.good != (fake.calls() == 1) {
					t.Fatalf("status %d, %d calls", a.status, fake.calls())
				}
				if !tt.good && fields(t, a)[0] != "Idempotency-Key" {
					t.Errorf("%s", a.body)
				}
			})
		}
	}
}

// TestRender states that what is kept for a repeat is what the first caller got, byte for byte.
func TestRender(t *testing.T) {
	t.Parallel()
	refusal := &otp.Error{Code: otp.NoRoute, Detail: "nobody can", Reference: reference}
	tests := []struct {
		name, path, body string
		err              error
	}{
		{"a send", "/v1/otp/send", `{"to":"x"}`, nil},
		{"a resend", "/v1/otp/resend", `{"reference":"x"}`, nil},
		{"a refusal", "/v1/otp/send", `{"to":"x"}`, refusal},
		{"a fault", "/v1/otp/send", `{"to":"x"}`, errors.New("canary")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := &fakeOTP{err: tt.err, result: otp.Result{Verification: pending()}}
			app := newApp(t, fake)
			a := do(t, app, post(tt.path, tt.body, "Idempotency-Key", "k", "X-Request-Id", "first"))
			var once *otp.OnceInput
			if len(fake.sends) > 0 {
				once = fake.sends[0].Once
			} else {
				once = fake.resends[0].Once
			}
			do(t, app, post("/"+strings.Repeat("y", 500), strings.Repeat("z", 500))) // reuses the buffers
			kept := once.Render(pending(), tt.err)
			answered := otp.Answer{Status: a.status, ContentType: a.header.Get("Content-Type"), Body: a.body}
			if diff := cmp.Diff(answered, kept); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatWasRenderedIsAnswered(t *testing.T) {
	t.Parallel()
	kept := otp.Answer{Status: 201, ContentType: "application/json", Body: []byte(pendingJSON)}
	fake := &fakeOTP{result: otp.Result{Verification: pending(), Answer: &kept}}
	a := do(t, newApp(t, fake), post("/v1/otp/send", `{"to":"x"}`, "Idempotency-Key", "k"))
	if string(a.body) != pendingJSON || a.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("Idempotency-Replayed %q, %s", a.header.Get("Idempotency-Replayed"), a.body)
	}
}

func TestAReplayIsTheFirstAnswerByteForByte(t *testing.T) {
	t.Parallel()
	spaced := strings.Replace(pendingJSON, `"status":`, `"status": `, 1) // as no encoder of ours writes
	problem := `{"type":"/docs#provider_unavailable","title":"No provider can answer","status":503,"detail":"d",` +
		`"instance":"/v1/otp/send#first","code":"provider_unavailable","request_id":"first","retry_after":7}`
	tests := []struct {
		name  string
		kept  otp.Answer
		retry string
	}{
		{"a verification", otp.Answer{Status: 201, ContentType: "application/json", Body: []byte(spaced)}, ""},
		{"a problem", otp.Answer{Status: 503, ContentType: "application/problem+json", Body: []byte(problem)}, "7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := &fakeOTP{result: otp.Result{Answer: &tt.kept, Replayed: true}}
			a := do(t, newApp(t, fake), post("/v1/otp/send", `{"to":"x"}`, "Idempotency-Key", "k", "X-Request-Id", "again"))
			if a.status != tt.kept.Status || string(a.body) != string(tt.kept.Body) {
				t.Errorf("status %d, %s", a.status, a.body)
			}
			if a.header.Get("Idempotency-Replayed") != "true" || a.header.Get("X-Request-Id") != "again" ||
				a.header.Get("Retry-After") != tt.retry {
				t.Errorf("header %v", a.header)
			}
		})
	}
}
