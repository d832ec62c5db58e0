package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Families of the store, the configuration and telemetry itself.

func (m *metrics) addOwn() {
	store := m.histogram("store_duration_seconds", "Time of the store's verbs, the wait for the writer included.",
		[]float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}, "verb")
	m.store = newChildren(func(verb string) prometheus.Observer { return store.WithLabelValues(verb) })
	fails := m.counter("store_errors_total",
		"Verbs that the store could not carry out. A refusal, such as not_found, is none.", "verb")
	m.storeFails = newChildren(func(verb string) prometheus.Counter { return fails.WithLabelValues(verb) })
	scripts := m.histogram("redis_script_duration_seconds",
		"Round trips to Redis, by the steps that they made; several steps may share one.",
		[]float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1}, "script")
	m.scripts = newChildren(func(script string) prometheus.Observer { return scripts.WithLabelValues(script) })
	scriptFails := m.counter("redis_script_errors_total", "Steps on Redis that failed, or whose answer did not come.", "script")
	m.scriptFail = newChildren(func(script string) prometheus.Counter { return scriptFails.WithLabelValues(script) })
	m.lostReports = m.counter("reports_lost_total", "Reports of deliveries that had no room or could not be written.").
		WithLabelValues()
	m.dropped = m.counter("telemetry_dropped_total",
		"Spans, log lines and exports of metrics that no collector got, by signal and reason (queue_full, export_failed).",
		"signal", "reason")
	m.reloads = m.counter("config_reloads_total", "Configurations since the start, by result: ok or refused.", "result")
	m.reloadedAt = m.gauge("config_last_reload_success_timestamp_seconds",
		"When the running configuration was put in force, in Unix time.", nil)
	m.reloadedLately = m.gauge("config_last_reload_successful",
		"1 when the newest configuration is in force, 0 when it was refused.", nil)
	for _, result := range []string{reloadOK, reloadRefused} {
		m.reloads.WithLabelValues(result) // there from the start, so that the first refusal is seen as a rise
	}
}

const (
	reloadOK      = "ok"
	reloadRefused = "refused"
)

func (m *metrics) reloaded(ok bool) {
	if !ok {
		m.reloads.WithLabelValues(reloadRefused).Inc()
		m.reloadedLately.Set(0)
		return
	}
	m.reloads.WithLabelValues(reloadOK).Inc()
	m.reloadedLately.Set(1)
	m.reloadedAt.SetToCurrentTime()
}
