package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
)

// statuses is the list of the public contract, and what HTTP itself adds to it.
func statuses() map[string]int {
	return map[string]int{
		"invalid_request": 400, "unauthenticated": 401, "forbidden": 403, "not_found": 404, "already_verified": 409,
		"resends_exhausted": 409, "idempotency_in_progress": 409, "expired": 410, "attempts_exhausted": 410, "canceled": 410,
		"body_too_large": 413, "unsupported_media_type": 415, "wrong_code": 422, "no_route": 422, "recipient_rejected": 422,
		"idempotency_mismatch": 422, "rate_limited": 429, "recipient_locked": 429, "resend_too_soon": 429, "internal": 500,
		"provider_unavailable": 503, "store_unavailable": 503, "overloaded": 503,
		"method_not_allowed": 405, "request_timeout": 408, "headers_too_large": 431, "not_ready": 503,
	}
}

func TestEveryCodeHasTheStatusOfTheContract(t *testing.T) {
	t.Parallel()
	got := map[string]int{}
	for _, line := range strings.Split(httpapi.ErrorTable(), "\n")[2:] {
		cells := strings.Split(line, "|")
		if len(cells) < 6 {
			continue
		}
		status, err := strconv.Atoi(strings.TrimSpace(cells[2]))
		if err != nil {
			t.Fatal(err)
		}
		got[strings.Trim(cells[1], " `")] = status
		if len(strings.TrimSpace(cells[3])) < 10 || len(strings.TrimSpace(cells[4])) < 10 {
			t.Errorf("the manual says too little: %s", line)
		}
	}
	if diff := cmp.Diff(statuses(), got); diff != "" {
		t.Error(diff)
	}
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, code := range c.doc.Components.Schemas["ErrorCode"].Value.Enum {
		documented[code.(string)] = true
	}
	for code := range got {
		if !documented[code] {
			t.Errorf("%s is not in the OpenAPI document", code)
		}
	}
	if len(documented) != len(got) {
		t.Errorf("%d codes are documented, there are %d", len(documented), len(got))
	}
}

// TestEveryCodeOfTheUseCasesIsInTheTable reads the constants where they are declared: none can be forgotten.
func TestEveryCodeOfTheUseCasesIsInTheTable(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "../otp/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			code, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			found++
			if statuses()[code] == 0 {
				t.Errorf("%s has no status", code)
			}
		}
		return true
	})
	if found < 19 {
		t.Errorf("only %d codes found", found)
	}
}

func TestEveryRefusalOfAUseCase(t *testing.T) {
	t.Parallel()
	// Which refusals a call can give, as the document has them.
	common := []otp.Code{otp.InvalidRequest, otp.Forbidden, otp.StoreUnavailable, otp.Overloaded}
	ends := []otp.Code{otp.AlreadyVerified, otp.Expired, otp.AttemptsExhausted, otp.Canceled, otp.NotFound}
	carried := []otp.Code{otp.NoRoute, otp.RecipientRejected, otp.RateLimited, otp.ProviderUnavailable}
	once := []otp.Code{otp.IdempotencyInProgress, otp.IdempotencyMismatch}
	byReference := `{"reference":"` + reference + `","code":"1234"}`
	calls := []struct {
		path, body string
		codes      [][]otp.Code
	}{
		{"/v1/otp/send", `{"to":"x"}`, [][]otp.Code{common, carried, once}},
		{"/v1/otp/verify", byReference, [][]otp.Code{
			common, ends, {otp.WrongCode, otp.ProviderUnavailable, otp.RecipientLocked},
		}},
		{"/v1/otp/resend", `{"reference":"x"}`, [][]otp.Code{
			common, ends, carried, once, {otp.ResendTooSoon, otp.ResendsExhausted},
		}},
		{"/v1/otp/cancel", `{"reference":"x"}`, [][]otp.Code{common, ends}},
		{"/v1/otp/status", "", [][]otp.Code{common, {otp.NotFound}}},
	}
	for _, call := range calls {
		for _, codes := range call.codes {
			for _, code := range codes {
				t.Run(call.path+" "+string(code), func(t *testing.T) {
					t.Parallel()
					refusal := &otp.Error{
						Code: code, Detail: "what happened and what to do", Reference: reference, AttemptsRemaining: 2,
						Err: errors.New("canary-cause"),
					}
					fake := &fakeOTP{err: fmt.Errorf("wrapped: %w", refusal)}
					req := post(call.path, call.body)
					if call.body == "" {
						req = get(call.path + "?reference=x")
					}
					req.Header.Set("X-Request-Id", "req-1")
					a := do(t, newApp(t, fake), req)
					checkProblem(t, a, code, call.path)
				})
			}
		}
	}
}

