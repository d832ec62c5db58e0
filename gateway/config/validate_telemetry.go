package config

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

func (v validator) telemetry() {
	t := v.config.Telemetry
	v.name(t.Service, path{"telemetry", "service"})
	v.collector(t.Traces.Collector, path{"telemetry", "traces"})
	v.collector(t.Metrics.Collector, path{"telemetry", "metrics"})
	v.collector(t.Logs.Collector, path{"telemetry", "logs"})
	v.between(path{"telemetry", "metrics", "every"}, t.Metrics.Every, time.Second, time.Hour)
	if t.Traces.Endpoint != "" {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(v.config.Providers)) {
		if v.config.Providers[name].PropagateTrace {
			v.warn(path{"providers", name, "propagate_trace"},
				"there is no trace to tell of; set telemetry.traces.endpoint")
		}
	}
}

// collector checks where OTLP is sent to.
func (v validator) collector(c Collector, at path) {
	if c.Endpoint == "" {
		if len(c.Headers) > 0 {
			v.warn(at.in("headers"), "nothing is sent; set the endpoint beside it")
		}
		return
	}
	u, err := url.Parse(c.Endpoint)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "",
		u.RawQuery != "" || u.Fragment != "":
		v.refuse(at.in("endpoint"), "this is no URL of a collector; write such as http://127.0.0.1:4318")
	case u.User != nil:
		v.refuse(at.in("endpoint"), "credentials do not belong into the URL; write them as headers")
	case u.Scheme == "http" && len(c.Headers) > 0 && !loopback(u.Hostname()):
		v.warn(at.in("headers"), "they cross the network in plain text; write https")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		if !headerName(name) || strings.ContainsFunc(c.Headers[name].Reveal(), isControl) {
			v.refuse(at.in("headers").in(name),
				"this cannot be sent as a header; a name has letters, digits and -, a value is one line")
		}
	}
}

// headerName tells whether name is a plain header name. HTTP knows a few characters more, and nobody uses them.
func headerName(name string) bool {
	return name != "" && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
