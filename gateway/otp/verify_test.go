package otp_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

func TestRightCodeIsGrantedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.send(t)
	got, err := w.check(t, v.Reference, "1234")
	if err != nil || got.Status != otp.StatusVerified || got.EndedAt.IsZero() {
		t.Fatalf("right code: %+v, %v", got.Status, err)
	}
	if _, err := w.check(t, v.Reference, "1234"); codeOf(t, err) != otp.AlreadyVerified {
		t.Errorf("second time: %v", err)
	}
}

func TestWrongGuessesAreCountedAndEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.send(t)
	for left := 2; left >= 0; left-- {
		_, err := w.check(t, v.Reference, "0000")
		e, _ := errors.AsType[*otp.Error](err)
		if e == nil || e.Code != otp.WrongCode || e.AttemptsRemaining != left || e.Reference != v.Reference {
			t.Fatalf("with %d left: %+v", left, err)
		}
	}
	if _, err := w.check(t, v.Reference, "1234"); codeOf(t, err) != otp.AttemptsExhausted {
		t.Errorf("the right code after the last guess: %v", err)
	}
	got, err := w.Status(t.Context(), w.app, otp.StatusInput{Reference: string(v.Reference)})
	if err != nil || got.Status != otp.StatusFailed || got.EndedAt.IsZero() {
		t.Errorf("status %v, %v", got.Status, err)
	}
}

func TestImpossibleShapeIsWrongWithoutAsking(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"123", "12345", "12a4", "１２３４", "12 4"} {
		w := newWorld(t)
		v := w.send(t)
		_, err := w.check(t, v.Reference, code)
		if codeOf(t, err) != otp.WrongCode || len(w.router.asked) != 0 || w.store.records[v.Reference].Attempts != 1 {
			t.Errorf("%q: %v, asked %v", code, err, w.router.asked)
		}
	}
}

func TestProvidersFaultIsNeverAWrongCode(t *testing.T) {
	t.Parallel()
	for _, class := range providers.Classes() {
		w := newWorld(t)
		v := w.send(t)
		w.router.faults["hubtel"] = &providers.Error{Class: class}
		_, err := w.check(t, v.Reference, "1234")
		want := otp.ProviderUnavailable
		if class == providers.Gone {
			want = otp.Expired
		}
		if codeOf(t, err) != want {
			t.Errorf("%v: %v", class, err)
		}
		if got := w.store.records[v.Reference]; got.Attempts != 0 || got.Checks[0].Counted {
			t.Errorf("%v: the guess was not given back: %+v", class, got.Checks)
		}
	}
}

func TestEveryLiveCodeVerifies(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"1234", "5678"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			v := w.send(t)
			time.Sleep(31 * time.Second)
			w.router.script = []step{{tries: []routing.Try{taken("zend", "r2")}}}
			if _, err := w.Resend(t.Context(), w.app, otp.ResendInput{Reference: string(v.Reference)}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.check(t, v.Reference, "0000"); codeOf(t, err) != otp.WrongCode {
				t.Fatalf("wrong: %v", err)
			}
			if w.router.asked[0] != "zend" || w.router.asked[1] != "hubtel" || w.store.records[v.Reference].Attempts != 1 {
				t.Errorf("newest first, one guess costs one: %v", w.router.asked)
			}
			if _, err := w.check(t, v.Reference, code); err != nil {
				t.Errorf("%s: %v", code, err)
			}
			for _, dead := range []string{"1234", "5678"} {
				if _, err := w.check(t, v.Reference, dead); codeOf(t, err) != otp.AlreadyVerified {
					t.Errorf("%s afterwards: %v", dead, err)
				}
			}
		})
	}
}

