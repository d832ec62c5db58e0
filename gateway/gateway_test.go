package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/builtin"
	"github.com/otpgate/otpgate/providers/hubtel/hubteltwin"
	"github.com/otpgate/otpgate/providers/twin"
)

// world is a whole gateway, the twin of its upstream, and the phones of everybody.
type world struct {
	t      *testing.T
	url    string
	inbox  *twin.Inbox
	hubtel *twin.Twin
	log    *bytes.Buffer
	logMu  sync.Mutex
	g      *gateway.Gateway
	file   string
	kinds  []providers.Kind // besides those that are built in
}

const secret = "e2e-secret-that-must-not-be-seen"

// settings of the gateway under test; tests change a copy.
const settings = `
server: {listen: "127.0.0.1:0"}
console: {listen: "127.0.0.1:0"}
store: {sqlite: {path: "FOLDER/otpgate.db"}}
code_keys: [{id: k1, key: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}]
defaults: {resend_after: 0s}
limits: {recipient: ["1000/10m"], recipient_failures: 1000/24h, ip: 1000/10m, app: 100000/s}
apps:
  shop: {name: Shop, keys: [{id: shop-key, secret_sha256: "SHA", scopes: [send, verify, read]}]}
  rival: {name: Rival, keys: [{id: rival-key, secret_sha256: "SHA", scopes: [send, verify, read]}]}
templates:
  login: {en: "{app}: {code} for {amount} {duration}"}
providers:
  hubtel-gh:
    kind: hubtel
    with: {base_url: "HUBTEL", client_id: hubtel-twin-id, client_secret: hubtel-twin-secret, sender: Shop}
    timeout: 500ms
  inhouse: {kind: inhouse, with: {transports: {sms: {kind: console}, email: {kind: console}}}}
routes:
  - {name: ghana, when: {country: [GH]}, use: [hubtel-gh, inhouse]}
  - {name: rest, use: [inhouse]}
`

func start(t *testing.T, change ...string) *world {
	t.Helper()
	return startWith(t, new(twin.Inbox), change...)
}

func startWith(t *testing.T, inbox *twin.Inbox, change ...string) *world {
	t.Helper()
	return (&world{t: t, inbox: inbox, log: new(bytes.Buffer)}).start(change...)
}

func (w *world) start(change ...string) *world {
	t := w.t
	t.Helper()
	w.hubtel = hubteltwin.New(hubteltwin.Options{Inbox: w.inbox})
	server, err := twin.Start(w.hubtel, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w.file = filepath.Join(t.TempDir(), "config.yaml")
	w.write(server.URL, change...)
	w.g, err = gateway.Open(t.Context(), w.load(), gateway.Options{Log: slog.New(slog.NewTextHandler(w, nil)), Phone: w.inbox})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.g.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the gateway stopped with %v", err)
		}
	})
	w.url = "http://" + w.g.Address()
	return w
}

