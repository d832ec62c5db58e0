package httpapi_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/api"
	"github.com/otpgate/otpgate/gateway/httpapi"
)

func TestDocumentIsServedAsItIs(t *testing.T) {
	t.Parallel()
	a := do(t, newApp(t, &fakeOTP{}), anonymous(get("/openapi.yaml")))
	kind := a.header.Get("Content-Type")
	if a.status != http.StatusOK || string(a.body) != api.Document() || kind != "application/yaml" {
		t.Errorf("status %d, %s, %d bytes", a.status, kind, len(a.body))
	}
}

func TestDocsTellOfEveryCallFieldAndCode(t *testing.T) {
	t.Parallel()
	a := do(t, newApp(t, &fakeOTP{}), anonymous(get("/docs")))
	page := string(a.body)
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`<code>fallback[].after</code>`, `<code>code.length</code>`, `<code>deliveries[].took_ms</code>`,
		`<code>verified_at</code> *`, `<code>verified</code> *</td><td>true</td>`, `<code>Idempotency-Key</code>`, `Scope: <code>verify</code>`,
		`numeric | alphabetic | alphanumeric`, `&#34;took_ms&#34;: 812`, `<code>X-API-Secret</code>`,
	}
	want = append(want, `<em>reference</em> leads`)
	for path := range c.doc.Paths.Map() {
		want = append(want, `<h2 id="`+path+`">`)
	}
	for name := range c.doc.Components.Schemas["SendRequest"].Value.Properties {
		want = append(want, "<code>"+name+"</code>")
	}
	for code := range statuses() {
		want = append(want, `<tr id="`+code+`">`)
	}
	for _, text := range want {
		if !strings.Contains(page, text) {
			t.Errorf("not on the page: %s", text)
		}
	}
	for _, text := range []string{"<no value>", "ZgotmplZ", "$ref"} {
		if strings.Contains(page, text) {
			t.Errorf("on the page: %s", text)
		}
	}
}

// TestDocsLoadNothing states that the page needs nothing but itself, and that its policy allows just that.
func TestDocsLoadNothing(t *testing.T) {
	t.Parallel()
	a := do(t, newApp(t, &fakeOTP{}), anonymous(get("/docs")))
	page := string(a.body)
	if found := regexp.MustCompile(`(?i)<script|<img|<link|<iframe|\bsrc=|@import|url\(|style=|\bon[a-z]+=|https?://`).
		FindString(page); found != "" {
		t.Errorf("the page holds %s", found)
	}
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page)
	if style == nil {
		t.Fatal("no style")
	}
	sum := sha256.Sum256([]byte(style[1]))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	if got := a.header.Get("Content-Security-Policy"); got != want {
		t.Errorf("Content-Security-Policy: %s\nwant: %s", got, want)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	log := new(logBuffer)
	var ready error
	app := newApp(t, &fakeOTP{}, log.record, func(o *httpapi.Options) {
		o.Ready = func(ctx context.Context) error {
			if _, bounded := ctx.Deadline(); !bounded {
				t.Error("readiness has no deadline")
			}
			return ready
		}
	})
	for path, body := range map[string]string{"/healthz": `{"status":"ok"}`, "/readyz": `{"status":"ready"}`} {
		if a := do(t, app, anonymous(get(path))); a.status != http.StatusOK || string(a.body) != body {
			t.Errorf("%s: status %d, %s", path, a.status, a.body)
		}
	}
	ready = errors.New("redis://canary-password is away")
	a := do(t, app, anonymous(get("/readyz")))
	if a.status != http.StatusServiceUnavailable || a.text(t, "code") != "not_ready" ||
		strings.Contains(string(a.body), "redis") {
		t.Errorf("not ready: status %d, %s", a.status, a.body)
	}
	if !strings.Contains(log.String(), "is away") {
		t.Errorf("the log does not tell why: %s", log)
	}
	if a := do(t, app, anonymous(get("/healthz"))); a.status != http.StatusOK {
		t.Errorf("healthz while not ready: status %d", a.status)
	}
}
