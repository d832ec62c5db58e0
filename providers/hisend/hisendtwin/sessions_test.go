package hisendtwin

import (
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers/twin"
)

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	h := &hisend{Twin: twin.New("hisend", nil), sessions: map[string]*session{}}
	first := h.begin("+2348031234567", 4, time.Minute)
	for range remembered {
		h.begin("+2348031234567", 4, time.Minute)
	}
	if _, right := h.spend(first.reference, first.code); right {
		t.Error("the oldest session is still there")
	}
	if len(h.sessions) != remembered || len(h.order) != remembered {
		t.Errorf("%d sessions are kept, in order %d", len(h.sessions), len(h.order))
	}
}
