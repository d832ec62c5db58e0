// Package transporttest is the suite that every transport of the in-house generator passes.
package transporttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// Fault is something that an upstream can do wrong.
type Fault string

// The faults.
const (
	Down       Fault = "down"       // nobody takes the connection
	Throttling Fault = "throttling" // too many messages
	Locked     Fault = "locked"     // our credentials are refused
	Barred     Fault = "barred"     // the recipient is refused for good
	Silent     Fault = "silent"     // no answer, and the message was not yet written
	Swallowing Fault = "swallowing" // no answer, although the message was written whole
)

// classes says what each fault means.
func classes() map[Fault]providers.Class {
	return map[Fault]providers.Class{
		Down:       providers.Transient,
		Throttling: providers.Throttled,
		Locked:     providers.Credentials,
		Barred:     providers.Rejected,
		Silent:     providers.Transient,
		Swallowing: providers.Ambiguous,
	}
}

// Arrival is a text as the upstream got it.
type Arrival struct{ To, Text string }

// Stand is a transport and the upstream that it talks to.
type Stand struct {
	Transport transport.Transport
	Arrivals  func() []Arrival
	Break     func(Fault) // the upstream shows the fault from now on; an empty one ends it
	Held      func() bool // whether a request has come to the point where the upstream falls silent
}

// Suite tells how to test one transport.
type Suite struct {
	Channel  providers.Channel
	To       func(n int) providers.Recipient // a person of number n
	Start    func(t *testing.T) Stand        // a new stand; t cleans it up
	Skip     map[Fault]string                // faults that the upstream cannot have, each with the reason
	CodeOnly bool                            // the bare code arrives, and the text is the upstream's own
	OneShot  bool                            // the upstream has the whole message before it can refuse it, as over HTTP
}

// limit bounds every delivery.
const limit = 30 * time.Second

// Run runs the suite.
func (s Suite) Run(t *testing.T) {
	t.Helper()
	t.Run("a text arrives whole", s.arrivesWhole)
	t.Run("a caller who has gone is not served", s.caller)
	t.Run("parallel deliveries do not mix", s.parallel)
	for fault, class := range classes() {
		t.Run("fault "+string(fault)+" is "+class.String(), func(t *testing.T) { s.fault(t, fault, class) })
	}
}

// Message is a message for the person of number n.
func (s Suite) Message(n int, text string) transport.Message {
	code := fmt.Sprintf("%06d", 739100+n)
	return transport.Message{
		Reference: "01jtdre6ga9vqk1ce154p0jjwr",
		Channel:   s.Channel,
		To:        s.To(n),
		App:       "shop",
		Sender:    "Shop",
		Subject:   "Your code",
		Text:      providers.NewSecret(strings.ReplaceAll(text, "{code}", code)),
		Code:      providers.NewSecret(code),
		Locale:    "en",
	}
}

// arrival is what should arrive of m.
func (s Suite) arrival(m transport.Message) Arrival {
	if s.CodeOnly {
		return Arrival{To: m.To.Address(), Text: m.Code.Reveal()}
	}
	return Arrival{To: m.To.Address(), Text: m.Text.Reveal()}
}

func (s Suite) arrivesWhole(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"plain":           "Your code is {code}.",
		"beyond ascii":    "Votre code est {code}. Ne le communiquez à personne. 你的验证码 😀 رمزك",
		"several lines":   "{code}\nis your code\n\n.\n..hidden dots\n.end",
		"signs of syntax": `={code}= "q" 'a' <b>&amp;</b> \n %s {x} [y] +/? 100%`,
		"long":            "{code} " + strings.Repeat("abcdefgh i", 150),
		"one long word":   "{code} " + strings.Repeat("x", 1200),
		"spaces":          " {code}  two  spaces ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stand := s.Start(t)
			m := s.Message(1, text)
			if err := deliver(t, stand, m); err != nil {
				t.Fatalf("not delivered: %v", err)
			}
			want := []Arrival{s.arrival(m)}
			if got := stand.Arrivals(); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func (s Suite) caller(t *testing.T) {
	t.Parallel()
	stand := s.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := s.Message(1, "{code}")
	_, err := stand.Transport.Deliver(ctx, m)
	s.inspect(t, err, m)
	if !errors.Is(err, context.Canceled) || providers.ClassOf(err) != providers.Transient {
		t.Errorf("got %v, want a transient error that tells of the cancelled context", err)
	}
	if got := stand.Arrivals(); len(got) != 0 {
		t.Errorf("delivered %d messages for nobody", len(got))
	}
}

func (s Suite) parallel(t *testing.T) {
	t.Parallel()
	const people = 100
	stand := s.Start(t)
	failed := make(chan error, people)
	var want []Arrival
	for n := range people {
		m := s.Message(n, "{code} is for you alone")
		want = append(want, s.arrival(m))
		go func() {
			failed <- deliver(t, stand, m)
		}()
	}
	for range people {
		if err := <-failed; err != nil {
			t.Errorf("not delivered: %v", err)
		}
	}
	order := func(a, b Arrival) int { return strings.Compare(a.To+a.Text, b.To+b.Text) }
	got := slices.SortedFunc(slices.Values(stand.Arrivals()), order)
	slices.SortFunc(want, order)
	if !slices.Equal(got, want) {
		t.Errorf("%d messages arrived, want %d, each with its own text", len(got), len(want))
	}
}

func (s Suite) fault(t *testing.T, fault Fault, class providers.Class) {
	t.Parallel()
	if reason := s.Skip[fault]; reason != "" {
		t.Skip(reason)
	}
	stand := s.Start(t)
	stand.Break(fault)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if fault == Silent || fault == Swallowing {
		go cancelWhen(ctx, cancel, stand.Held)
	}
	ctx, progress := providers.WithProgress(ctx)
	m := s.Message(1, "Only you may read {code}.")
	_, err := stand.Transport.Deliver(ctx, m)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("took more than %v", limit)
	}
	s.inspect(t, err, m)
	if got := providers.ClassOf(err); got != class {
		t.Errorf("got %v (%v), want %v", got, err, class)
	}
	written := class == providers.Ambiguous || s.OneShot && class != providers.Transient
	if progress.Written() != written {
		t.Errorf("written is %v, want %v", progress.Written(), written)
	}
	stand.Break("")
	if err := deliver(t, stand, m); err != nil {
		t.Errorf("does not recover: %v", err)
	}
}

// cancelWhen gives up for the caller as soon as held says so.
func cancelWhen(ctx context.Context, cancel context.CancelFunc, held func() bool) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !held() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
	cancel()
}

func deliver(t *testing.T, stand Stand, m transport.Message) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	_, err := stand.Transport.Deliver(ctx, m)
	return err
}

// inspect fails when an error is missing, of a wrong type, or says what it must not.
func (s Suite) inspect(t *testing.T, err error, m transport.Message) {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		t.Fatalf("got %T, want a *providers.Error", err)
	}
	said := fmt.Sprintf("%v %+v %#v %s", err, err, err, e.Code)
	for cause := error(e); cause != nil; cause = errors.Unwrap(cause) {
		said += fmt.Sprintf(" %v %+v", cause, cause)
	}
	for what, secret := range map[string]string{
		"code": m.Code.Reveal(), "address": m.To.Address(), "text": m.Text.Reveal(),
	} {
		if strings.Contains(said, secret) {
			t.Errorf("the error quotes the %s", what)
		}
	}
}
