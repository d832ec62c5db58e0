package otp_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

const dialler = "+233201234567"

// dialWorld is a world whose provider makes its own codes: the one of the n-th send is 900n.
func dialWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.router.script = nil
	for n := range 9 {
		try := taken("own", "")
		try.Handle.State = fmt.Appendf(nil, "s%d", n)
		w.router.script = append(w.router.script, step{tries: []routing.Try{try}})
		w.router.codes[string(try.Handle.State)] = fmt.Sprintf("900%d", n)
	}
	return w
}

func (w *world) dial(t *testing.T, change ...func(*otp.DialInput)) (string, bool) {
	t.Helper()
	in := otp.DialInput{Provider: "own", Number: dialler, PerMinute: 100}
	for _, f := range change {
		f(&in)
	}
	screen, err := w.Dial(t.Context(), in)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	text := screen.Text.Reveal()
	if utf8.RuneCountInString(text) > 160 {
		t.Errorf("%d characters: %s", utf8.RuneCountInString(text), text)
	}
	return text, screen.Menu
}

func choose(choice string) func(*otp.DialInput) {
	return func(in *otp.DialInput) { in.Choice = choice }
}

const nothingToShow = "There is no code for this number now. Ask the app to send you a new one."

func TestDialShowsTheCodeThatWasSent(t *testing.T) {
	t.Parallel()
	for _, number := range []string{dialler, "233201234567", " +233 20 123 4567"} {
		w := dialWorld(t)
		v := w.send(t)
		text, menu := w.dial(t, func(in *otp.DialInput) { in.Number = number })
		if text != "Shop: your code is 9000. It is good for 4 min. Tell it to nobody." || menu {
			t.Errorf("%q: %q %v", number, text, menu)
		}
		stored := w.store.records[v.Reference]
		if len(stored.Deliveries) != 2 {
			t.Fatalf("%+v", stored.Deliveries)
		}
		sent, shown := stored.Deliveries[0], stored.Deliveries[1]
		if shown.Channel != providers.USSD || shown.Status != otp.DeliveryDelivered || shown.Provider != "own" ||
			string(shown.Handle.State) != string(sent.Handle.State) || shown.Checkable || shown.ID == sent.ID {
			t.Errorf("%+v", shown)
		}
		if stored.Channel != providers.SMS || stored.Status != otp.StatusPending || len(stored.Live(time.Now())) != 1 {
			t.Errorf("%+v", stored)
		}
	}
}

// A guess is put to the provider once, although the code was delivered twice.
func TestAGuessAfterDialingIsAskedOnce(t *testing.T) {
	t.Parallel()
	w := dialWorld(t)
	v := w.send(t)
	w.dial(t)
	if _, err := w.check(t, v.Reference, "0000"); codeOf(t, err) != otp.WrongCode || len(w.router.asked) != 1 {
		t.Errorf("%v, asked %v", err, w.router.asked)
	}
}

func TestASecondLookIsNoSecondDelivery(t *testing.T) {
	t.Parallel()
	w := dialWorld(t)
	v := w.send(t)
	for range 3 {
		if text, _ := w.dial(t); !strings.Contains(text, "9000") {
			t.Error(text)
		}
	}
	if n := len(w.store.records[v.Reference].Deliveries); n != 2 {
		t.Errorf("%d deliveries", n)
	}
}

func TestDialShowsNothingThatIsNotLive(t *testing.T) {
	t.Parallel()
	ama := func(in *otp.SendInput) { in.To = "ama@example.com" }
	for name, test := range map[string]struct {
		before func(t *testing.T, w *world)
		dial   func(*otp.DialInput)
	}{
		"nothing was sent":  {func(*testing.T, *world) {}, choose("")},
		"a choice of none":  {func(*testing.T, *world) {}, choose("1")},
		"another number":    {func(t *testing.T, w *world) { w.send(t) }, func(in *otp.DialInput) { in.Number = "+233201234568" }},
		"another provider":  {func(t *testing.T, w *world) { w.send(t) }, func(in *otp.DialInput) { in.Provider = "other" }},
		"no number":         {func(t *testing.T, w *world) { w.send(t) }, func(in *otp.DialInput) { in.Number = "" }},
		"an odd number":     {func(t *testing.T, w *world) { w.send(t) }, func(in *otp.DialInput) { in.Number = "0201234567" }},
		"an e-mail address": {func(t *testing.T, w *world) { w.send(t, ama) }, func(in *otp.DialInput) { in.Number = "ama@example.com" }},
		"an address with a plus": {
			func(t *testing.T, w *world) { w.send(t, func(in *otp.SendInput) { in.To = "+ama@example.com" }) },
			func(in *otp.DialInput) { in.Number = "+ama@example.com" },
		},
		"verified": {func(t *testing.T, w *world) {
			v := w.send(t)
			w.router.codes[""] = "9000"
			if _, err := w.check(t, v.Reference, "9000"); err != nil {
				t.Fatal(err)
			}
		}, choose("")},
		"canceled": {func(t *testing.T, w *world) {
			if _, err := w.Cancel(t.Context(), w.app, string(w.send(t).Reference)); err != nil {
				t.Fatal(err)
			}
		}, choose("")},
		"guessed wrong too often": {func(t *testing.T, w *world) {
			v := w.send(t)
			for range v.MaxAttempts {
				_, _ = w.check(t, v.Reference, "0000")
			}
		}, choose("")},
		"sent by a provider that hides its codes": {func(t *testing.T, w *world) {
			w.router.script = []step{{tries: []routing.Try{taken("hubtel", "r1")}}}
			w.send(t)
		}, choose("")},
		"not sent": {func(t *testing.T, w *world) {
			w.router.script = []step{{tries: []routing.Try{refused("own", providers.Transient)}, failure: &routing.Failure{}}}
			_, _ = w.Send(t.Context(), w.app, otp.SendInput{To: dialler})
		}, choose("")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dialWorld(t)
			test.before(t, w)
			if text, menu := w.dial(t, test.dial); text != nothingToShow || menu {
				t.Errorf("%q %v", text, menu)
			}
		})
	}
}

func TestDialAfterTheExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := dialWorld(t)
		w.send(t)
		time.Sleep(5*time.Minute - time.Second)
		if text, _ := w.dial(t); text != "Shop: your code is 9000. It is good for less than a minute. Tell it to nobody." {
			t.Error(text)
		}
		time.Sleep(time.Second)
		if text, _ := w.dial(t); text != nothingToShow {
			t.Error(text)
		}
	})
}

func TestDialShowsTheNewestCodeOfAVerification(t *testing.T) {
	t.Parallel()
	w := dialWorld(t)
	w.app.Defaults.ResendAfter = 0
	v := w.send(t)
	if _, err := w.Resend(t.Context(), w.app, otp.ResendInput{Reference: string(v.Reference)}); err != nil {
		t.Fatal(err)
	}
	if text, _ := w.dial(t); !strings.Contains(text, "9001") {
		t.Error(text)
	}
	// A hosted provider took over since: the code that this one made is still good, and it is what it can show.
	w.router.script = []step{{tries: []routing.Try{taken("hubtel", "r1")}}}
	if _, err := w.Resend(t.Context(), w.app, otp.ResendInput{Reference: string(v.Reference)}); err != nil {
		t.Fatal(err)
	}
	if text, _ := w.dial(t); !strings.Contains(text, "9001") {
		t.Error(text)
	}
}

func TestDialAsksWhoseCodeIsMeant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := dialWorld(t)
		bank := *w.app
		bank.ID = "bank"
		w.send(t) // 9000
		time.Sleep(3 * time.Minute)
		if _, err := w.Send(t.Context(), &bank, otp.SendInput{To: dialler}); err != nil { // 9001
			t.Fatal(err)
		}
		for _, choice := range []string{"", "0", "3", "-1", "x", "1 2", "99999999999999999999"} {
			text, menu := w.dial(t, choose(choice))
			if text != "Which code?\n1 Ünion Bank ?\n2 Shop" || !menu {
				t.Errorf("%q: %q %v", choice, text, menu)
			}
		}
		for choice, want := range map[string]string{"1": "Ünion Bank ?: your code is 9001", " 2 ": "Shop: your code is 9000"} {
			if text, menu := w.dial(t, choose(choice)); !strings.HasPrefix(text, want) || menu {
				t.Errorf("%q: %q %v", choice, text, menu)
			}
		}
		time.Sleep(time.Second) // the order of what began in the same millisecond is open
		w.send(t)               // 9002
		text, _ := w.dial(t)
		if text != "Which code?\n1 Shop, new\n2 Ünion Bank ?\n3 Shop, 3 min old" {
			t.Error(text)
		}
	})
}

func TestAMenuFitsOnAScreen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := dialWorld(t)
		long := *w.app
		long.ID = strings.Repeat("application ", 20)
		long.Defaults.ExpiresIn = 2 * time.Hour
		for range 7 {
			if _, err := w.Send(t.Context(), &long, otp.SendInput{To: dialler}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(11 * time.Minute)
		}
		text, menu := w.dial(t)
		if !menu || strings.Count(text, "\n") != 5 {
			t.Error(text)
		}
		if text, _ := w.dial(t, choose("5")); !strings.Contains(text, "your code is 9002") {
			t.Error(text)
		}
	})
}

func TestANumberThatDialsTooOften(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := dialWorld(t)
		w.send(t)
		twice := func(in *otp.DialInput) { in.PerMinute = 2 }
		for n := range 4 {
			text, _ := w.dial(t, twice)
			if often := strings.HasPrefix(text, "You have asked too often."); often != (n >= 2) {
				t.Errorf("dial %d: %s", n, text)
			}
		}
		if text, _ := w.dial(t, twice, func(in *otp.DialInput) { in.Number = "+233201234568" }); text != nothingToShow {
			t.Error("another number is held up: " + text)
		}
		time.Sleep(2 * time.Minute)
		if text, _ := w.dial(t, twice); !strings.Contains(text, "9000") {
			t.Error(text)
		}
	})
}

func TestDialShowsNothingThatItCannotRecord(t *testing.T) {
	t.Parallel()
	const sorry = "Sorry, your code cannot be shown now. Please try again in a minute."
	for name, breakIt := range map[string]func(*world){
		"the store is down":   func(w *world) { w.store.broken = errors.New("disk full") },
		"the store fills up":  func(w *world) { w.store.full = errors.New("disk full") },
		"the code's key gone": func(w *world) { clear(w.router.codes) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dialWorld(t)
			w.send(t)
			breakIt(w)
			screen, err := w.Dial(t.Context(), otp.DialInput{Provider: "own", Number: dialler, PerMinute: 9})
			if screen.Text.Reveal() != sorry || screen.Menu || err == nil || strings.Contains(err.Error(), "9000") {
				t.Errorf("%q %v", screen.Text.Reveal(), err)
			}
		})
	}
}

func TestAScreenHidesItsText(t *testing.T) {
	t.Parallel()
	screen := otp.Screen{Text: providers.NewSecret("canary")}
	if text := fmt.Sprintf("%v %+v %#v %s", screen, screen, screen, screen.Text); strings.Contains(text, "canary") {
		t.Error(text)
	}
}
