package zendtwin

import (
	"testing"

	"github.com/otpgate/otpgate/providers/twin"
)

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	z := &zend{Twin: twin.New("zend", nil), sessions: map[string]*session{}}
	first := z.begin(wish{}, defaultMinutes, defaultLength)
	for range remembered {
		z.begin(wish{}, defaultMinutes, defaultLength)
	}
	if _, ok := z.look(first.id); ok {
		t.Error("the oldest session is still known")
	}
	if len(z.sessions) != remembered || len(z.order) != remembered {
		t.Errorf("%d sessions are kept, in order %d", len(z.sessions), len(z.order))
	}
}
