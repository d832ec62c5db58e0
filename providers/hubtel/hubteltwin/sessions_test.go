package hubteltwin

import (
	"testing"

	"github.com/otpgate/otpgate/providers/twin"
)

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	h := &hubtel{Twin: twin.New("hubtel", nil), sessions: map[string]*session{}}
	first := h.begin("+233201234567", "MyBrand")
	for range remembered {
		h.begin("+233201234567", "MyBrand")
	}
	if got := h.guess(first.id, first.prefix, first.code); got != gone {
		t.Errorf("the oldest session was judged %d", got)
	}
	if len(h.sessions) != remembered || len(h.order) != remembered {
		t.Errorf("%d sessions are kept, in order %d", len(h.sessions), len(h.order))
	}
}