// One provider's outage must not make guesses at another one's code free.
func TestGuessThatSomebodyJudgedStaysCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		v := w.send(t)
		time.Sleep(31 * time.Second)
		w.router.script = []step{{tries: []routing.Try{taken("zend", "r2")}}}
		if _, err := w.Resend(t.Context(), w.app, otp.ResendInput{Reference: string(v.Reference)}); err != nil {
			t.Fatal(err)
		}
		w.router.faults["hubtel"] = &providers.Error{Class: providers.Transient}
		for range 3 {
			if _, err := w.check(t, v.Reference, "0000"); codeOf(t, err) != otp.ProviderUnavailable {
				t.Fatalf("outage: %v", err)
			}
		}
		if _, err := w.check(t, v.Reference, "5678"); codeOf(t, err) != otp.AttemptsExhausted {
			t.Errorf("fourth guess: %v", err)
		}
	})
}

func TestParallelChecks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code               string
		granted, evaluated int
	}{{"1234", 1, 3}, {"9999", 0, 3}} {
		w := newWorld(t)
		v := w.send(t)
		var wg sync.WaitGroup
		var mu sync.Mutex
		granted := 0
		for range 100 {
			wg.Go(func() {
				_, err := w.Verify(t.Context(), w.app, otp.VerifyInput{Reference: string(v.Reference), Code: test.code})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					granted++
				}
			})
		}
		wg.Wait()
		if granted != test.granted || len(w.router.asked) > test.evaluated {
			t.Errorf("%s: granted %d, evaluated %d", test.code, granted, len(w.router.asked))
		}
	}
}

func TestPersonIsLockedOverAllVerifications(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *otp.Policy) { p.Limits.RecipientFailures = &otp.Limit{Max: 4, Window: time.Hour} })
	one, two := w.send(t), w.send(t, func(in *otp.SendInput) { in.To = "+233 20 123 4567" })
	for _, ref := range []otp.Reference{one.Reference, one.Reference, two.Reference, two.Reference} {
		if _, err := w.check(t, ref, "0000"); codeOf(t, err) != otp.WrongCode {
			t.Fatal(err)
		}
	}
	_, err := w.check(t, two.Reference, "1234")
	e, _ := errors.AsType[*otp.Error](err)
	if e == nil || e.Code != otp.RecipientLocked || e.RetryAfter < 50*time.Minute {
		t.Errorf("locked: %+v", err)
	}
	if got := w.store.records[two.Reference].Attempts; got != 2 {
		t.Errorf("a refused guess was counted: %d", got)
	}
}

func TestRightAndReturnedGuessesDoNotLockThePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *otp.Policy) { p.Limits.RecipientFailures = &otp.Limit{Max: 1, Window: time.Hour} })
	for range 3 {
		v := w.send(t)
		w.router.faults["hubtel"] = &providers.Error{Class: providers.Transient}
		if _, err := w.check(t, v.Reference, "1234"); codeOf(t, err) != otp.ProviderUnavailable {
			t.Fatal(err)
		}
		delete(w.router.faults, "hubtel")
		if _, err := w.check(t, v.Reference, "1234"); err != nil {
			t.Fatalf("right code: %v", err)
		}
	}
}

func TestWhatDoesNotMatchIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.send(t, func(in *otp.SendInput) { in.Purpose = "login" })
	ref := string(v.Reference)
	for name, in := range map[string]otp.VerifyInput{
		"another recipient": {Reference: ref, Code: "1234", To: "0241234567"},
		"another purpose":   {Reference: ref, Code: "1234", Purpose: "payment"},
		"unknown reference": {Reference: "01jtdre6ga9vqk1ce154p0jjwr", Code: "1234"},
		"no reference":      {Reference: "nonsense", Code: "1234"},
	} {
		if _, err := w.Verify(t.Context(), w.app, in); codeOf(t, err) != otp.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := *w.app
	other.ID = "rival"
	if _, err := w.Verify(t.Context(), &other, otp.VerifyInput{Reference: ref, Code: "1234"}); codeOf(t, err) != otp.NotFound {
		t.Errorf("another app: %v", err)
	}
	if got := w.store.records[v.Reference]; got.Attempts != 0 {
		t.Errorf("a guess was counted: %+v", got)
	}
	in := otp.VerifyInput{Reference: ref, Code: "1234", To: "020 123 4567", Purpose: "login"}
	if _, err := w.Verify(t.Context(), w.app, in); err != nil {
		t.Errorf("all that matches: %v", err)
	}
}

func TestNothingIsGrantedAfterTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		old, canceled := w.send(t), w.send(t)
		if _, err := w.Cancel(t.Context(), w.app, string(canceled.Reference)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.check(t, canceled.Reference, "1234"); codeOf(t, err) != otp.Canceled {
			t.Errorf("canceled: %v", err)
		}
		if v, err := w.Cancel(t.Context(), w.app, string(canceled.Reference)); err != nil || v.Status != otp.StatusCanceled {
			t.Errorf("canceling twice: %v", err)
		}
		time.Sleep(5 * time.Minute)
		if _, err := w.check(t, old.Reference, "1234"); codeOf(t, err) != otp.Expired {
			t.Errorf("expired: %v", err)
		}
		if got := w.store.records[old.Reference].Attempts; got != 0 {
			t.Errorf("a guess after the expiry was counted: %d", got)
		}
	})
}

func TestLastWordOfTheProviderEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.send(t)
	w.router.final = true
	_, err := w.check(t, v.Reference, "0000")
	if e, _ := errors.AsType[*otp.Error](err); e == nil || e.Code != otp.WrongCode || e.AttemptsRemaining != 0 {
		t.Fatalf("%+v", err)
	}
	if _, err := w.check(t, v.Reference, "1234"); codeOf(t, err) != otp.AttemptsExhausted {
		t.Errorf("afterwards: %v", err)
	}
}

func TestStoresFaultIsNotAnAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.send(t)
	w.store.broken = errors.New("disk full")
	_, err := w.check(t, v.Reference, "1234")
	if e, _ := errors.AsType[*otp.Error](err); e == nil || e.Code != otp.StoreUnavailable || e.RetryAfter == 0 {
		t.Errorf("%+v", err)
	}
	if len(w.router.asked) != 0 {
		t.Error("a guess that was not counted was compared")
	}
}

// An upstream that has just granted a code to somebody does not know it any more when the next one asks.
func TestWhoComesSecondIsToldSoAlsoWhenTheUpstreamForgot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.send(t)
	w.router.faults["hubtel"] = &providers.Error{Class: providers.Gone}
	w.router.meanwhile = func() {
		_, err := w.store.Settle(t.Context(), otp.Settlement{
			Match: otp.Match{Reference: v.Reference, App: v.App}, Status: otp.StatusVerified, Now: v.CreatedAt,
		})
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := w.check(t, v.Reference, "1234"); codeOf(t, err) != otp.AlreadyVerified {
		t.Error(err)
	}
}

// An upstream may call a code wrong that it has just taken, and that no can be faster than the yes.
func TestRightGuessIsGrantedAlsoWhenOthersUsedUpTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.send(t)
	w.router.meanwhile = func() {
		_, err := w.store.Settle(t.Context(), otp.Settlement{
			Match: otp.Match{Reference: v.Reference, App: v.App}, Status: otp.StatusFailed, Now: v.CreatedAt,
		})
		if err != nil {
			t.Error(err)
		}
	}
	got, err := w.check(t, v.Reference, "1234")
	if err != nil || got.Status != otp.StatusVerified {
		t.Errorf("%v, %v", got.Status, err)
	}
	if _, err := w.check(t, v.Reference, "1234"); codeOf(t, err) != otp.AlreadyVerified {
		t.Errorf("second time: %v", err)
	}
}

// ends are those of verifications that the observer was told of.
func ends(w *world) []string {
	return slices.DeleteFunc(w.seen.take(), func(line string) bool { return !strings.HasPrefix(line, "settled ") })
}

