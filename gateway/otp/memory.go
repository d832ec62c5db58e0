package otp

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// memoryWindow is the longest window whose events are counted in memory. They are lost with the process, which then
// forgives a minute at most; what a person may do in longer spans is kept in the store.
const memoryWindow = time.Minute

// Memory counts the limits of short windows. It outlives the services that are built anew with each configuration, so a
// reload resets no limit.
type Memory struct {
	mu      sync.Mutex
	windows *lru.Cache[string, *Window]
}

// NewMemory makes a memory of size windows; the ones not used for longest are forgotten first.
func NewMemory(size int) (*Memory, error) {
	windows, err := lru.New[string, *Window](size)
	if err != nil {
		return nil, err
	}
	return &Memory{windows: windows}, nil
}

// Charge counts one event of each claim, or none at all when a limit is used up; then it refuses with RateLimited.
func (m *Memory) Charge(claims []Claim, now time.Time) ([]Level, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return Charge(claims, m.get(claims), now)
}

// TakeBack uncounts what Charge counted at the time at.
func (m *Memory) TakeBack(claims []Claim, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, w := range m.get(claims) {
		w.TakeBack(claims[i].Limit, at)
	}
}

// Levels tells how far the limits are used up at now, and counts nothing.
func (m *Memory) Levels(claims []Claim, now time.Time) []Level {
	m.mu.Lock()
	defer m.mu.Unlock()
	levels := make([]Level, len(claims))
	for i, w := range m.get(claims) {
		levels[i] = w.Level(claims[i].Name, claims[i].Limit, now)
	}
	return levels
}

func (m *Memory) get(claims []Claim) []*Window {
	windows := make([]*Window, len(claims))
	for i, c := range claims {
		w, ok := m.windows.Get(c.Key)
		if !ok {
			w = new(Window)
			m.windows.Add(c.Key, w)
		}
		windows[i] = w
	}
	return windows
}
