package telemetry

import (
	"maps"
	"net/http"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// other stands for every name that the configuration does not have.
const other = "other"

// metrics are the numbers of the gateway, in a registry of its own. Each family is one field; its help is its manual.
type metrics struct {
	registry *prometheus.Registry
	families []Family
	scrape   *scrape
	known    *atomic.Pointer[known]

	requests   *children[requestLabels, prometheus.Counter]
	durations  *children[string, prometheus.Observer]
	sends      *children[useLabels, prometheus.Counter]
	checks     *children[useLabels, prometheus.Counter]
	deliveries *children[deliveryLabels, prometheus.Counter]
	ends       *children[endLabels, prometheus.Counter]
	verifying  *children[verifyLabels, prometheus.Observer]
	calls      *children[callLabels, prometheus.Counter]
	latency    *children[latencyLabels, prometheus.Observer]
	late       *children[callLabels, prometheus.Counter]
	attention  *children[callLabels, prometheus.Counter]
	changes    *children[changeLabels, prometheus.Counter]
	store      *children[string, prometheus.Observer]
	storeFails *children[string, prometheus.Counter]
	scripts    *children[string, prometheus.Observer]
	scriptFail *children[string, prometheus.Counter]

	lostReports    prometheus.Counter
	dropped        *prometheus.CounterVec
	reloads        *prometheus.CounterVec
	reloadedAt     prometheus.Gauge
	reloadedLately prometheus.Gauge
}

// The labels of the families that have more than one.
type (
	requestLabels struct {
		route  string
		status int
		code   string
	}
	useLabels      struct{ app, operation, outcome string }
	deliveryLabels struct{ app, country, channel, provider, class string }
	endLabels      struct{ app, country, channel, provider, status string }
	verifyLabels   struct{ app, channel string }
	callLabels     struct{ provider, channel, operation, class string }
	latencyLabels  struct{ provider, channel, operation string }
	changeLabels   struct{ provider, channel, to string }
)

func newMetrics(version string, names *atomic.Pointer[known]) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), known: names}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.gauge("build_info", "Always 1; the labels tell the version of the program and of Go.", prometheus.Labels{
		"version": version, "go_version": runtime.Version(),
	}).Set(1)
	m.addRequests()
	m.addUses()
	m.addCalls()
	m.addOwn()
	m.scrape = newScrape(m.note)
	m.registry.MustRegister(m.scrape)
	return m
}

// Family is a family of metrics of the gateway's own.
type Family struct {
	Name, Help string
	Labels     []string
}

// note keeps a family for [Telemetry.Families].
func (m *metrics) note(name, help string, labels []string) {
	m.families = append(m.families, Family{"otpgate_" + name, help, labels})
}

func (m *metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	m.note(name, help, labels)
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "otpgate", Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *metrics) histogram(name, help string, bounds []float64, labels ...string) *prometheus.HistogramVec {
	m.note(name, help, labels)
	v := prometheus.NewHistogramVec(
		prometheus.HistogramOpts{Namespace: "otpgate", Name: name, Help: help, Buckets: bounds}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *metrics) gauge(name, help string, constant prometheus.Labels) prometheus.Gauge {
	m.note(name, help, slices.Sorted(maps.Keys(constant)))
	g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "otpgate", Name: name, Help: help, ConstLabels: constant})
	m.registry.MustRegister(g)
	return g
}

// handler writes all that can be read. What cannot is left out, so that one broken part does not hide the others.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, EnableOpenMetrics: true,
	})
}

// app and provider are names as labels have them.
func (m *metrics) app(id string) string { return name(id, m.known.Load().apps) }

func (m *metrics) provider(id string) string { return name(id, m.known.Load().providers) }

func name(id string, all map[string]bool) string {
	if id == "" || all[id] {
		return id
	}
	return other
}