func checkProblem(t *testing.T, a answer, code otp.Code, path string) {
	t.Helper()
	p := a.json(t)
	want := map[string]any{
		"type": "/docs#" + string(code), "title": p["title"], "status": float64(statuses()[string(code)]),
		"detail": "what happened and what to do", "instance": path + "#req-1", "code": string(code),
		"request_id": "req-1", "reference": reference,
	}
	if code == otp.WrongCode {
		want["verified"], want["attempts_remaining"] = false, 2.0
	}
	if header := a.header.Get("Retry-After"); header != "" {
		seconds, _ := strconv.Atoi(header)
		want["retry_after"] = float64(seconds)
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
	if a.status != statuses()[string(code)] || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("status %d, %s", a.status, a.header.Get("Content-Type"))
	}
	if strings.Contains(string(a.body), "canary") {
		t.Errorf("the cause is in the answer: %s", a.body)
	}
}

func TestRetryAfterIsWholeSecondsRoundedUp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		code  otp.Code
		after time.Duration
		want  string
	}{
		{"whole seconds", otp.ResendTooSoon, 30 * time.Second, "30"},
		{"a part of a second counts as one", otp.RateLimited, 1001 * time.Millisecond, "2"},
		{"never less than one", otp.RateLimited, time.Nanosecond, "1"},
		{"not told", otp.ProviderUnavailable, 0, "5"},
		{"over before it was told", otp.RateLimited, -time.Second, "1"},
		{"a request that is still running", otp.IdempotencyInProgress, 0, "1"},
		{"there is no point in trying again", otp.NoRoute, time.Second, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := &fakeOTP{err: &otp.Error{Code: tt.code, Detail: "d", RetryAfter: tt.after}}
			a := do(t, newApp(t, fake), post("/v1/otp/resend", `{"reference":"x"}`))
			if got := a.header.Get("Retry-After"); got != tt.want || a.text(t, "retry_after") != tt.want {
				t.Errorf("Retry-After %q, retry_after %q, want %q", got, a.text(t, "retry_after"), tt.want)
			}
		})
	}
}

func TestTheLastWrongGuessSaysThatNoneIsLeft(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{err: &otp.Error{Code: otp.WrongCode, Detail: "d", Reference: reference}}
	a := do(t, newApp(t, fake), post("/v1/otp/verify", `{"reference":"x","code":"1234"}`))
	if a.text(t, "attempts_remaining") != "0" || a.text(t, "verified") != "false" {
		t.Errorf("%s", a.body)
	}
}

func TestFieldsOfAUseCaseAreNamed(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{err: &otp.Error{Code: otp.InvalidRequest, Detail: "d", Fields: []otp.Field{
		{Field: "fallback[0].after", Message: "must be at least 1s"}, {Field: "to", Message: "is required"},
	}}}
	a := do(t, newApp(t, fake), post("/v1/otp/send", `{}`))
	if got := fields(t, a); !cmp.Equal(got, []string{"fallback[0].after", "to"}) {
		t.Errorf("fields %q", got)
	}
}

