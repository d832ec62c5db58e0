package zendtwin

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

const (
	defaultMinutes, mostMinutes      = 10, 1440
	defaultLength, shortest, longest = 6, 4, 10

	tries = 3
	// kept is how long a session is known after its time.
	kept = time.Hour
	// remembered bounds the sessions; the oldest are forgotten first.
	remembered = 100_000
)

// What a verify says.
const (
	granted = "OTP verified successfully"
	wrong   = "Invalid OTP code"
	over    = "OTP has expired"
	used    = "OTP already verified"
	locked  = "Maximum attempts exceeded"
)

type session struct {
	id, code  string
	wish      wish
	at, until time.Time
	checks    int
	state     string // "pending", "verified", "failed"; "expired" is told by the clock
	verified  *time.Time
}

func (s session) head() head {
	return head{ID: s.id, PhoneNumber: s.wish.PhoneNumber, App: s.wish.App, Channel: s.wish.Channel}
}

// begin opens a session.
func (z *zend) begin(in wish, minutes, length int) session {
	now := z.Now().UTC()
	s := session{
		id: newID(), code: digits(length), wish: in, state: "pending",
		at: now, until: now.Add(time.Duration(minutes) * time.Minute),
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.sessions[s.id] = &s
	z.order = append(z.order, s.id)
	if len(z.order) > remembered {
		delete(z.sessions, z.order[0])
		z.order = z.order[1:]
	}
	return s
}

// look tells where a session stands.
func (z *zend) look(id string) (session, bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	s := z.find(id)
	if s == nil {
		return session{}, false
	}
	return *s, true
}

// guess judges a code and tells where its session stands then.
func (z *zend) guess(id, code string) (s session, said string, ok bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	found := z.find(id)
	if found == nil {
		return session{}, "", false
	}
	said = found.judge(code, z.Now().UTC())
	return *found, said, true
}

// find is a session that is not cleaned up yet, with the state that the clock gives it.
func (z *zend) find(id string) *session {
	s, now := z.sessions[id], z.Now()
	switch {
	case s == nil:
		return nil
	case now.After(s.until.Add(kept)):
		delete(z.sessions, id)
		return nil
	case now.After(s.until) && s.state == "pending":
		s.state = "expired"
	}
	return s
}

func (s *session) judge(code string, now time.Time) string {
	switch s.state {
	case "verified":
		return used
	case "failed":
		return locked
	case "expired":
		return over
	}
	s.checks++
	switch {
	case code == s.code:
		s.state, s.verified = "verified", &now
		return granted
	case s.checks >= tries:
		s.state = "failed"
	}
	return wrong
}

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand does not fail
	return "otp_" + hex.EncodeToString(b[:])
}

// digits draws n of them. The bias of the remainder does not matter in a twin.
func digits(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}
