package sendexatwin

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

const (
	cooldownByPhone = 30 * time.Second
	cooldownByID    = 60 * time.Second
	mostResends     = 3
	// remembered bounds the sessions; the oldest are forgotten first.
	remembered = 100_000
)

type session struct {
	id, to, code string
	in           request
	sent, until  time.Time
	used         time.Time // zero: not yet
	wrong        int
	resends      int
}

func (one *session) live(now time.Time) bool {
	return one.used.IsZero() && !now.After(one.until) && one.wrong < one.in.Attempts
}

// begin opens a session, unless a live one is in the way.
func (s *sendexa) begin(in request) (session, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if old := s.latest[in.Phone]; old != nil && old.live(now) {
		return session{}, inTheWay(old, now)
	}
	return s.add(session{to: in.Phone, in: in}), nil
}

// add gives a session its id, its code and its time.
func (s *sendexa) add(one session) session {
	one.id = newID()
	one.fresh(s.Now())
	s.sessions[one.id], s.latest[one.to] = &one, &one
	s.order = append(s.order, one.id)
	for len(s.order) > remembered {
		s.forget(s.order[0])
		s.order = s.order[1:]
	}
	return one
}

func (one *session) fresh(now time.Time) {
	one.code = letters(one.in.Length, alphabet(one.in.Type))
	one.sent, one.until, one.wrong = now, now.Add(one.in.Expiry.span()), 0
}

func (s *sendexa) forget(id string) {
	if one := s.sessions[id]; one != nil && s.latest[one.to] == one {
		delete(s.latest, one.to)
	}
	delete(s.sessions, id)
}

// find is the session of an id, of a number, or of an id that must be the number's.
func (s *sendexa) find(id, to string) *session {
	one := s.latest[to]
	if id != "" {
		one = s.sessions[id]
	}
	if one == nil || to != "" && one.to != to {
		return nil
	}
	return one
}

// guess judges a code. A right one uses the session up.
func (s *sendexa) guess(id, to, code string) (session, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, now := s.find(id, to), s.Now()
	if one == nil {
		return session{}, notFound()
	}
	// The vendor's sandbox knows codes that come to the same whatever was sent.
	sandbox := one.to == sandboxGood || one.to == sandboxSlow
	switch {
	case !one.used.IsZero():
		return session{}, alreadyUsed(one)
	case now.After(one.until), sandbox && code == "111111":
		return session{}, expired(one)
	case one.wrong >= one.in.Attempts, sandbox && code == "999999":
		return session{}, exhausted(one)
	case sandbox && code == "123456", one.code == code && (!sandbox || code != "000000"):
		one.used = now
		return *one, nil
	}
	one.wrong++
	return session{}, invalid(one)
}

// again makes a new code for a session, under a new id where it was named by its number.
func (s *sendexa) again(id, to string, cooldown time.Duration) (session, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, now := s.find(id, to), s.Now()
	switch {
	case one == nil || !one.live(now):
		return session{}, nothingToResend()
	case one.resends >= mostResends:
		return session{}, noMoreResends(one)
	case now.Before(one.sent.Add(cooldown)):
		return session{}, tooSoon(one.sent.Add(cooldown), now)
	}
	one.resends++
	if to == "" {
		one.fresh(now)
		return *one, nil
	}
	old := *one
	s.forget(one.id)
	return s.add(old), nil
}

func newID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // crypto/rand does not fail
	return "otp_" + hex.EncodeToString(b[:])
}

// letters draws n letters of alphabet. The bias of the remainder does not matter in a twin.
func letters(n int, alphabet string) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}