func TestFaultsTellNothing(t *testing.T) {
	t.Parallel()
	for name, fake := range map[string]*fakeOTP{
		"an unexpected error":  {err: errors.New("canary-cause")},
		"an unknown code":      {err: &otp.Error{Code: "canary-code", Detail: "canary-detail"}},
		"a panic":              {during: func(context.Context) { panic("canary-panic") }},
		"a panic of a runtime": {during: func(context.Context) { _ = make([]int, 0)[len("canary")] }},
		"a deadline":           {err: context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := newApp(t, fake)
			a := do(t, app, post("/v1/otp/send", `{"to":"x"}`))
			if a.status != http.StatusInternalServerError || a.text(t, "code") != "internal" {
				t.Errorf("status %d, %s", a.status, a.body)
			}
			if strings.Contains(string(a.body), "canary") || strings.Contains(string(a.body), "deadline") {
				t.Errorf("the fault is in the answer: %s", a.body)
			}
			fake.err, fake.during, fake.result = nil, nil, otp.Result{Verification: pending()}
			if a := do(t, app, post("/v1/otp/send", `{"to":"x"}`)); a.status != http.StatusCreated {
				t.Errorf("after it: status %d", a.status)
			}
		})
	}
}

func TestPathsAndMethods(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method, path string
		status       int
		code, allow  string
	}{
		{"GET", "/", 404, "not_found", ""},
		{"GET", "/v1/otp", 404, "not_found", ""},
		{"POST", "/v1/otp/verify/984205", 404, "not_found", ""},
		{"POST", "/v1/otp/send/", 404, "not_found", ""},
		{"POST", "/v1/otp/Send", 404, "not_found", ""},
		{"POST", "//v1/otp/send", 404, "not_found", ""},
		{"GET", "/metrics", 404, "not_found", ""},
		{"GET", "/v1/otp/send", 405, "method_not_allowed", "POST"},
		{"PUT", "/v1/otp/send", 405, "method_not_allowed", "POST"},
		{"OPTIONS", "/v1/otp/send", 405, "method_not_allowed", "POST"},
		{"BREW", "/v1/otp/verify", 405, "method_not_allowed", "POST"},
		{"BREW", "/nowhere", 404, "not_found", ""},
		{"POST", "/v1/otp/status", 405, "method_not_allowed", "GET, HEAD"},
		{"DELETE", "/docs", 405, "method_not_allowed", "GET, HEAD"},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			req := post(tt.path, `{}`)
			req.Method = tt.method
			fake := &fakeOTP{}
			a := do(t, newApp(t, fake), req)
			if a.status != tt.status || a.text(t, "code") != tt.code || a.header.Get("Allow") != tt.allow {
				t.Errorf("status %d, code %s, Allow %q", a.status, a.text(t, "code"), a.header.Get("Allow"))
			}
			if strings.Contains(string(a.body), "984205") {
				t.Errorf("the path is in the answer: %s", a.body)
			}
			if fake.calls() > 0 {
				t.Error("a use case was called")
			}
		})
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("a", 64)
	tests := []struct {
		name, given string
		kept        bool
	}{
		{"letters, digits and marks", "Req_1.2-3", true},
		{"the longest", longest, true},
		{"too long", longest + "a", false},
		{"none", "", false},
		{"a space", "a b", false},
		{"a slash", "a/b", false},
		{"an at sign", "a@b", false},
		{"a bracket, which is a letter but for one bit", "a[b{", false},
		{"not ASCII", "ä", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			app := newApp(t, &fakeOTP{verification: pending()})
			a := do(t, app, get("/v1/otp/status?reference=x", "X-Request-Id", tt.given))
			b := do(t, app, get("/v1/otp/status?reference=x", "X-Request-Id", tt.given))
			first, second := a.header.Get("X-Request-Id"), b.header.Get("X-Request-Id")
			if tt.kept != (first == tt.given) || tt.kept != (first == second) {
				t.Errorf("ids %q and %q", first, second)
			}
		})
	}
}
