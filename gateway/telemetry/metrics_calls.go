package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// Families of the calls to providers.

func (m *metrics) addCalls() {
	calls := m.counter("provider_calls_total",
		"Calls to providers, by operation and class of the failure (ok: answered; a wrong code is an answer).",
		"provider", "channel", "operation", "class")
	m.calls = newChildren(byCall(calls))
	late := m.counter("provider_late_answers_total",
		"Answers to calls that had been given up, by class (ok: taken after all).",
		"provider", "channel", "operation", "class")
	m.late = newChildren(byCall(late))
	attention := m.counter("provider_attention_total",
		"Failures that a person has to mend: refused credentials, an empty account, a defect of the adapter (class unknown).",
		"provider", "channel", "operation", "class")
	m.attention = newChildren(byCall(attention))
	latency := m.histogram("provider_call_duration_seconds",
		"Time of calls to providers, until the answer or until they were given up.",
		[]float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 4, 8, 15, 30}, "provider", "channel", "operation")
	m.latency = newChildren(func(l latencyLabels) prometheus.Observer {
		return latency.WithLabelValues(l.provider, l.channel, l.operation)
	})
	changes := m.counter("breaker_changes_total", "Changes of breakers, by the state they came to.", "provider",
		"channel", "to")
	m.changes = newChildren(func(l changeLabels) prometheus.Counter {
		return changes.WithLabelValues(l.provider, l.channel, l.to)
	})
}

func (m *metrics) called(call routing.Call, took time.Duration, err *providers.Error) {
	l := m.callLabels(call, err)
	m.calls.of(l).Inc()
	m.latency.of(latencyLabels{l.provider, l.channel, l.operation}).Observe(took.Seconds())
}

func (m *metrics) calledLate(call routing.Call, err *providers.Error) {
	m.late.of(m.callLabels(call, err)).Inc()
}

func (m *metrics) loud(call routing.Call, err *providers.Error) {
	m.attention.of(m.callLabels(call, err)).Inc()
}

func (m *metrics) callLabels(call routing.Call, err *providers.Error) callLabels {
	l := callLabels{m.provider(call.Provider), string(call.Channel), call.Op, outcomeOK}
	if err != nil {
		l.class = err.Class.String()
	}
	return l
}

func (m *metrics) breakerChanged(spot routing.Spot, to routing.State) {
	m.changes.of(changeLabels{m.provider(spot.Provider), string(spot.Channel), string(to)}).Inc()
}

func byCall(v *prometheus.CounterVec) func(callLabels) prometheus.Counter {
	return func(l callLabels) prometheus.Counter {
		return v.WithLabelValues(l.provider, l.channel, l.operation, l.class)
	}
}
