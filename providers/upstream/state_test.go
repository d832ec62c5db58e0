package upstream_test

import (
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

type state struct {
	V  int    `json:"v"`
	ID string `json:"id"`
}

func (s state) whole() bool { return s.V == 1 && s.ID != "" }

func TestWriteStateIsReadBack(t *testing.T) {
	t.Parallel()
	c, s := newClient(t, "http://127.0.0.1"), state{1, "<x>"}
	text := upstream.WriteState(s)
	if string(text) != `{"v":1,"id":"<x>"}` {
		t.Errorf("got %s", text)
	}
	if got, err := upstream.ReadState(c, "send", providers.Handle{State: text}, state.whole); err != nil || got != s {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestReadStateTakesWholeStatesOnly(t *testing.T) {
	t.Parallel()
	c := newClient(t, "http://127.0.0.1")
	for text, want := range map[string]state{
		`{"v":1,"id":"x"}`:          {1, "x"},
		`{"v":1,"id":"x","more":1}`: {1, "x"},
		`{"v":1}`:                   {},
		`{"v":2,"id":"x"}`:          {},
		`{"v":1,"id":7}`:            {},
		`{"v":1,"id":"x"`:           {},
		"null":                      {},
		"":                          {},
	} {
		got, err := upstream.ReadState(c, "send", providers.Handle{State: []byte(text)}, state.whole)
		if got != want {
			t.Errorf("%s is read as %+v", text, got)
		}
		if want == (state{}) {
			if e := failure(t, err); e.Class != providers.Gone || e.Code != "" {
				t.Errorf("%s: got %v", text, e)
			}
		} else if err != nil {
			t.Errorf("%s: got %v", text, err)
		}
	}
}
