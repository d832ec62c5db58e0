package gateway

import (
	"context"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// leastGarbage is what may gather before it is collected, in bytes. A gateway at work holds less than that: Go's own
	// rule, as much garbage as there is to keep, would have it collect many times a second.
	leastGarbage = 64 << 20
	// garbageShare of what there is to keep may gather where that is more: with thousands of sends in flight memory
	// counts, and Go's own rule would double it.
	garbageShare = 0.5
	// paceEvery is how often it is looked how much there is to keep.
	paceEvery = 100 * time.Millisecond
	// paceStep is by how much the pace must change to be set anew: that stops the process for a moment.
	paceStep = 1.2
)

// PaceCollector sets how soon Go collects garbage by how much there is to keep, until ctx ends. It is a matter of the
// whole process, so who owns that calls it. It leaves alone what the operator has set by GOGC; a bound that is set by
// GOMEMLIMIT holds besides.
func PaceCollector(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	for set := 0; ; {
		if next := pace(kept()); !near(set, next) {
			debug.SetGCPercent(next)
			set = next
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// kept is what the collector found in use when it last ran, in bytes, and what it looks through besides.
func kept() uint64 {
	read := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"},
	}
	metrics.Read(read)
	var sum uint64
	for _, sample := range read {
		if sample.Value.Kind() == metrics.KindUint64 {
			sum += sample.Value.Uint64()
		}
	}
	return sum
}

// pace is the garbage that may gather as a percentage of what is kept, as [debug.SetGCPercent] takes it.
func pace(kept uint64) int {
	const most = 1600 // so that a process that holds next to nothing has a pace too
	share := max(garbageShare, leastGarbage/float64(max(kept, 1)))
	return int(math.Ceil(min(share*100, most)))
}

func near(a, b int) bool {
	low, high := float64(min(a, b)), float64(max(a, b))
	return high <= low*paceStep
}
