package gateway_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers/twin"
)

// body calls the API as the shop; a body of "" is a GET.
func (w *world) body(path, body string) (int, []byte) {
	w.t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth("shop-key", secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, b
}

func (w *world) plan(body string) httpapi.Plan {
	w.t.Helper()
	status, text := w.body("/v1/otp/plan", body)
	var p httpapi.Plan
	if err := json.Unmarshal(text, &p); err != nil || status != http.StatusOK {
		w.t.Fatalf("%d %s (%v)", status, text, err)
	}
	return p
}

func limit(p httpapi.Plan, name string) httpapi.PlanLimit {
	at := slices.IndexFunc(p.Limits, func(l httpapi.PlanLimit) bool { return l.Name == name })
	return p.Limits[at]
}

// What a running gateway plans and what the file alone tells are the same, as long as nothing has happened.
func TestExplainSaysWhatTheGatewayPlans(t *testing.T) {
	t.Parallel()
	w := start(t)
	six := 6
	for body, in := range map[string]otp.SendInput{
		`{"to":"+233201234567"}`:                       {To: "+233201234567"},
		`{"to":"0201234567","code":{"length":6}}`:      {To: "0201234567", Length: &six},
		`{"to":"+2348031234567"}`:                      {To: "+2348031234567"},
		`{"to":"ama@example.com"}`:                     {To: "ama@example.com"},
		`{"to":"+233201234567","channel":"voice"}`:     {To: "+233201234567", Channel: "voice"},
		`{"to":"+233201234567","client":{"ip":"::1"}}`: {To: "+233201234567", ClientIP: "::1"},
		`{"to":"+233201234567","fallback":[{"channel":"email","to":"a@b.org","after":"30s"}]}`: {
			To: "+233201234567", Fallback: []otp.FallbackInput{{Channel: "email", To: "a@b.org", After: "30s"}},
		},
	} {
		preview, err := gateway.Explain(t.Context(), w.load(), "shop", in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w.plan(body), httpapi.NewPlan(preview)); diff != "" {
			t.Errorf("%s\n%s", body, diff)
		}
	}
}

// A plan shows what the send after it really does, and changes nothing for it.
func TestPlanIsWhatHappensNext(t *testing.T) {
	t.Parallel()
	w := start(t, "recipient: [\"1000/10m\"]", "recipient: [\"2/10m\"]")
	if err := w.hubtel.Faults.Set(twin.Fault{Endpoint: "send", Kind: twin.Status, Status: 401}); err != nil {
		t.Fatal(err)
	}
	const body = `{"to":"+233201234567"}`
	for range 3 {
		if p := w.plan(body); p.Steps[0].Candidates[0].Provider != "hubtel-gh" || limit(p, "recipient").Used != 0 {
			t.Fatalf("%+v", p)
		}
	}
	w.send(body) // hubtel refuses the credentials: its breaker opens at once
	p := w.plan(body)
	step := p.Steps[0]
	if step.Rule != "ghana" || step.Line == 0 || len(step.Candidates) != 1 || step.Candidates[0].Provider != "inhouse" {
		t.Errorf("%+v", step)
	}
	if len(step.Excluded) != 1 || step.Excluded[0].Reason != "breaker_open" || step.Excluded[0].Until == "" {
		t.Errorf("%+v", step.Excluded)
	}
	if l := limit(p, "recipient"); l.Limit != "2/10m" || l.Used != 1 || l.Remaining != 1 {
		t.Errorf("%+v", p.Limits)
	}
	if len(w.inbox.Messages("+233201234567", "sms")) != 1 {
		t.Error("a plan sent something")
	}
	w.send(body) // the second of two: the plans were not counted
}

func TestProvidersAsTheyStand(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.send(`{"to":"+233201234567"}`)
	status, text := w.body("/v1/providers", "")
	var list struct {
		Items []struct {
			Name, Kind string
			Channels   []struct {
				Channel, Breaker string
				Countries        []string
				Calls            int
				Rate             float64 `json:"success_rate"`
			}
		}
	}
	if err := json.Unmarshal(text, &list); err != nil || status != http.StatusOK || len(list.Items) != 2 {
		t.Fatalf("%d %s (%v)", status, text, err)
	}
	hubtel, own := list.Items[0], list.Items[1]
	if hubtel.Name != "hubtel-gh" || hubtel.Kind != "hubtel" || hubtel.Channels[0].Calls != 1 || hubtel.Channels[0].Rate != 1 {
		t.Errorf("%+v", hubtel)
	}
	if own.Name != "inhouse" || len(own.Channels) != 2 || own.Channels[0].Calls != 0 || own.Channels[0].Breaker != "closed" {
		t.Errorf("%+v", own)
	}
}

func TestExplainNeedsAnApp(t *testing.T) {
	t.Parallel()
	w := &world{t: t, file: filepath.Join(t.TempDir(), "config.yaml")}
	w.write("http://127.0.0.1:1")
	for app, want := range map[string]string{
		"": "name one of rival, shop", "shops": `there is no app "shops"; name one of rival, shop`,
	} {
		if _, err := gateway.Explain(t.Context(), w.load(), app, otp.SendInput{To: "0201234567"}); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", app, err)
		}
	}
	text, err := os.ReadFile(w.file)
	if err != nil {
		t.Fatal(err)
	}
	rival := text[bytes.Index(text, []byte("  rival:")):]
	alone := bytes.Replace(text, rival[:bytes.IndexByte(rival, '\n')+1], nil, 1)
	if err := os.WriteFile(w.file, alone, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := gateway.Explain(t.Context(), w.load(), "", otp.SendInput{To: "0201234567"}); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(filepath.Dir(w.file)); err != nil || len(entries) != 1 {
		t.Errorf("explaining left files behind: %v (%v)", entries, err)
	}
}
