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
	// hurriedGarbage may gather at most in a gateway that makes garbage so fast that it would be collected more often than
	// every collectEvery: what one collection costs hangs on what is kept, and not on the garbage.
	hurriedGarbage = 160 << 20
	collectEvery   = 400 * time.Millisecond
	// garbageShare of what there is to keep may gather where that is more: with thousands of sends in flight memory
	// counts, and Go's own rule would double it.
	garbageShare = 0.5
	// paceEvery is how often it is looked how much there is to keep, and how fast garbage is made: that counts as the mean of
	// the last looks, of about as many as smooth.
	paceEvery = 100 * time.Millisecond
	smooth    = 5
	// paceStep is by how much the pace must change to be set anew: that stops the process for a moment.
	paceStep = 1.2
)

// PaceCollector sets how soon Go collects garbage by how much there is to keep and how fast garbage is made, until ctx ends. It
// is a matter of the whole process, so who owns that calls it. It leaves alone what the operator has set by GOGC; a bound that
// is set by GOMEMLIMIT holds besides.
func PaceCollector(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	made, before := 0.0, allocated()
	for set := 0; ; {
		now := allocated()
		made += (float64(now-before) - made) / smooth
		before = now
		if next := pace(kept(), made); !near(set, next) {
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
	return sum("/gc/heap/live:bytes", "/gc/scan/stack:bytes", "/gc/scan/globals:bytes")
}

// allocated is what was ever allocated, in bytes.
func allocated() uint64 { return sum("/gc/heap/allocs:bytes") }

// sum adds up what the runtime tells under these names.
func sum(names ...string) uint64 {
	read := make([]metrics.Sample, len(names))
	for i, name := range names {
		read[i].Name = name
	}
	metrics.Read(read)
	var all uint64
	for _, sample := range read {
		if sample.Value.Kind() == metrics.KindUint64 {
			all += sample.Value.Uint64()
		}
	}
	return all
}

// pace is the garbage that may gather as a percentage of what is kept, as [debug.SetGCPercent] takes it. made is what is
// allocated in paceEvery, in bytes.
func pace(kept uint64, made float64) int {
	const most = 1600 // so that a process that holds next to nothing has a pace too
	hurried := min(made*float64(collectEvery/paceEvery), hurriedGarbage)
	share := max(garbageShare, max(leastGarbage, hurried)/float64(max(kept, 1)))
	return int(math.Ceil(min(share*100, most)))
}

func near(a, b int) bool {
	low, high := float64(min(a, b)), float64(max(a, b))
	return high <= low*paceStep
}
