package main

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// tally counts what happened by name, and keeps the first few of each for people to look at.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
	first  map[string][]string
}

func newTally() *tally { return &tally{counts: map[string]int{}, first: map[string][]string{}} }

// add counts one; detail is kept when it is among the first.
func (t *tally) add(name, detail string) {
	const kept = 3
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[name]++
	if len(t.first[name]) < kept && detail != "" {
		t.first[name] = append(t.first[name], detail)
	}
}

func (t *tally) of(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts[name]
}

// sortedCounts lists counts by their names.
func sortedCounts(counts map[string]int) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%6d %s", counts[name], name))
	}
	return all
}

// none expects that something did not happen, and shows the first times that it did.
func (s *stage) none(t *tally, name string) {
	n := t.of(name)
	s.expect(n == 0, "%s: %d", name, n)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, detail := range t.first[name] {
		s.say("  %s", detail)
	}
}
