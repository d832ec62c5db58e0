// Package prometheus_test holds alerts and dashboard against what the gateway really tells, by the tools of Prometheus
// itself.
package prometheus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/telemetry"
	"github.com/otpgate/otpgate/providers/builtin"
)

const getIt = "it comes with Prometheus: `make packages`, or `apt-get install prometheus`"

// tool is the path of a program of Prometheus.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing; %s", name, getIt)
	}
	return path
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPromtoolFindsNoFault(t *testing.T) {
	t.Parallel()
	promtool := tool(t, "promtool")
	for _, arguments := range [][]string{
		{"check", "rules", "alerts.yaml"}, {"check", "config", "prometheus.yaml"}, {"test", "rules",
			"alerts_test.yaml"},
	} {
		if out, err := exec.CommandContext(t.Context(), promtool, arguments...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, out)
		}
	}
}

// rule is an alert or a recording rule.
type rule struct {
	Alert, Record, Expr string
	Annotations         struct {
		RunbookURL string `yaml:"runbook_url"`
	}
}

func rules(t *testing.T) []rule {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal([]byte(read(t, "alerts.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) < 15 {
		t.Fatalf("only %d rules were read", len(all))
	}
	return all
}

func TestEveryAlertHasAChapterAndATest(t *testing.T) {
	t.Parallel()
	operations, tests := read(t, "../../docs/operations.md"), read(t, "alerts_test.yaml")
	var alerts []string
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		alerts = append(alerts, r.Alert)
		if !strings.HasSuffix(r.Annotations.RunbookURL, "/docs/operations.md#"+strings.ToLower(r.Alert)) {
			t.Errorf("%s leads to %s", r.Alert, r.Annotations.RunbookURL)
		}
		if !strings.Contains(tests, "alertname: "+r.Alert+"\n        exp_alerts:\n") {
			t.Errorf("no test makes %s speak", r.Alert)
		}
	}
	var chapters []string
	for _, heading := range regexp.MustCompile(`(?m)^### (Otpgate\w+)$`).FindAllStringSubmatch(operations, -1) {
		chapters = append(chapters, heading[1])
	}
	slices.Sort(alerts)
	slices.Sort(chapters)
	if !slices.Equal(alerts, chapters) {
		t.Errorf("alerts %v\nchapters %v", alerts, chapters)
	}
}

// metric finds the names of metrics in an expression: the gateway's own, and those of its runtime.
var metric = regexp.MustCompile(`\b(?:otpgate:[a-z0-9_:]+|(?:otpgate|go|process)_[a-z0-9_]+)\b`)

// labels find those that an expression selects or groups by.
var (
	grouped  = regexp.MustCompile(`\bby \(([a-z_, ]+)\)`)
	selected = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"`)
)

func TestExpressionsNameMetricsThatExist(t *testing.T) {
	t.Parallel()
	known, labels := vocabulary(t)
	for _, r := range rules(t) {
		if r.Record != "" {
			known[r.Record] = true
		}
	}
	expressions := map[string]string{}
	for _, r := range rules(t) {
		expressions[r.Alert+r.Record] = r.Expr
	}
	for title, queries := range dashboard(t) {
		expressions["panel "+title] = strings.Join(queries, "\n")
	}
	for where, expression := range expressions {
		names := metric.FindAllString(expression, -1)
		if len(names) == 0 && !strings.Contains(expression, "up{") {
			t.Errorf("%s names no metric: %s", where, expression)
		}
		for _, name := range names {
			if !known[name] && name != "go_version" {
				t.Errorf("%s: nothing tells %s", where, name)
			}
		}
		var used []string
		for _, m := range grouped.FindAllStringSubmatch(expression, -1) {
			used = append(used, strings.Split(m[1], ", ")...)
		}
		for _, m := range selected.FindAllStringSubmatch(expression, -1) {
			used = append(used, m[1])
		}
		for _, label := range used {
			if !labels[label] {
				t.Errorf("%s: no metric has the label %s", where, label)
			}
		}
	}
}

// vocabulary is every name that the gateway, its runtime and a scrape may tell.
func vocabulary(t *testing.T) (metrics, labels map[string]bool) {
	t.Helper()
	tel, err := telemetry.New(telemetry.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	metrics, labels = map[string]bool{}, map[string]bool{"le": true, "job": true, "instance": true}
	for _, f := range tel.Families() {
		for _, suffix := range []string{"", "_bucket", "_count", "_sum"} {
			metrics[f.Name+suffix] = true
		}
		for _, label := range f.Labels {
			labels[label] = true
		}
	}
	recorder := httptest.NewRecorder()
	tel.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, name := range regexp.MustCompile(`(?m)^# TYPE (\w+)`).FindAllStringSubmatch(recorder.Body.String(), -1) {
		metrics[name[1]] = true
	}
	return metrics, labels
}

// dashboard is the queries of each panel.
func dashboard(t *testing.T) map[string][]string {
	t.Helper()
	var board struct {
		Panels []struct {
			Title, Type string
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "../grafana/otpgate.json")), &board); err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			found[p.Title] = append(found[p.Title], target.Expr)
		}
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %s shows nothing", p.Title)
		}
	}
	if len(found) < 20 {
		t.Fatalf("only %d panels were read", len(found))
	}
	return found
}

