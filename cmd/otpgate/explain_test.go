package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/httpapi"
)

const explained = `server: {listen: "127.0.0.1:1"}
store: {sqlite: {path: "otpgate.db"}}
code_keys: [{id: k1, key: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}]
limits: {recipient: 5/10m, app: [], ip: 30/10m}
apps:
  shop: {name: Shop, keys: [{id: shop-key, secret_sha256: "HASH", scopes: [read]}]}
providers:
  hubtel-gh:
    kind: hubtel
    with: {client_id: a, client_secret: b, sender: Shop}
    price: {sms: 0.035, currency: USD}
  own: {kind: inhouse, with: {transports: {sms: {kind: console}, email: {kind: console}}}}
routes:
  - name: ghana
    when: {country: [GH]}
    use: [hubtel-gh, own]
    fallback: [{channel: whatsapp, after: 30s}, {channel: sms, after: 10m}]
  - {name: mail, when: {channel: [email]}, use: [own]}
`

// otpgate runs the program in an empty folder of the test, with these environment variables.
func otpgate(t *testing.T, env map[string]string, args ...string) (code int, out, errors string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(args, &surroundings{
		ctx: t.Context(), out: &stdout, err: &stderr,
		lookup: func(name string) (string, bool) { value, ok := env[name]; return value, ok },
	})
	return code, stdout.String(), stderr.String()
}

func explainedFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	text := strings.ReplaceAll(explained, "HASH", strings.Repeat("9f", 32))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestExplainAFile(t *testing.T) {
	t.Parallel()
	file := explainedFile(t)
	code, out, errs := otpgate(t, nil, "explain", "--to", "0201234567", "--config", file)
	const want = `A code for +233201234567 (GH) by sms, good for 5m

at once: sms to +233201234567
  rule ghana (FILE:14), strategy priority, at most 8s
  1.  hubtel-gh  number 1 of the rule's list  breaker closed  numeric code                  0.035 USD  dial *713*90#
  2.  own        number 2 of the rule's list  breaker closed  6 numeric, 1 segment of gsm7  no price

after 30s: whatsapp to +233201234567
  rule ghana (FILE:14), strategy priority, at most 8s
  nobody can be asked
  not  hubtel-gh  it does not cover whatsapp
  not  own        it does not cover whatsapp

after 30s: sms to +233201234567
  rule ghana (FILE:14), strategy priority, at most 8s
  1.  hubtel-gh  number 1 of the rule's list  breaker closed  numeric code                  0.035 USD  dial *713*90#
  2.  own        number 2 of the rule's list  breaker closed  6 numeric, 1 segment of gsm7  no price

limits
  recipient  5/10m  0 used  5 left
`
	if diff := cmp.Diff(want, strings.ReplaceAll(out, file, "FILE")); diff != "" || code != 0 || errs != "" {
		t.Errorf("%d %s\n%s", code, errs, diff)
	}
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("%v were left behind (%v)", entries, err)
	}
}

func TestExplainWhatTheFlagsSay(t *testing.T) {
	t.Parallel()
	file := explainedFile(t)
	_, out, errs := otpgate(t, nil, "explain", "--config", file, "--json", "--app", "shop", "--to", "ama@example.com",
		"--length", "8", "--alphabet", "alphabetic", "--expires-in", "2m", "--client-ip", "192.0.2.7",
		"--fallback", "sms:30s:+233201234567", "--fallback", "email:2m")
	var p httpapi.Plan
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	first := p.Steps[0].Candidates[0]
	if p.Channel != "email" || p.ExpiresIn != "2m" || first.Code.Length != 8 || first.Code.Alphabet != "alphabetic" {
		t.Errorf("%+v", p)
	}
	if len(p.Steps) != 3 || p.Steps[1].To != "+233201234567" || p.Steps[1].Excluded[0].Reason != "length" || !p.Steps[2].Dropped {
		t.Errorf("%+v", p.Steps)
	}
	if len(p.Limits) != 3 || p.Limits[2].Name != "ip" { // one of each person that is written to, and that of the address
		t.Errorf("%+v", p.Limits)
	}
	_, out, _ = otpgate(t, nil, "explain", "--config", file, "--to", "ama@example.com", "--fallback", "email:6m")
	if !strings.Contains(out, "after 6m: email to ama@example.com\n  dropped: the code would have expired by then\n") {
		t.Error(out)
	}
	_, out, _ = otpgate(t, nil, "explain", "--config", file, "--to", "+2348031234567")
	if !strings.Contains(out, "no rule matches, so nobody is asked") {
		t.Error(out)
	}
}

