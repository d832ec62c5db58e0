package providertest

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
)

func rightCode(t *testing.T, f Fixture) {
	b := f.start(t)
	for _, c := range b.Provider.Info().Coverage {
		h, code := b.send(t, b.requestOn(c.Channel, person(1)))
		if v := b.verify(t, h, code); !v.Match {
			t.Errorf("the right code was not approved on %s", c.Channel)
		}
	}
}

func wrongCode(t *testing.T, f Fixture) {
	b := f.start(t)
	h, code := b.send(t, b.request(person(1)))
	v := b.verify(t, h, wrong(code))
	if v.Match {
		t.Fatal("a wrong code was approved")
	}
	if v.AttemptsLeft < -1 {
		t.Errorf("%d attempts are left; -1 means not told", v.AttemptsLeft)
	}
	if v.Final {
		t.Error("the first wrong code was final")
	}
	if v := b.verify(t, h, code); !v.Match {
		t.Error("the right code was not approved after a wrong one")
	}
}

func onlyOnce(t *testing.T, f Fixture) {
	b := f.start(t)
	h, code := b.send(t, b.request(person(1)))
	if v := b.verify(t, h, code); !v.Match {
		t.Fatal("the right code was not approved")
	}
	b.refused(t, h, code)
}

func expired(t *testing.T, f Fixture) {
	if f.Lifetime == 0 {
		t.Skip("the fixture knows no lifetime of a code")
	}
	b := f.start(t)
	h, code := b.send(t, b.request(person(1)))
	b.Inbox.Clock.Advance(f.Lifetime + time.Second)
	b.refused(t, h, code)
}

func foreignCode(t *testing.T, f Fixture) {
	b := f.start(t)
	h, code := b.send(t, b.request(person(1)))
	_, other := b.send(t, b.request(person(2)))
	if code == other {
		t.Skip("two people happen to have the same code")
	}
	if v := b.verify(t, h, other); v.Match {
		t.Error("a code was approved that was sent to somebody else")
	}
}

func unknownSession(t *testing.T, f Fixture) {
	h, code := func() (providers.Handle, string) {
		elsewhere := f.start(t)
		return elsewhere.send(t, elsewhere.request(person(1)))
	}()
	f.start(t).refused(t, h, code)
}

func foreignState(t *testing.T, f Fixture) {
	b := f.start(t)
	h, code := b.send(t, b.request(person(1)))
	before := b.asked("")
	for _, state := range foreignStates(h.State) {
		h.State = state
		v, err := b.Provider.Verify(bounded(t), h, providers.NewSecret(code))
		_ = b.failed(t, err, "verify", code)
		if v != (providers.Verdict{}) {
			t.Errorf("a verdict stands beside the error: %+v", v)
		}
		if r, ok := b.Provider.(providers.Resender); ok {
			_, err := r.Resend(bounded(t), h, b.request(person(1)))
			_ = b.failed(t, err, "resend", code)
		}
	}
	if n := b.asked("") - before; n != 0 {
		t.Errorf("the upstream was asked %d times", n)
	}
}

// foreignStates are texts of other makers, and whole cut short and given another version.
func foreignStates(whole []byte) [][]byte {
	states := [][]byte{
		nil, {}, []byte("x"), []byte("{"), []byte("{}"), []byte("null"), []byte("[]"), []byte(`"text"`),
		[]byte(`{"v":"1"}`), []byte(strings.Repeat("a", 1<<16)), []byte(strings.Repeat("[", 1<<16)),
	}
	for i := range whole {
		states = append(states, whole[:i])
	}
	if fields := map[string]any{}; json.Unmarshal(whole, &fields) == nil {
		fields["v"] = 99
		later, _ := json.Marshal(fields) // what was read can be written
		return append(states, later)
	}
	later := bytes.Clone(whole)
	later[0] = 99
	return append(states, later)
}

func storedHandle(t *testing.T, f Fixture) {
	b := f.start(t)
	h, code := b.send(t, b.request(person(1)))
	stored, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var back providers.Handle
	if err := json.Unmarshal(stored, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(h, back); diff != "" {
		t.Errorf("the handle changed in storage:\n%s", diff)
	}
	if v := b.verify(t, back, code); !v.Match {
		t.Error("the right code was not approved for a stored handle")
	}
}

func handleHoldsNoCode(t *testing.T, f Fixture) {
	b := f.start(t)
	req := b.request(person(1))
	h, code := b.send(t, req)
	stored, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	b.searched(t, "the handle", string(h.State)+" "+string(stored), code)
	b.searched(t, "the handle", string(stored), spellings(req.To)...)
}

func grantedShape(t *testing.T, f Fixture) {
	b := f.start(t)
	h, code := b.send(t, b.request(person(1)))
	if !h.Granted.Fits(code) {
		t.Errorf("a code of %d characters was delivered; granted was %+v", len(code), h.Granted)
	}
	if h.State == nil {
		t.Error("the handle has no state")
	}
}

func resendReplaces(t *testing.T, f Fixture) {
	b := f.start(t)
	r := b.resender(t)
	req := b.request(person(1))
	h, _ := b.sendAndCool(t, req)
	again, err := r.Resend(bounded(t), h, req)
	if err != nil {
		t.Fatalf("resend: %v", err)
	}
	code := b.newest(t, req)
	if !again.Granted.Fits(code) {
		t.Errorf("the new code does not fit %+v", again.Granted)
	}
	if n := len(b.Inbox.Messages(req.To.Address(), req.Channel)); n != 2 {
		t.Errorf("%d messages were delivered", n)
	}
	if v := b.verify(t, again, wrong(code)); v.Match {
		t.Error("a wrong code was approved after a resend")
	}
	if v := b.verify(t, again, code); !v.Match {
		t.Error("the code of the resend was not approved with its handle")
	}
}

func concurrent(t *testing.T, f Fixture) {
	b := f.start(t)
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			req := b.request(person(n + 1))
			h, err := b.Provider.Send(bounded(t), req)
			if err != nil {
				t.Errorf("send: %v", err)
				return
			}
			code := b.fixture.Code(b.Inbox.Messages(req.To.Address(), req.Channel)[0].Text)
			for _, guess := range []string{wrong(code), code} {
				v, err := b.Provider.Verify(bounded(t), h, providers.NewSecret(guess))
				if err != nil || v.Match != (guess == code) {
					t.Errorf("a guess was judged %+v, %v", v, err)
				}
			}
		})
	}
	all.Wait()
}

// verify asks for a judgement that must be given.
func (b *bench) verify(t *testing.T, h providers.Handle, code string) providers.Verdict {
	t.Helper()
	v, err := b.Provider.Verify(bounded(t), h, providers.NewSecret(code))
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	return v
}

// refused checks that the right code is worth nothing: not a match, or a session that the upstream no longer knows.
func (b *bench) refused(t *testing.T, h providers.Handle, code string) {
	t.Helper()
	v, err := b.Provider.Verify(bounded(t), h, providers.NewSecret(code))
	if v.Match {
		t.Error("the code was approved")
	}
	if err == nil {
		return
	}
	if e := b.failed(t, err, "verify", code); e.Class != providers.Gone {
		t.Errorf("verify failed with %v", e)
	}
}
