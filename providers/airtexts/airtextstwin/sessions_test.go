package airtextstwin

import (
	"testing"

	"github.com/otpgate/otpgate/providers/twin"
)

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	a := &airtexts{Twin: twin.New("airtexts", nil), sessions: map[string]*session{}}
	first := a.begin(session{to: "+258845888195"}, 6)
	for range remembered {
		a.begin(session{to: "+258845888195"}, 6)
	}
	if is, _ := a.guess(first.id, "", first.code); is != unknown {
		t.Errorf("the oldest session was judged %s", is)
	}
	if len(a.sessions) != remembered || len(a.order) != remembered {
		t.Errorf("%d sessions are kept, in order %d", len(a.sessions), len(a.order))
	}
}