func TestExplainRefuses(t *testing.T) {
	t.Parallel()
	file := explainedFile(t)
	for name, test := range map[string]struct {
		code int
		want string
		args []string
	}{
		"no recipient":         {2, "--to", []string{"--config", file}},
		"two sources":          {2, "can't be used together", []string{"--to", "x", "--config", file, "--server", "http://127.0.0.1:1"}},
		"an app of a server":   {2, "can't be used together", []string{"--to", "x", "--app", "shop", "--server", "http://127.0.0.1:1"}},
		"a mistake":            {1, "to: a number is written with digits", []string{"--to", "x", "--config", file}},
		"no such app":          {1, `no app "shops"`, []string{"--to", "0201234567", "--app", "shops", "--config", file}},
		"no such file":         {1, "cannot be read", []string{"--to", "0201234567", "--config", file + "x"}},
		"half a fallback":      {1, "--fallback", []string{"--to", "0201234567", "--fallback", "sms", "--config", file}},
		"a server without key": {1, "OTPGATE_KEY", []string{"--to", "0201234567", "--server", "http://127.0.0.1:1"}},
		"an odd server":        {1, "write the gateway's address", []string{"--to", "0201234567", "--server", "127.0.0.1:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, _, errs := otpgate(t, nil, append([]string{"explain"}, test.args...)...)
			if code != test.code || !strings.Contains(errs, test.want) {
				t.Errorf("%d %s", code, errs)
			}
		})
	}
}

const serverPlan = `{"to":"+233201234567","country":"GH","channel":"sms","expires_in":"10m","new":1,"steps":[` +
	`{"channel":"sms","to":"+233201234567","after":"0s","rule":"ghana","line":41,"strategy":"best","deadline":"8s",` +
	`"candidates":[{"place":1,"provider":"own","reason":"early_probe","why":"it is asked once","breaker":"half_open",` +
	`"limited":true,"code":{}}],"excluded":[{"provider":"zend","reason":"breaker_open","why":"its breaker is open",` +
	`"until":"2026-01-15T10:21:00.000Z"}],"dropped":false}],` +
	`"limits":[{"name":"recipient","limit":"5/10m","used":5,"remaining":0,"resets_at":"2026-01-15T10:21:00.000Z"}]}`

func TestExplainARunningGateway(t *testing.T) {
	t.Parallel()
	env := map[string]string{"OTPGATE_KEY": "shop-key", "OTPGATE_SECRET": "canary"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("X-API-Key") != "shop-key" || r.Header.Get("X-API-Secret") != "canary" || r.URL.Path != "/v1/otp/plan" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		const want = `{"to":"0201234567","channel":"sms","code":{"length":6},"fallback":[{"channel":"email","to":"a@b.org",` +
			`"after":"60s"}],"client":{"ip":"192.0.2.7"}}`
		if string(body) != want {
			t.Errorf("asked %s", body)
		}
		_, _ = io.WriteString(w, serverPlan)
	}))
	t.Cleanup(server.Close)
	args := []string{
		"explain", "--server", server.URL + "/", "--to", "0201234567", "--channel", "sms", "--length", "6",
		"--fallback", "email:60s:a@b.org", "--client-ip", "192.0.2.7",
	}
	code, out, errs := otpgate(t, env, args...)
	const want = `A code for +233201234567 (GH) by sms, good for 10m

at once: sms to +233201234567
  rule ghana (the gateway's file:41), strategy best, at most 8s
  1.  own  it is asked once  breaker half open, its limit is used up now  a code of its own choice  no price
  not  zend  its breaker is open, until 2026-01-15 10:21:00 UTC

limits
  recipient  5/10m  5 used  none left: the send would be refused, until 2026-01-15 10:21:00 UTC
`
	if diff := cmp.Diff(want, out); diff != "" || code != 0 {
		t.Errorf("%d %s\n%s", code, errs, diff)
	}
	_, out, _ = otpgate(t, env, append(args, "--json")...)
	if !strings.Contains(out, "  \"new\": 1,\n") {
		t.Errorf("what a later gateway says is lost: %s", out)
	}
}

func TestExplainAServerThatRefuses(t *testing.T) {
	t.Parallel()
	env := map[string]string{"OTPGATE_KEY": "shop-key", "OTPGATE_SECRET": "canary"}
	for name, test := range map[string]struct {
		status     int
		body, want string
	}{
		"a mistake":    {400, `{"code":"invalid_request","detail":"d","errors":[{"field":"to","message":"is odd"}]}`, "to: is odd"},
		"a stranger":   {401, `{"code":"unauthenticated","detail":"no valid key"}`, "unauthenticated: no valid key"},
		"another API":  {200, `{"status":"ok"}`, "not a plan"},
		"another page": {200, `<html>`, "as no otpgate does"},
		"a redirect":   {302, ``, "as no otpgate does"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/elsewhere" {
					t.Error("the secret was carried elsewhere")
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			t.Cleanup(server.Close)
			code, out, errs := otpgate(t, env, "explain", "--server", server.URL, "--to", "0201234567")
			if code != 1 || out != "" || !strings.Contains(errs, test.want) || strings.Contains(errs, "canary") {
				t.Errorf("%d %s%s", code, out, errs)
			}
		})
	}
}
