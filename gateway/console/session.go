package console

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// A session ends this long after its login, or when so many newer ones began.
const (
	sessionTime = 12 * time.Hour
	maxSessions = 64
)

// sessions are the browsers that were logged in, by the hash of what their cookie holds: a look-up by the hash takes a
// time that tells nothing. They are gone with the process.
type sessions struct {
	mu   sync.Mutex
	ends map[[sha256.Size]byte]time.Time
}

// begin makes a session and returns what its cookie holds.
func (s *sessions) begin(now time.Time) string {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	var oldest [sha256.Size]byte
	for key, end := range s.ends {
		if !end.After(now) {
			delete(s.ends, key)
		} else if at, ok := s.ends[oldest]; !ok || end.Before(at) {
			oldest = key
		}
	}
	if len(s.ends) >= maxSessions {
		delete(s.ends, oldest)
	}
	if s.ends == nil {
		s.ends = map[[sha256.Size]byte]time.Time{}
	}
	s.ends[sha256.Sum256([]byte(id))] = now.Add(sessionTime)
	return id
}

// live tells whether id is a session that has not ended.
func (s *sessions) live(id string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ends[sha256.Sum256([]byte(id))].After(now)
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ends, sha256.Sum256([]byte(id)))
}
