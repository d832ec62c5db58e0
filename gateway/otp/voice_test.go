package otp_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

const callOfOne = "ATVId_1"

// Speech implements [otp.Speaker].
func (r *router) Speech(h providers.Handle, req providers.SendRequest) (providers.Secret, error) {
	if r.whileRead != nil {
		r.whileRead()
	}
	code, err := r.Code(h)
	if err != nil {
		return providers.Secret{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spoken = append(r.spoken, req)
	return providers.NewSecret("say " + code.Reveal()), nil
}

// callWorld is a world whose provider calls people: the call to the first is [callOfOne].
func callWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.router.script = nil
	for n := range 3 {
		try := taken("own", fmt.Sprintf("ATVId_%d", n+1))
		try.Channel = providers.Voice
		w.router.script = append(w.router.script, step{tries: []routing.Try{try}})
		w.router.codes[try.Handle.UpstreamID+"s"] = fmt.Sprintf("900%d", n)
	}
	return w
}

func byCall(in *otp.SendInput) { in.Channel = "voice" }

func pickedUp(change ...func(*otp.CallInput)) otp.CallInput {
	in := otp.CallInput{Provider: "own", ID: callOfOne, Numbers: []string{dialler, "+254711082000"}}
	for _, f := range change {
		f(&in)
	}
	return in
}

func TestWhoPicksUpHearsTheCodeOnce(t *testing.T) {
	t.Parallel()
	w := callWorld(t)
	v := w.send(t, byCall, func(in *otp.SendInput) { in.Locale, in.Template = "fr", "login" })
	speech, err := w.ReadOut(t.Context(), pickedUp())
	if err != nil || speech.Text.Reveal() != "say 9000" || speech.Reference != v.Reference || speech.Locale != "fr" {
		t.Fatalf("%+v %v", speech, err)
	}
	req := w.router.spoken[0]
	if req.Channel != providers.Voice || req.To.Address() != dialler || !strings.Contains(req.Message, "{code}") ||
		req.Wish.Expiry <= 0 || req.Wish.Expiry > 5*time.Minute {
		t.Errorf("%+v", req)
	}
	stored := w.store.records[v.Reference]
	if len(stored.Deliveries) != 1 || stored.Deliveries[0].Status != otp.DeliverySent ||
		stored.Deliveries[0].Reason != "read_out" || !stored.Deliveries[0].Checkable {
		t.Errorf("%+v", stored.Deliveries)
	}
	if speech, err := w.ReadOut(t.Context(), pickedUp()); codeOf(t, err) != otp.NotFound || !speech.Text.Empty() {
		t.Errorf("again: %+v %v", speech, err)
	}
	kinds := []otp.EventKind{}
	before := v
	for _, e := range otp.Changes(before, stored, time.Now()) {
		kinds = append(kinds, e.Kind)
	}
	if diff := cmp.Diff([]otp.EventKind{otp.EventReport}, kinds); diff != "" {
		t.Error(diff)
	}
	if _, err := w.check(t, v.Reference, "0000"); codeOf(t, err) != otp.WrongCode || len(w.router.asked) != 1 {
		t.Errorf("a guess: %v, asked %v", err, w.router.asked)
	}
}

// A restart forgets what the memory knew; the record does not.
func TestAReadOutIsRemembered(t *testing.T) {
	t.Parallel()
	w := callWorld(t)
	v := w.send(t, byCall)
	stored := w.store.records[v.Reference]
	stored.Deliveries[0].Reason = "read_out"
	w.store.records[v.Reference] = stored
	if _, err := w.ReadOut(t.Context(), pickedUp()); codeOf(t, err) != otp.NotFound {
		t.Error(err)
	}
}

func TestOneOfManyWhoAskAtOnceIsTold(t *testing.T) {
	t.Parallel()
	w := callWorld(t)
	w.send(t, byCall)
	var crowd sync.WaitGroup
	told := make(chan string, 50)
	for range cap(told) {
		crowd.Go(func() {
			speech, _ := w.ReadOut(t.Context(), pickedUp())
			told <- speech.Text.Reveal()
		})
	}
	crowd.Wait()
	close(told)
	n := 0
	for text := range told {
		if text != "" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d were told", n)
	}
}

func TestCallsThatAreNotExpectedHearNothing(t *testing.T) {
	t.Parallel()
	verified := func(t *testing.T, w *world) {
		w.router.codes[callOfOne] = "9000"
		if _, err := w.check(t, w.send(t, byCall).Reference, "9000"); err != nil {
			t.Fatal(err)
		}
	}
	report := func(state providers.DeliveryState) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			w.send(t, byCall)
			if err := w.Report(t.Context(), "own", []providers.Report{{UpstreamID: callOfOne, State: state}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	sent := func(t *testing.T, w *world) { w.send(t, byCall) }
	for name, test := range map[string]struct {
		before func(*testing.T, *world)
		call   func(*otp.CallInput)
		why    string
	}{
		"nobody was called":  {func(*testing.T, *world) {}, func(*otp.CallInput) {}, "nobody here has asked for"},
		"another call":       {sent, func(in *otp.CallInput) { in.ID = "ATVId_9" }, "nobody here has asked for"},
		"another provider":   {sent, func(in *otp.CallInput) { in.Provider = "other" }, "not asked about here"},
		"another number":     {sent, func(in *otp.CallInput) { in.Numbers = []string{"+233201234568"} }, "another number"},
		"no number":          {sent, func(in *otp.CallInput) { in.Numbers = nil }, "another number"},
		"it is verified":     {verified, func(*otp.CallInput) {}, "of no more use"},
		"it has expired":     {func(t *testing.T, w *world) { sent(t, w); time.Sleep(6 * time.Minute) }, func(*otp.CallInput) {}, "of no more use"},
		"the call has ended": {report(providers.DeliveryDelivered), func(*otp.CallInput) {}, "read out before"},
		"it was not taken":   {report(providers.DeliveryUndelivered), func(*otp.CallInput) {}, "read out before"},
		"no call at all": {
			func(t *testing.T, w *world) { w.router.script[0].tries[0].Channel = providers.SMS; w.send(t) },
			func(*otp.CallInput) {}, "of no more use",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := callWorld(t)
				test.before(t, w)
				speech, err := w.ReadOut(t.Context(), pickedUp(test.call))
				if codeOf(t, err) != otp.NotFound || !speech.Text.Empty() || !strings.Contains(err.Error(), test.why) ||
					strings.Contains(err.Error(), "9000") || strings.Contains(err.Error(), dialler[1:]) {
					t.Errorf("%+v %v", speech, err)
				}
				if len(w.router.spoken) != 0 {
					t.Error("the code was derived")
				}
			})
		})
	}
}