// ownWorld is a world whose code was made here.
func ownWorld(t *testing.T) (*world, otp.Verification) {
	t.Helper()
	w := newWorld(t)
	w.router.script = []step{{tries: []routing.Try{taken("own", "r1")}}}
	v := w.send(t)
	w.store.trips = 0
	w.seen.take()
	return w, v
}

// Where nobody needs to be asked, counting, comparing and settling are one step of the store.
func TestCodeThatWasMadeHereIsJudgedInOneStep(t *testing.T) {
	t.Parallel()
	w, v := ownWorld(t)
	for _, guess := range []struct {
		code   string
		want   otp.Code
		status otp.Status
	}{
		{"0000", otp.WrongCode, otp.StatusPending}, {"123", otp.WrongCode, otp.StatusPending}, {"1234", "", otp.StatusVerified},
		{"1234", otp.AlreadyVerified, otp.StatusVerified},
	} {
		w.store.trips = 0
		_, err := w.check(t, v.Reference, guess.code)
		if codeOf(t, err) != guess.want || w.store.trips != 1 || w.store.records[v.Reference].Status != guess.status {
			t.Errorf("%s: %v in %d steps, the verification is %s", guess.code, err, w.store.trips, w.store.records[v.Reference].Status)
		}
	}
	if len(w.router.asked) != 2 {
		t.Errorf("asked %v: a guess of another shape and one that came too late are not compared", w.router.asked)
	}
	if ends := ends(w); !slices.Equal(ends, []string{"settled verified"}) || w.learnt["own"] != [2]int{1, 1} {
		t.Errorf("told of %v, learnt %v", ends, w.learnt)
	}
}

func TestLastWrongGuessAtACodeThatWasMadeHereEndsItInOneStep(t *testing.T) {
	t.Parallel()
	w, v := ownWorld(t)
	for left := 2; left >= 0; left-- {
		_, err := w.check(t, v.Reference, "0000")
		if e, _ := errors.AsType[*otp.Error](err); e == nil || e.Code != otp.WrongCode || e.AttemptsRemaining != left {
			t.Fatalf("with %d left: %+v", left, err)
		}
	}
	if got := w.store.records[v.Reference]; got.Status != otp.StatusFailed || w.store.trips != 3 {
		t.Errorf("%s after %d steps", got.Status, w.store.trips)
	}
	if ends := ends(w); !slices.Equal(ends, []string{"settled failed"}) {
		t.Errorf("told of %v", ends)
	}
}

func TestGuessAtACodeOfSomebodyElseIsCountedBeforeItIsCompared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, v := ownWorld(t)
		time.Sleep(31 * time.Second)
		w.router.script = []step{{tries: []routing.Try{taken("zend", "r2")}}}
		if _, err := w.Resend(t.Context(), w.app, otp.ResendInput{Reference: string(v.Reference)}); err != nil {
			t.Fatal(err)
		}
		w.router.meanwhile = func() {
			if !w.store.mu.TryLock() {
				t.Error("somebody else was asked within a step of the store")
				return
			}
			defer w.store.mu.Unlock()
			if w.store.records[v.Reference].Attempts != 1 {
				t.Error("a guess was compared that was not counted")
			}
		}
		if _, err := w.check(t, v.Reference, "1234"); err != nil {
			t.Error(err)
		}
	})
}

// The key that a code was made with may be gone: nobody can judge it then.
func TestGuessThatCannotBeJudgedHereIsGivenBack(t *testing.T) {
	t.Parallel()
	for class, want := range map[providers.Class]otp.Code{
		providers.Gone: otp.Expired, providers.Transient: otp.ProviderUnavailable,
	} {
		w, v := ownWorld(t)
		w.router.faults["own"] = &providers.Error{Class: class}
		_, err := w.check(t, v.Reference, "1234")
		if got := w.store.records[v.Reference]; codeOf(t, err) != want || got.Attempts != 0 {
			t.Errorf("%v: %v, %d guesses", class, err, got.Attempts)
		}
	}
}
