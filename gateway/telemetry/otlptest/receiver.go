// Package otlptest is a collector for tests: it takes OTLP over HTTP and tells what came.
package otlptest

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a span as it came.
type Span struct {
	Name, Trace, ID, Parent string // ids in hex
	Kind                    string
	Failed                  bool
	Status                  string
	Attributes              map[string]string
	Links                   []string // trace ids
	Service                 string
}

// Line is a line of a log as it came.
type Line struct {
	Text, Level, Trace string
	Attributes         map[string]string
}

// Receiver is a running collector.
type Receiver struct {
	URL string

	mu      sync.Mutex
	spans   []Span
	lines   []Line
	metrics map[string]bool
	headers []http.Header
	raw     []byte
}

// Start starts a collector, which ends with the test.
func Start(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{metrics: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", r.take(new(tracepb.TracesData),
		func(m proto.Message) { r.addTraces(m.(*tracepb.TracesData)) }))
	mux.HandleFunc("POST /v1/metrics", r.take(new(metricspb.MetricsData),
		func(m proto.Message) { r.addMetrics(m.(*metricspb.MetricsData)) }))
	mux.HandleFunc("POST /v1/logs", r.take(new(logspb.LogsData),
		func(m proto.Message) { r.addLogs(m.(*logspb.LogsData)) }))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

// take reads the body of an export. The requests of OTLP have the same form on the wire as the data in them.
func (r *Receiver) take(form proto.Message, add func(proto.Message)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		data := proto.Clone(form)
		if err != nil || proto.Unmarshal(body,
			data) != nil || req.Header.Get("Content-Type") != "application/x-protobuf" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.headers = append(r.headers, req.Header.Clone())
		r.raw = append(r.raw, body...)
		add(data)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}
}

func (r *Receiver) addTraces(data *tracepb.TracesData) {
	for _, resource := range data.GetResourceSpans() {
		service := attributes(resource.GetResource().GetAttributes())["service.name"]
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				span := Span{
					Name: s.GetName(), Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()),
					Parent: hex.EncodeToString(s.GetParentSpanId()), Kind: s.GetKind().String(),
					Failed:     s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR,
					Status:     s.GetStatus().GetMessage(),
					Attributes: attributes(s.GetAttributes()), Service: service,
				}
				for _, l := range s.GetLinks() {
					span.Links = append(span.Links, hex.EncodeToString(l.GetTraceId()))
				}
				r.spans = append(r.spans, span)
			}
		}
	}
}

func (r *Receiver) addMetrics(data *metricspb.MetricsData) {
	for _, resource := range data.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				r.metrics[m.GetName()] = true
			}
		}
	}
}

func (r *Receiver) addLogs(data *logspb.LogsData) {
	for _, resource := range data.GetResourceLogs() {
		for _, scope := range resource.GetScopeLogs() {
			for _, l := range scope.GetLogRecords() {
				r.lines = append(r.lines, Line{
					Text: l.GetBody().GetStringValue(), Level: l.GetSeverityText(),
					Trace:      hex.EncodeToString(l.GetTraceId()),
					Attributes: attributes(l.GetAttributes()),
				})
			}
		}
	}
}

func attributes(list []*commonpb.KeyValue) map[string]string {
	all := make(map[string]string, len(list))
	for _, a := range list {
		text := a.GetValue().GetStringValue()
		if _, isText := a.GetValue().GetValue().(*commonpb.AnyValue_StringValue); !isText {
			text = a.GetValue().String()
		}
		all[a.GetKey()] = text
	}
	return all
}

// Spans are the spans that came until now.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.spans)
}

// Lines are the lines that came until now.
func (r *Receiver) Lines() []Line {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

// HasMetric tells whether a metric of that name came.
func (r *Receiver) HasMetric(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.metrics[name]
}

// Headers are those of every request until now.
func (r *Receiver) Headers() []http.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.headers)
}

// Raw is every body that came, as it was on the wire.
func (r *Receiver) Raw() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.raw)
}
