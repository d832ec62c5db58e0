package sendexatwin

import (
	"fmt"
	"testing"

	"github.com/otpgate/otpgate/providers/twin"
)

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	s := &sendexa{Twin: twin.New("sendexa", nil), sessions: map[string]*session{}, latest: map[string]*session{}}
	in := request{Phone: "233200000000", From: "MyBrand"}
	if !in.complete() {
		t.Fatal("the defaults cannot be had")
	}
	first, no := s.begin(in)
	if no != nil {
		t.Fatal(no)
	}
	for n := range remembered {
		in.Phone = fmt.Sprintf("2331%08d", n)
		if _, no := s.begin(in); no != nil {
			t.Fatal(no)
		}
	}
	if _, no := s.guess(first.id, "", first.code); no == nil || no.reason != "OTP_NOT_FOUND" {
		t.Errorf("the oldest session was judged %+v", no)
	}
	if len(s.sessions) != remembered || len(s.order) != remembered || len(s.latest) != remembered {
		t.Errorf("%d sessions are kept, in order %d, by number %d", len(s.sessions), len(s.order), len(s.latest))
	}
}
