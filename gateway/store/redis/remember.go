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
type memory = lru.Cache[otp.Reference, state]

func newMemory() (*memory, error) {
	m, err := lru.New[otp.Reference, state](rememberedAtMost)
	if err != nil {
		return nil, fmt.Errorf("remembering verifications: %w", err)
	}
	return m, nil
}

// remember keeps a state for the step that follows on this one. The caller goes on to use the verification, so what it
// may write to is copied.
func (s *Store) remember(seen state) {
	seen.verification = seen.verification.Clone()
	s.memory.Add(seen.verification.Reference, seen)
}

// recall returns what is remembered, and forgets it: after the step it is something else.
func (s *Store) recall(ref otp.Reference) (state, bool) {
	seen, ok := s.memory.Peek(ref)
	if ok {
		s.memory.Remove(ref)
	}
	return seen, ok
}
