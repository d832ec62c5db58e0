package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers/builtin"
	"github.com/otpgate/otpgate/providers/twin"
)

// console asks the console a question; an empty one is a GET.
func (w *world) console(path, question string) (int, string) {
	w.t.Helper()
	at := "http://" + w.g.ConsoleAddress()
	method := http.MethodGet
	if question != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequest(method, at+path, strings.NewReader(question))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Origin", at)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// shown fails unless the console answers with each of the texts.
func (w *world) shown(path, question string, texts ...string) string {
	w.t.Helper()
	status, body := w.console(path, question)
	if status != http.StatusOK {
		w.t.Fatalf("%s: %d %s", path, status, body)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			w.t.Errorf("%s lacks %s: %s", path, text, body)
		}
	}
	return body
}

// What the console shows is what the gateway did.
func TestConsoleShowsTheGateway(t *testing.T) {
	t.Parallel()
	w := start(t)
	if err := w.hubtel.Faults.Set(twin.Fault{Endpoint: "send", Kind: twin.Status, Status: 503}); err != nil {
		t.Fatal(err)
	}
	const to = "+233201234567"
	sent := w.send(`{"to":"` + to + `","metadata":{"order":"A-1009"}}`)
	if verified := w.verify(sent.Reference, w.code(to)); !verified.Verified {
		t.Fatalf("%d %s", verified.status, verified.body)
	}
	w.shown("/api/overview", "", `"sends":1`, `"verified":1`, `"failovers":1`, `"name":"inhouse"`)
	w.shown("/api/providers", "", `"provider":"hubtel-gh"`, `"class":"transient","code":"503"`, `"breaker":"closed"`)
	w.shown("/api/verifications", fmt.Sprintf(`{"text":%q}`, "0201234567"), sent.Reference, `"to":"+23320***4567"`, `"status":"verified"`)
	story := w.shown("/api/verifications/"+sent.Reference, "", `"kind":"created"`, `"class":"transient"`, `"rule":"ghana","place":2`,
		`"kind":"verified"`, `"order":"A-1009"`)
	if strings.Contains(story, to) {
		t.Error("the story shows the whole number")
	}
	w.shown("/api/explain", `{"app":"shop","to":"`+to+`"}`, `"provider":"hubtel-gh"`, `"rule":"ghana"`)
	w.shown("/api/limits", `{"app":"shop","to":"`+to+`"}`, `"name":"recipient"`, `"name":"recipient_failures"`, `"used":1`)
	w.shown("/metrics", "", "otpgate_", "go_goroutines")
	w.shown("/", "", "<option value=\"provider\">")
	if status, body := w.console("/api/explain", `{"app":"gone","to":"`+to+`"}`); status != http.StatusBadRequest {
		t.Errorf("an app that is gone: %d %s", status, body)
	}
	if status, body := w.console("/inbox", ""); status != http.StatusNotFound {
		t.Errorf("an inbox outside a sandbox: %d %s", status, body)
	}
}

func TestConsoleTellsOfReloads(t *testing.T) {
	t.Parallel()
	w := start(t)
	body := w.shown("/api/configuration", "", "hubtel-gh", `"reload":null`, "[secret]")
	for _, hidden := range []string{"hubtel-twin-secret", sha(secret), "MDEyMzQ1"} {
		if strings.Contains(body, hidden) {
			t.Errorf("the configuration shows %s", hidden)
		}
	}
	_, report := config.Parse("config.yaml", []byte("nonsense: 1"), config.Sources{Kinds: builtin.Kinds()})
	w.g.Reload(nil, report)
	w.shown("/api/configuration", "", "config.yaml:1:1: nonsense", "hubtel-gh")
	next := w.load()
	next.Console.Listen = "127.0.0.1:1"
	w.g.Reload(next, &config.Report{})
	w.shown("/api/configuration", "", `"mistakes":[]`, "127.0.0.1:1")
	w.logMu.Lock()
	defer w.logMu.Unlock()
	if !strings.Contains(w.log.String(), `the next start only" key=console`) {
		t.Error("a new address of the console is taken in silence")
	}
}

func TestConsoleAsksForItsToken(t *testing.T) {
	t.Parallel()
	w := start(t, `console: {listen: "127.0.0.1:0"}`, `console: {listen: "127.0.0.1:0", token: a-token-that-nobody-guesses}`)
	for _, path := range []string{"/api/configuration", "/metrics", "/"} {
		if status, body := w.console(path, ""); status != http.StatusUnauthorized || strings.Contains(body, "nobody-guesses") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}
