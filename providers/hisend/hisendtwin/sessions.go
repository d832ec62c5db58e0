package hisendtwin

import (
	"crypto/rand"
	"time"
)

// remembered bounds the sessions; the oldest are forgotten first.
const remembered = 100_000

type session struct {
	reference, code string
	to              string
	until           time.Time
}

// begin opens a session.
func (h *hisend) begin(to string, length int, lifetime time.Duration) session {
	s := session{
		reference: "01" + letters(24, "0123456789abcdefghjkmnpqrstvwxyz"), // as long as a ULID
		code:      letters(length, "0123456789"),
		to:        to,
		until:     h.Now().Add(lifetime),
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions[s.reference] = &s
	h.order = append(h.order, s.reference)
	if len(h.order) > remembered {
		delete(h.sessions, h.order[0])
		h.order = h.order[1:]
	}
	return s
}

// spend uses a session up when code is right and its time is not over.
func (h *hisend) spend(reference, code string) (session, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.sessions[reference]
	switch {
	case !ok:
		return session{}, false
	case h.Now().After(s.until):
		delete(h.sessions, reference)
		return session{}, false
	case s.code != code:
		return session{}, false
	}
	delete(h.sessions, reference)
	return *s, true
}

// letters draws n letters of alphabet. The bias of the remainder does not matter in a twin.
func letters(n int, alphabet string) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand does not fail
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}