// A person can pick up before the send has returned. The call is looked for, for less than two seconds.
func TestACallThatIsAheadOfItsSendIsWaitedFor(t *testing.T) {
	t.Parallel()
	for after, found := range map[time.Duration]bool{0: true, time.Second: true, 3 * time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			w := callWorld(t)
			var once sync.WaitGroup
			once.Go(func() {
				time.Sleep(after)
				w.send(t, byCall)
			})
			began := time.Now()
			_, err := w.ReadOut(t.Context(), pickedUp())
			if (err == nil) != found || time.Since(began) > 2*time.Second {
				t.Errorf("after %v: %v, %v", after, err, time.Since(began))
			}
			once.Wait()
		})
	}
}

func TestNothingIsSaidThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		broken func(*world)
		mended func(*world)
	}{
		"the store is down":   {func(w *world) { w.store.broken = errors.New("disk full") }, func(w *world) { w.store.broken = nil }},
		"the store fills up":  {func(w *world) { w.store.full = errors.New("disk full") }, func(w *world) { w.store.full = nil }},
		"the code's key gone": {func(w *world) { delete(w.router.codes, callOfOne+"s") }, func(w *world) { w.router.codes[callOfOne+"s"] = "9000" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := callWorld(t)
			w.send(t, byCall)
			test.broken(w)
			speech, err := w.ReadOut(t.Context(), pickedUp())
			if err == nil || !speech.Text.Empty() || strings.Contains(err.Error(), "9000") {
				t.Errorf("%+v %v", speech, err)
			}
			test.mended(w)
			if speech, err := w.ReadOut(t.Context(), pickedUp()); err != nil || speech.Text.Reveal() != "say 9000" {
				t.Errorf("asked again: %+v %v", speech, err)
			}
		})
	}
}

// A resend with a new code ends the one before, also when it comes while that is being read out.
func TestAReadOutRevivesNoCode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := callWorld(t)
		w.app.Defaults.ResendFresh = true
		w.router.script[1].tries[0].Handle.State = []byte("another")
		v := w.send(t, byCall)
		time.Sleep(time.Minute)
		w.router.whileRead = func() {
			w.router.whileRead = nil
			if _, err := w.Resend(t.Context(), w.app, otp.ResendInput{Reference: string(v.Reference)}); err != nil {
				t.Error(err)
			}
		}
		speech, err := w.ReadOut(t.Context(), pickedUp())
		if codeOf(t, err) != otp.NotFound || !speech.Text.Empty() {
			t.Errorf("%+v %v", speech, err)
		}
		live := w.store.records[v.Reference].Live(time.Now())
		if len(live) != 1 || live[0].Handle.UpstreamID != "ATVId_2" {
			t.Errorf("%+v", live)
		}
	})
}
