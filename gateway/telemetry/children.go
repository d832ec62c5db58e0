package telemetry

import (
	"maps"
	"sync"
	"sync/atomic"
)

// children remembers the members of a metric family by their labels K, so that counting takes a look-up in a map and not
// a hash of every label. Labels are words of known lists, which bounds it.
type children[K comparable, M any] struct {
	known atomic.Pointer[map[K]M]
	mu    sync.Mutex
	add   func(K) M
}

func newChildren[K comparable, M any](add func(K) M) *children[K, M] {
	c := &children[K, M]{add: add}
	c.known.Store(&map[K]M{})
	return c
}

// of is the member with the labels k; it is made when it is first asked for.
func (c *children[K, M]) of(k K) M {
	if m, ok := (*c.known.Load())[k]; ok {
		return m
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	before := *c.known.Load()
	if m, ok := before[k]; ok {
		return m
	}
	next := maps.Clone(before)
	next[k] = c.add(k)
	c.known.Store(&next)
	return next[k]
}
