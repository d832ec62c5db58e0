package telemetry

import (
	"log/slog"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// maxWaiting bounds how many spans, and how many lines of the log, wait for their collector at most: a few megabytes.
const maxWaiting = 4096

// Why something was dropped.
const (
	dropFull   = "queue_full"
	dropFailed = "export_failed"
)

// gate keeps account of what waits for a collector and lets no more in than its bound. The SDK's own queues are as long
// as the bound, so nothing gets lost there unseen.
type gate struct {
	signal       string
	waiting      atomic.Int64
	full, failed prometheus.Counter
	failing      atomic.Bool
	log          *slog.Logger
}

func newGate(signal string, dropped *prometheus.CounterVec, log *slog.Logger) *gate {
	return &gate{
		signal: signal, full: dropped.WithLabelValues(signal, dropFull), failed: dropped.WithLabelValues(signal, dropFailed),
		log: log,
	}
}

// enter lets one in, unless there is no room.
func (g *gate) enter() bool {
	if g.waiting.Add(1) <= maxWaiting {
		return true
	}
	g.waiting.Add(-1)
	g.full.Inc()
	return false
}

// left tells that n have left, and how their export ended.
func (g *gate) left(n int, err error) {
	g.waiting.Add(int64(-n))
	g.exported(n, err)
}

// exported counts what an export lost, and logs when exports begin to fail and when they work again, not each failure.
func (g *gate) exported(n int, err error) {
	switch {
	case err != nil:
		g.failed.Add(float64(n))
		if !g.failing.Swap(true) {
			g.log.Warn("a collector cannot be told", "signal", g.signal, "error", err)
		}
	case g.failing.Swap(false):
		g.log.Info("a collector can be told again", "signal", g.signal)
	}
}
