package telemetry

import (
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/otpgate/otpgate/gateway/otp"
)

// Families of the API and of the use cases.

func (m *metrics) addRequests() {
	requests := m.counter("requests_total",
		"Requests of the API, by route as documented, HTTP status and code of the refusal (ok: granted).",
		"route", "status", "code")
	m.requests = newChildren(func(l requestLabels) prometheus.Counter {
		return requests.WithLabelValues(l.route, strconv.Itoa(l.status), l.code)
	})
	durations := m.histogram("request_duration_seconds",
		"Time from the first byte of a request to its answer, upstreams included.",
		[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, "route")
	m.durations = newChildren(func(route string) prometheus.Observer { return durations.WithLabelValues(route) })
}

func (m *metrics) requested(r Request) {
	l := requestLabels{r.Route, r.Status, r.Code}
	if l.code == "" {
		l.code = outcomeOK
	}
	m.requests.of(l).Inc()
	m.durations.of(r.Route).Observe(r.Took.Seconds())
}

func (m *metrics) addUses() {
	sends := m.counter("sends_total",
		"Sends, resends, cancels and steps of fallbacks (escalate), by outcome: ok or the code of the refusal.",
		"app", "operation", "outcome")
	m.sends = newChildren(func(l useLabels) prometheus.Counter {
		return sends.WithLabelValues(l.app, l.operation, l.outcome)
	})
	checks := m.counter("checks_total",
		"Guesses, by outcome: ok or the code of the refusal, such as wrong_code.", "app", "outcome")
	m.checks = newChildren(func(l useLabels) prometheus.Counter { return checks.WithLabelValues(l.app, l.outcome) })
	deliveries := m.counter("deliveries_total",
		"Tries to deliver a code that were written down, by class of the provider's failure (ok: it took the code).",
		"app", "country", "channel", "provider", "class")
	m.deliveries = newChildren(func(l deliveryLabels) prometheus.Counter {
		return deliveries.WithLabelValues(l.app, l.country, l.channel, l.provider, l.class)
	})
	ends := m.counter("verifications_ended_total",
		"Verifications that came to their end, by status. The provider judged the right guess, or else made the newest delivery.",
		"app", "country", "channel", "provider", "status")
	m.ends = newChildren(func(l endLabels) prometheus.Counter {
		return ends.WithLabelValues(l.app, l.country, l.channel, l.provider, l.status)
	})
	verifying := m.histogram("time_to_verify_seconds", "Time from a send to its right guess.",
		[]float64{5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800, 3600}, "app", "channel")
	m.verifying = newChildren(func(l verifyLabels) prometheus.Observer {
		return verifying.WithLabelValues(l.app,
			l.channel)
	})
}

func (m *metrics) used(use otp.Use, outcome string) {
	l := useLabels{m.app(use.App), use.Name, outcome}
	if use.Name == otp.UseVerify {
		m.checks.of(l).Inc()
		return
	}
	m.sends.of(l).Inc()
}

func (m *metrics) delivered(v otp.Verification, d otp.Delivery) {
	class := d.Class
	if class == "" {
		class = outcomeOK
	}
	m.deliveries.of(deliveryLabels{m.app(v.App), d.To.Country(), string(d.Channel), m.provider(d.Provider),
		class}).Inc()
}

func (m *metrics) settled(v otp.Verification) {
	app, channel := m.app(v.App), string(v.Channel)
	m.ends.of(endLabels{app, v.To.Country(), channel, m.provider(judgeOf(v)), string(v.Status)}).Inc()
	if v.Status == otp.StatusVerified {
		m.verifying.of(verifyLabels{app, channel}).Observe(v.EndedAt.Sub(v.CreatedAt).Seconds())
	}
}

// judgeOf is the provider that an end is told of.
func judgeOf(v otp.Verification) string {
	for _, c := range slices.Backward(v.Checks) {
		if c.Outcome == otp.OutcomeRight {
			return c.Provider
		}
	}
	if n := len(v.Deliveries); n > 0 {
		return v.Deliveries[n-1].Provider
	}
	return ""
}
