package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	collectlogs "go.opentelemetry.io/proto/otlp/logs/v1"
	collectmetrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	collecttraces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// collectAtMost is how many bytes a collector keeps; a drill exports less.
const collectAtMost = 128 << 20

// collector takes traces, metrics and logs by OTLP over HTTP, and keeps them as they came.
type collector struct {
	url string

	mu      sync.Mutex
	exports []export
	size    int
}

type export struct {
	path string
	body []byte
}

// collect runs a collector until the drill is over.
func (s *stage) collect() (*collector, error) {
	c := &collector{}
	var err error
	c.url, err = s.listen(c)
	return c, err
}

// settings send a twentieth of the traces, and all of the rest.
func (c *collector) settings() string {
	return fmt.Sprintf("traces: {endpoint: %[1]q, sample: 0.05}, metrics: {endpoint: %[1]q, every: 2s}, "+
		"logs: {level: info, format: json, endpoint: %[1]q}", c.url)
}

// ServeHTTP implements [http.Handler].
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size+len(body) <= collectAtMost {
		c.exports, c.size = append(c.exports, export{r.URL.Path, body}), c.size+len(body)
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// text is the export in a form in which its strings stand apart from its numbers.
func (e export) text() ([]byte, error) {
	var form proto.Message
	switch {
	case strings.HasSuffix(e.path, "/traces"):
		form = new(collecttraces.TracesData)
	case strings.HasSuffix(e.path, "/metrics"):
		form = new(collectmetrics.MetricsData)
	default:
		form = new(collectlogs.LogsData)
	}
	if err := proto.Unmarshal(e.body, form); err != nil {
		return nil, fmt.Errorf("an export to %s cannot be read: %w", e.path, err)
	}
	return protojson.Marshal(form)
}
