package hubteltwin

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

const (
	lifetime = 10 * time.Minute
	tries    = 5
	// remembered bounds the sessions; the oldest are forgotten first.
	remembered = 100_000
)

type session struct {
	id, prefix, code string
	to, sender       string
	until            time.Time
	wrong            int
}

type judgement int

const (
	gone judgement = iota
	wrong
	right
)

// begin opens a session.
func (h *hubtel) begin(to, sender string) session {
	s := session{
		id: newID(), prefix: letters(4, "BCDFGHJKLMNPQRSTVWXYZ"), code: letters(4, "0123456789"),
		to: to, sender: sender, until: h.Now().Add(lifetime),
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions[s.id] = &s
	h.order = append(h.order, s.id)
	if len(h.order) > remembered {
		delete(h.sessions, h.order[0])
		h.order = h.order[1:]
	}
	return s
}

// end closes a session that is alive.
func (h *hubtel) end(id string) (session, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.sessions[id]
	delete(h.sessions, id)
	if !ok || h.Now().After(s.until) {
		return session{}, false
	}
	return *s, true
}

// guess judges a code. A right one uses the session up, and so does the last of the wrong ones.
func (h *hubtel) guess(id, prefix, code string) judgement {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.sessions[id]
	switch {
	case !ok || h.Now().After(s.until):
		delete(h.sessions, id)
		return gone
	case s.prefix == prefix && s.code == code:
		delete(h.sessions, id)
		return right
	}
	if s.wrong++; s.wrong >= tries {
		delete(h.sessions, id)
	}
	return wrong
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand does not fail
	return hex.EncodeToString(b[:])
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