func TestEveryMetricStandsInTheManual(t *testing.T) {
	t.Parallel()
	tel, err := telemetry.New(telemetry.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	operations := read(t, "../../docs/operations.md")
	for _, f := range tel.Families() {
		row := "| `" + f.Name + "` |"
		if len(f.Labels) > 0 {
			row += " `" + strings.Join(f.Labels, "`, `") + "` |"
		}
		if !strings.Contains(operations, row) {
			t.Errorf("missing in docs/operations.md: %s %s", row, f.Help)
		}
	}
}

const settings = `
server: {listen: "127.0.0.1:0"}
console: {listen: "127.0.0.1:0"}
store: {sqlite: {path: "FOLDER/otpgate.db"}}
code_keys: [{id: k1, key: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}]
apps:
  shop: {keys: [{id: shop-key,
	secret_sha256: "1111111111111111111111111111111111111111111111111111111111111111", scopes: [send]}]}
providers:
  hubtel-gh: {kind: hubtel, with: {base_url: "http://127.0.0.1:9", client_id: id, client_secret: secret, sender: Shop}}
routes: [{name: all, use: [hubtel-gh]}]
`

// started is a whole gateway's metrics, served.
func started(t *testing.T) *httptest.Server {
	t.Helper()
	folder := t.TempDir()
	cfg, report := config.Parse("config.yaml", []byte(strings.ReplaceAll(settings, "FOLDER", folder)),
		config.Sources{Kinds: builtin.Kinds()})
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
	g, err := gateway.Open(t.Context(), cfg, gateway.Options{
		Log: slog.New(slog.DiscardHandler), Version: "v0.0.0-test",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(g.Metrics())
	t.Cleanup(server.Close)
	return server
}

func TestPrometheusReadsAGateway(t *testing.T) {
	t.Parallel()
	target := started(t)
	folder := t.TempDir()
	alerts, err := filepath.Abs("alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(
		"scrape_interval: 15s", "scrape_interval: 1s", "127.0.0.1:8081", target.Listener.Addr().String(),
		"[alerts.yaml]", "["+alerts+"]",
	).Replace(read(t, "prometheus.yaml"))
	file := filepath.Join(folder, "prometheus.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	base := run(t, file, folder)
	const query = "/api/v1/query?query="
	deadline := time.Now().Add(60 * time.Second)
	for !strings.Contains(get(base+query+url.QueryEscape(`up{job="otpgate"} == 1`)), `"instance":`) {
		if time.Now().After(deadline) {
			t.Fatalf("the target did not come up: %s", get(base+"/api/v1/targets"))
		}
		pause(t, 200*time.Millisecond)
	}
	if told := get(base + query + url.QueryEscape("otpgate_build_info")); !strings.Contains(told, "v0.0.0-test") {
		t.Errorf("the version is not known: %s", told)
	}
	if told := get(base + query + url.QueryEscape("scrape_samples_scraped")); !regexp.MustCompile(`"\d{3,}"`).MatchString(told) {
		t.Errorf("too little was read: %s", told)
	}
	if told := get(base + "/api/v1/rules"); strings.Contains(told, `"health":"err"`) || !strings.Contains(told, "OtpgateDown") {
		t.Errorf("the rules do not run: %s", told)
	}
}

// run starts a Prometheus, which ends with the test, and tells where it is.
func run(t *testing.T, file, folder string) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(tool(t, "prometheus"), "--config.file="+file,
		"--storage.tsdb.path="+filepath.Join(folder, "data"),
		"--web.listen-address="+address, "--log.level=warn")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return "http://" + address
}

// get is the body of an answer; what went wrong, if there was none.
func get(address string) string {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get(address)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(resp.StatusCode, " ", string(body))
}

func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal("the test was stopped")
	}
}
