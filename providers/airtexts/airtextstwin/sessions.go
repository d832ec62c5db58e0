package airtextstwin

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/otpgate/otpgate/providers"
)

const (
	lifetime = 10 * time.Minute
	tries    = 5
	// remembered bounds the sessions; the oldest are forgotten first.
	remembered = 100_000
)

type session struct {
	id, code         string
	to, sender, lang string
	channel          providers.Channel
	until            time.Time
	wrong            int
	used             bool
}

// judgement is what became of a guess, in the words of the answer.
type judgement string

const (
	right   judgement = "verified"
	wrong   judgement = "invalid_code"
	expired judgement = "expired"
	used    judgement = "already_verified"
	locked  judgement = "max_attempts_reached"
	unknown judgement = "verification_not_found"
)

// begin opens a session with a code of length digits.
func (a *airtexts) begin(s session, length int) session {
	s.id, s.code, s.until = newID(), digits(length), a.Now().Add(lifetime)
	s.wrong = 0
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions[s.id] = &s
	a.order = append(a.order, s.id)
	if len(a.order) > remembered {
		delete(a.sessions, a.order[0])
		a.order = a.order[1:]
	}
	return s
}

// again gives a session that is alive another code. With a new id the old one is no longer known.
func (a *airtexts) again(id, to string) (session, judgement) {
	a.mu.Lock()
	s, is := a.find(id, to)
	if is != "" {
		a.mu.Unlock()
		return session{}, is
	}
	if a.keepID {
		defer a.mu.Unlock()
		s.code, s.until, s.wrong = digits(len(s.code)), a.Now().Add(lifetime), 0
		return *s, ""
	}
	delete(a.sessions, id)
	a.mu.Unlock()
	return a.begin(*s, len(s.code)), ""
}

// guess judges a code and tells how many more the session takes.
func (a *airtexts) guess(id, to, code string) (judgement, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, is := a.find(id, to)
	switch {
	case is != "":
		return is, 0
	case s.code == code:
		s.used = true
		return right, 0
	}
	s.wrong++
	return wrong, tries - s.wrong
}

// look tells how a session stands, in the words of the answer.
func (a *airtexts) look(id string) (session, judgement) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, is := a.find(id, "")
	if s == nil {
		return session{}, unknown
	}
	return *s, is
}

// find is the session with that id and, if one is named, that recipient; and why it takes no code: empty, it does. The
// caller holds the lock.
func (a *airtexts) find(id, to string) (*session, judgement) {
	s := a.sessions[id]
	switch {
	case s == nil || to != "" && to != s.to:
		return nil, unknown
	case s.used:
		return s, used
	case a.Now().After(s.until):
		return s, expired
	case s.wrong >= tries:
		return s, locked
	}
	return s, ""
}

// newID is an id like that of the vendor's sample.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand does not fail
	return "otp_" + hex.EncodeToString(b[:])
}

// digits draws n digits. The bias of the remainder does not matter in a twin.
func digits(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}
