package otp_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

func (w *world) resend(t *testing.T, ref otp.Reference) (otp.Verification, error) {
	t.Helper()
	r, err := w.Resend(t.Context(), w.app, otp.ResendInput{Reference: string(ref)})
	return r.Verification, err
}

func TestResendKeepsExpiryAndGuesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		v := w.send(t)
		if _, err := w.check(t, v.Reference, "0000"); codeOf(t, err) != otp.WrongCode {
			t.Fatal(err)
		}
		_, err := w.resend(t, v.Reference)
		if e, _ := errors.AsType[*otp.Error](err); e == nil || e.Code != otp.ResendTooSoon || e.RetryAfter != 30*time.Second {
			t.Fatalf("at once: %+v", err)
		}
		time.Sleep(30 * time.Second)
		got, err := w.resend(t, v.Reference)
		if err != nil || got.Attempts != 1 || !got.ExpiresAt.Equal(v.ExpiresAt) || got.ResendsRemaining() != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		time.Sleep(30 * time.Second)
		if _, err := w.resend(t, v.Reference); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		if _, err := w.resend(t, v.Reference); codeOf(t, err) != otp.ResendsExhausted {
			t.Errorf("third: %v", err)
		}
	})
}

func TestResendBySameProviderReplacesTheCode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		v := w.send(t)
		time.Sleep(30 * time.Second)
		w.router.script = []step{{tries: []routing.Try{taken("hubtel", "r2")}}}
		got, err := w.resend(t, v.Reference)
		if err != nil {
			t.Fatal(err)
		}
		if live := got.Live(time.Now()); len(live) != 1 || live[0].Handle.UpstreamID != "r2" {
			t.Errorf("%+v", live)
		}
		if w.router.resent[0].Handle.UpstreamID != "r1" {
			t.Errorf("resent %+v", w.router.resent)
		}
	})
}

func TestResendAvoidsUncertainAndFailedProviders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.router.script = []step{{tries: []routing.Try{
			refused("a", providers.Ambiguous), refused("b", providers.Transient), taken("hubtel", "r1"),
		}}}
		v := w.send(t)
		time.Sleep(30 * time.Second)
		if _, err := w.resend(t, v.Reference); err != nil {
			t.Fatal(err)
		}
		req := w.router.sent[1]
		if len(req.Spent) != 1 || req.Spent[0].Provider != "a" || len(req.Failed) != 1 || req.Failed[0].Provider != "b" {
			t.Errorf("spent %v, failed %v", req.Spent, req.Failed)
		}
	})
}

func TestResendThatDidNotHappenIsNotCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		v := w.send(t)
		time.Sleep(30 * time.Second)
		w.router.script = []step{{
			tries: []routing.Try{refused("hubtel", providers.Transient)}, failure: &routing.Failure{Class: providers.Transient},
		}}
		if _, err := w.resend(t, v.Reference); codeOf(t, err) != otp.ProviderUnavailable {
			t.Fatal(err)
		}
		got := w.store.records[v.Reference]
		if got.Resends != 0 || got.Status != otp.StatusPending {
			t.Errorf("%d resends, %s", got.Resends, got.Status)
		}
		if _, err := w.check(t, v.Reference, "1234"); err != nil {
			t.Errorf("the first code: %v", err)
		}
	})
}

func TestResendOnAnotherChannel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		v := w.send(t)
		time.Sleep(30 * time.Second)
		for channel, want := range map[string]otp.Code{"email": otp.InvalidRequest, "fax": otp.InvalidRequest} {
			_, err := w.Resend(t.Context(), w.app, otp.ResendInput{Reference: string(v.Reference), Channel: channel})
			if codeOf(t, err) != want {
				t.Errorf("%s: %v", channel, err)
			}
		}
		if _, err := w.Resend(t.Context(), w.app, otp.ResendInput{Reference: string(v.Reference), Channel: "whatsapp"}); err != nil {
			t.Error(err)
		}
		if len(w.router.resent) != 0 || w.router.sent[1].Send.Channel != providers.WhatsApp {
			t.Errorf("%+v", w.router.sent[1])
		}
	})
}

// made is a try of the provider that makes codes here.
func made(id string, channel providers.Channel) routing.Try {
	try := taken("own", id)
	try.Channel, try.Handle.State = channel, []byte(id)
	return try
}

func TestResendCode(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fresh   bool
		by      routing.Try // of the resend
		channel string
		live    []string // upstream ids, newest first
	}{
		"same":                                 {false, made("r3", providers.SMS), "", []string{"r3"}},
		"same, on another channel":             {false, made("r3", providers.WhatsApp), "whatsapp", []string{"r3", "r1"}},
		"new":                                  {true, made("r3", providers.SMS), "", []string{"r3"}},
		"new, on another channel":              {true, made("r3", providers.WhatsApp), "whatsapp", []string{"r3"}},
		"new, by somebody else":                {true, taken("hubtel", "r2"), "", []string{"r2", "r1"}},
		"new, which may not have gone through": {true, refused("own", providers.Ambiguous), "", []string{"r1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.app.Defaults.ResendFresh = test.fresh
				w.router.script = []step{{tries: []routing.Try{made("r1", providers.SMS)}}}
				v := w.send(t)
				time.Sleep(30 * time.Second)
				w.router.script = []step{{tries: []routing.Try{test.by}}}
				if test.by.Err != nil {
					w.router.script[0].failure = &routing.Failure{Class: test.by.Err.Class}
				}
				in := otp.ResendInput{Reference: string(v.Reference), Channel: test.channel}
				if _, err := w.Resend(t.Context(), w.app, in); (err != nil) != (test.by.Err != nil) {
					t.Fatal(err)
				}
				first, again := w.router.sent[0].Send, w.router.sent[1].Send
				if first.Fresh || again.Fresh != test.fresh {
					t.Errorf("asked for a new code: at first %v, then %v", first.Fresh, again.Fresh)
				}
				var live []string
				for _, d := range w.store.records[v.Reference].Live(time.Now()) {
					live = append(live, d.Handle.UpstreamID)
				}
				if !slices.Equal(live, test.live) {
					t.Errorf("alive are %v, want %v", live, test.live)
				}
			})
		})
	}
}

// A code made here by one provider says nothing about those of a hosted one, whose codes are its own.
func TestFreshCodeLeavesHostedOnesAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.app.Defaults.ResendFresh = true
		v := w.send(t) // by hubtel
		time.Sleep(30 * time.Second)
		another := taken("hubtel", "r2")
		another.Channel = providers.WhatsApp
		w.router.script = []step{{tries: []routing.Try{another}}}
		in := otp.ResendInput{Reference: string(v.Reference), Channel: "whatsapp"}
		if _, err := w.Resend(t.Context(), w.app, in); err != nil {
			t.Fatal(err)
		}
		if live := w.store.records[v.Reference].Live(time.Now()); len(live) != 2 {
			t.Errorf("%+v", live)
		}
	})
}