// write makes the configuration file: the settings, with each pair of change replaced.
func (w *world) write(hubtel string, change ...string) {
	w.t.Helper()
	text := strings.NewReplacer(change...).Replace(settings)
	text = strings.NewReplacer("FOLDER", filepath.Dir(w.file), "HUBTEL", hubtel, "SHA", sha(secret)).Replace(text)
	if err := os.WriteFile(w.file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) load() *config.Config {
	w.t.Helper()
	cfg, report := config.Load(w.file, config.Sources{Kinds: append(builtin.Kinds(), w.kinds...)})
	if err := report.Err(); err != nil {
		w.t.Fatal(err)
	}
	return cfg
}

// Write takes the log.
func (w *world) Write(line []byte) (int, error) {
	w.logMu.Lock()
	defer w.logMu.Unlock()
	return w.log.Write(line)
}

type answer struct {
	status            int
	body              []byte
	Reference         string
	Code              string
	Provider          string
	Verified          bool
	AttemptsRemaining int `json:"attempts_remaining"`
	Deliveries        []delivered
}

type delivered struct {
	Provider, Status, Reason string
	TookMS                   int `json:"took_ms"`
}

// post calls the API as the app whose key is given.
func (w *world) post(key, path, body string) answer {
	w.t.Helper()
	a, err := call(w.url+path, key, body)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func call(target, key, body string) (answer, error) {
	req, err := http.NewRequest(http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth(key, secret)
	return roundTrip(req)
}

// roundTrip makes a request and reads its answer.
func roundTrip(req *http.Request) (answer, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return a, err
	}
	raw := struct {
		*answer
		Code json.RawMessage
	}{answer: &a}
	if err := json.Unmarshal(a.body, &raw); err != nil {
		return a, fmt.Errorf("%w: %s", err, a.body)
	}
	_ = json.Unmarshal(raw.Code, &a.Code) // a string in problems, an object in verifications
	return a, nil
}

func (w *world) send(body string) answer {
	w.t.Helper()
	a := w.post("shop-key", "/v1/otp/send", body)
	if a.status != http.StatusCreated {
		w.t.Fatalf("send: %d %s", a.status, a.body)
	}
	return a
}

func (w *world) verify(ref, code string) answer {
	w.t.Helper()
	return w.post("shop-key", "/v1/otp/verify", fmt.Sprintf(`{"reference":%q,"code":%q}`, ref, code))
}

var digits = regexp.MustCompile(`\b[0-9]{4,10}\b`)

// code is the one in the newest message to the number.
func (w *world) code(to string) string {
	w.t.Helper()
	messages := w.inbox.Messages(to, providers.SMS)
	if len(messages) == 0 {
		w.t.Fatal("nothing arrived")
	}
	return digits.FindString(messages[0].Text)
}

func TestSendAndVerify(t *testing.T) {
	t.Parallel()
	w := start(t)
	for to, body := range map[string]string{
		"+233201234567": `{"to":"+233201234567"}`, "+2348031234567": `{"to":"+2348031234567","template":"login"}`,
	} {
		sent := w.send(body)
		if a := w.verify(sent.Reference, "000"); a.status != 422 || a.Code != "wrong_code" || a.AttemptsRemaining != 2 {
			t.Errorf("wrong: %d %s", a.status, a.body)
		}
		if a := w.verify(sent.Reference, w.code(to)); a.status != 200 || !a.Verified {
			t.Errorf("right: %d %s", a.status, a.body)
		}
		if a := w.verify(sent.Reference, w.code(to)); a.status != 409 {
			t.Errorf("again: %d %s", a.status, a.body)
		}
	}
}

func TestNextProviderTakesOver(t *testing.T) {
	t.Parallel()
	w := start(t)
	if err := w.hubtel.Faults.Set(twin.Fault{Endpoint: "send", Kind: twin.Status, Status: 500}); err != nil {
		t.Fatal(err)
	}
	sent := w.send(`{"to":"+233201234567"}`)
	if sent.Provider != "inhouse" || len(sent.Deliveries) != 2 || sent.Deliveries[0].Reason != "upstream_unavailable" {
		t.Errorf("%s", sent.body)
	}
	if a := w.verify(sent.Reference, w.code("+233201234567")); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// The upstream takes the request and answers after its time was over: the person holds two codes.
func TestBothCodesOfATimedOutSendVerify(t *testing.T) {
	t.Parallel()
	for _, which := range []int{0, 1} {
		w := start(t, "timeout: 500ms", "timeout: 200ms")
		const slow = "+233201239907" // a magic number: the twin answers after three seconds
		sent := w.send(fmt.Sprintf(`{"to":%q}`, slow))
		if sent.Provider != "inhouse" || sent.Deliveries[0].Status != "unknown" {
			t.Fatalf("%s", sent.body)
		}
		w.await(func() bool {
			a, err := get(w.url+"/v1/otp/status?reference="+sent.Reference, "shop-key")
			return err == nil && a.Deliveries[0].Status == "sent"
		})
		messages := w.inbox.Messages(slow, providers.SMS)
		if len(messages) != 2 {
			t.Fatalf("%d messages", len(messages))
		}
		if a := w.verify(sent.Reference, digits.FindString(messages[which].Text)); a.status != 200 {
			t.Errorf("code %d: %d %s", which, a.status, a.body)
		}
		if a := w.verify(sent.Reference, digits.FindString(messages[1-which].Text)); a.status != 409 {
			t.Errorf("the other one: %d %s", a.status, a.body)
		}
	}
}

func get(target, key string) (answer, error) {
	req, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return answer{}, err
	}
	req.SetBasicAuth(key, secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	var a struct {
		Deliveries []delivered
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	err = json.Unmarshal(body, &a)
	return answer{status: resp.StatusCode, body: body, Deliveries: a.Deliveries}, err
}

// await returns when the condition holds.
func (w *world) await(holds func() bool) {
	w.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatal("it did not happen")
		}
	}
}

func TestParallelGuesses(t *testing.T) {
	t.Parallel()
	w := start(t)
	for _, test := range []struct {
		name string
		to   string
		want int
	}{{"hosted, right", "+233201234567", 1}, {"in-house, right", "+2348031234567", 1}, {"hosted, wrong", "+233201234568", 0}} {
		sent := w.send(fmt.Sprintf(`{"to":%q}`, test.to))
		code := w.code(test.to)
		if test.want == 0 {
			code = different(code)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for range 100 {
			wg.Go(func() {
				a, err := call(w.url+"/v1/otp/verify", "shop-key", fmt.Sprintf(`{"reference":%q,"code":%q}`, sent.Reference, code))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				statuses[a.status]++
			})
		}
		wg.Wait()
		if statuses[200] != test.want || statuses[200]+statuses[422] > 3 {
			t.Errorf("%s: %v", test.name, statuses)
		}
	}
	if asked := len(w.hubtel.Requests("verify")); asked > 6 {
		t.Errorf("hubtel was asked %d times", asked)
	}
}

func different(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return "9" + code[1:]
}

func TestForeignReferenceIsUnknown(t *testing.T) {
	t.Parallel()
	w := start(t)
	sent := w.send(`{"to":"+233201234567"}`)
	foreign := w.post("rival-key", "/v1/otp/verify", fmt.Sprintf(`{"reference":%q,"code":"1234"}`, sent.Reference))
	unknown := w.post("rival-key", "/v1/otp/verify", `{"reference":"01jtdre6ga9vqk1ce154p0jjwr","code":"1234"}`)
	if foreign.status != 404 || unknown.status != 404 || foreign.Code != unknown.Code {
		t.Errorf("%s\n%s", foreign.body, unknown.body)
	}
}

func TestFaultOfTheIssuerGivesTheGuessBack(t *testing.T) {
	t.Parallel()
	w := start(t)
	sent := w.send(`{"to":"+233201234567"}`)
	if err := w.hubtel.Faults.Set(twin.Fault{Endpoint: "verify", Kind: twin.Status, Status: 503}); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if a := w.verify(sent.Reference, w.code("+233201234567")); a.status != 503 || a.Code != "provider_unavailable" {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	w.hubtel.Faults.Clear("")
	if a := w.verify(sent.Reference, w.code("+233201234567")); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestResendAtHubtelChangesRequestIDAndPrefix(t *testing.T) {
	t.Parallel()
	w := start(t)
	sent := w.send(`{"to":"+233201234567"}`)
	old := w.code("+233201234567")
	again := w.post("shop-key", "/v1/otp/resend", fmt.Sprintf(`{"reference":%q}`, sent.Reference))
	if again.status != 200 || len(w.hubtel.Requests("resend")) != 1 {
		t.Fatalf("%d %s", again.status, again.body)
	}
	if code := w.code("+233201234567"); code != old {
		if a := w.verify(sent.Reference, old); a.status != 422 {
			t.Errorf("the old code: %d %s", a.status, a.body)
		}
	}
	if a := w.verify(sent.Reference, w.code("+233201234567")); a.status != 200 {
		t.Errorf("the new code: %d %s", a.status, a.body)
	}
}

// What must not be seen is searched for in everything that the gateway leaves behind.
func TestNoSecretIsLeftBehind(t *testing.T) {
	t.Parallel()
	w := start(t)
	var codes []string
	for _, to := range []string{"+233201234567", "+2348031234567"} {
		sent := w.send(fmt.Sprintf(`{"to":%q}`, to))
		codes = append(codes, w.code(to))
		w.verify(sent.Reference, w.code(to))
	}
	wrong := w.send(`{"to":"+233201234567"}`)
	w.verify(wrong.Reference, "8642097531")
	kept := map[string][]byte{}
	for _, name := range []string{"otpgate.db", "otpgate.db-wal"} {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(w.file), name))
		if err != nil {
			t.Fatal(err)
		}
		kept[name] = text
	}
	w.logMu.Lock()
	defer w.logMu.Unlock()
	log := regexp.MustCompile(`msg="sandbox message".*\n`).ReplaceAll(w.log.Bytes(), nil) // shown on purpose, and there only
	kept["log"] = log
	forbidden := []string{secret, "hubtel-twin-secret", "8642097531", url.QueryEscape("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY")}
	for name, text := range kept {
		for _, word := range forbidden {
			if bytes.Contains(text, []byte(word)) {
				t.Errorf("%s holds %s", name, word)
			}
		}
		for _, code := range codes {
			if regexp.MustCompile(`\b` + code + `\b`).Match(text) {
				t.Errorf("%s holds the code %s", name, code)
			}
		}
	}
	if bytes.Contains(log, []byte("+233201234567")) || len(log) == 0 {
		t.Error("the log holds a whole number, or nothing at all")
	}
}

func TestReloadKeepsStateAndRefusesMistakes(t *testing.T) {
	t.Parallel()
	w := start(t)
	sent := w.send(`{"to":"+2348031234567"}`)
	_, report := config.Parse("config.yaml", []byte("nonsense: 1"), config.Sources{Kinds: builtin.Kinds()})
	w.g.Reload(nil, report)
	next := w.load()
	for range 20 {
		w.g.Reload(next, &config.Report{})
	}
	if a := w.verify(sent.Reference, w.code("+2348031234567")); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.logMu.Lock()
	defer w.logMu.Unlock()
	if !bytes.Contains(w.log.Bytes(), []byte("nonsense")) {
		t.Error("the mistake is not in the log")
	}
}
