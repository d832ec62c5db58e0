package redis

import (
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/otpgate/otpgate/gateway/otp"
)

// rememberedAtMost is how many verifications a gateway remembers that it is at work on: as many as it may be by default.
const rememberedAtMost = 10_000

// memory holds verifications as this gateway last saw them, so that the next step need not read them again. It may be
// behind: no step is granted or refused by it alone.
type memory = lru.Cache[otp.Reference, remembered]

// remembered is a verification that is at work, or at rest: then it is kept as it stands in Redis. Ten thousand of them
// wait for people, and garbage collection looks through all that has pointers.
type remembered struct {
	state *state // nil: at rest
	text  []byte
}

func newMemory() (*memory, error) {
	m, err := lru.New[otp.Reference, remembered](rememberedAtMost)
	if err != nil {
		return nil, fmt.Errorf("remembering verifications: %w", err)
	}
	return m, nil
}

// remember keeps a state for the step that follows on this one. The caller goes on to use the verification, so what it
// may write to is copied.
func (s *Store) remember(seen *state) {
	kept := *seen
	kept.verification = seen.verification.Clone()
	s.memory.Add(kept.verification.Reference, remembered{state: &kept})
}

// rest keeps a verification for the guess that may come. Nobody changes text any more.
func (s *Store) rest(ref otp.Reference, text []byte) {
	s.memory.Add(ref, remembered{text: text})
}

// recall returns what is remembered, and forgets it: after the step it is something else.
func (s *Store) recall(ref otp.Reference) (*state, bool) {
	seen, ok := s.memory.Peek(ref)
	if !ok {
		return nil, false
	}
	s.memory.Remove(ref)
	if seen.state != nil {
		return seen.state, true
	}
	now, err := decode(seen.text)
	return now, err == nil
}
