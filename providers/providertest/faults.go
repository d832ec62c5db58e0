package providertest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// mischief is a fault and what it must be taken for.
type mischief struct {
	name       string
	fault      twin.Fault
	classes    []providers.Class
	retryAfter time.Duration
	holds      bool // until somebody gives up
}

// mischiefs are the ways in which an upstream fails. What struck before the request took effect and what struck after
// must look the same to the provider, for it cannot tell.
func mischiefs() []mischief {
	both := []mischief{
		{name: "reset", fault: twin.Fault{Kind: twin.Reset}, classes: ambiguous()},
		{name: "hang", fault: twin.Fault{Kind: twin.Hang}, classes: ambiguous(), holds: true},
		{name: "hang in the body", fault: twin.Fault{Kind: twin.HangBody}, classes: ambiguous(), holds: true},
		{name: "drip", fault: twin.Fault{Kind: twin.Drip}, classes: ambiguous(), holds: true},
		{name: "cut", fault: twin.Fault{Kind: twin.Cut}, classes: ambiguous()},
		{name: "500", fault: status(500, ""), classes: transient()},
		{name: "truncated JSON", fault: twin.Fault{Kind: twin.Truncated}, classes: transient()},
		{name: "wrong types", fault: twin.Fault{Kind: twin.WrongTypes}, classes: transient()},
		{name: "JSON of another API", fault: twin.Fault{Kind: twin.OtherJSON}, classes: []providers.Class{
			providers.Transient, providers.Unknown,
		}},
		{name: "HTML", fault: twin.Fault{Kind: twin.HTML}, classes: transient()},
		{name: "10 MB", fault: twin.Fault{Kind: twin.Huge}, classes: transient()},
		{name: "empty body", fault: twin.Fault{Kind: twin.Empty}, classes: transient()},
	}
	all := []mischief{
		// The connection was there and was closed at once: whether the request was written by then is a race.
		{name: "refused", fault: twin.Fault{Kind: twin.Refused}, classes: []providers.Class{
			providers.Transient, providers.Ambiguous,
		}},
		{name: "502", fault: status(502, ""), classes: transient()},
		{name: "503", fault: status(503, ""), classes: transient()},
		{name: "429", fault: status(429, ""), classes: []providers.Class{providers.Throttled}},
		{name: "429 with Retry-After", fault: status(429, "30"), classes: []providers.Class{providers.Throttled},
			retryAfter: 30 * time.Second},
		{name: "401", fault: status(401, ""), classes: []providers.Class{providers.Credentials}},
		{name: "403", fault: status(403, ""), classes: []providers.Class{providers.Credentials}},
		{name: "402", fault: status(402, ""), classes: []providers.Class{providers.Exhausted}},
		{name: "redirect", fault: twin.Fault{Kind: twin.Redirect}, classes: []providers.Class{providers.Unknown}},
	}
	for _, m := range both {
		all = append(all, m)
		m.name, m.fault.After = m.name+" after the effect", true
		all = append(all, m)
	}
	return all
}

func ambiguous() []providers.Class { return []providers.Class{providers.Ambiguous} }
func transient() []providers.Class { return []providers.Class{providers.Transient} }

func status(code int, retryAfter string) twin.Fault {
	return twin.Fault{Kind: twin.Status, Status: code, RetryAfter: retryAfter}
}

// fails lets m strike op and looks at what the provider makes of it, and whether it recovers.
func fails(t *testing.T, f Fixture, m mischief, op string) {
	b := f.start(t)
	c := b.prepare(t, op)
	m.fault.Endpoint = op
	trapped := trap(t)
	m.fault.Location = trapped.url
	if err := b.Server.Twin.Faults.Set(m.fault); err != nil {
		t.Fatal(err)
	}
	before := b.asked(op)
	ctx, progress := providers.WithProgress(t.Context())
	if m.holds {
		deadline := newDeadline(ctx)
		ctx = deadline
		go deadline.passWhen(func() bool { return b.asked(op) > before })
	}
	began := time.Now()
	err := c.call(ctx)
	if took := time.Since(began); took > patience/2 {
		t.Errorf("the answer took %v", took)
	}
	e := b.failed(t, err, op, c.hidden()...)
	if !slices.Contains(m.classes, e.Class) || e.RetryAfter != m.retryAfter {
		t.Errorf("got %v with retry after %v; want one of %v with %v", e, e.RetryAfter, m.classes, m.retryAfter)
	}
	if e.Class == providers.Ambiguous && !progress.Written() {
		t.Error("the request was not reported as written")
	}
	if n := b.asked(op) - before; n > 1 {
		t.Errorf("the upstream was asked %d times", n)
	}
	if trapped.hits.Load() != 0 {
		t.Error("a redirect was followed")
	}
	b.recovers(t)
}

func (b *bench) recovers(t *testing.T) {
	t.Helper()
	b.Server.Twin.Faults.Clear("")
	h, code := b.send(t, b.request(person(7)))
	if v := b.verify(t, h, code); !v.Match {
		t.Error("the provider did not recover")
	}
}

// down is a port on which nobody listens.
func down(t *testing.T, f Fixture, op string) {
	b := f.start(t)
	b.overHTTP(t)
	elsewhere := f.start(t)
	c := elsewhere.prepare(t, op)
	c.bench = b // it has not spoken to its own twin yet, so no connection is left
	_ = b.Server.Close()
	e := b.failed(t, c.call(bounded(t)), op, c.hidden()...)
	if e.Class != providers.Transient {
		t.Errorf("got %v", e)
	}
}

func canceled(t *testing.T, f Fixture, op string) {
	b := f.start(t)
	c := b.prepare(t, op)
	if err := b.Server.Twin.Faults.Set(twin.Fault{Endpoint: op, Kind: twin.Hang}); err != nil {
		t.Fatal(err)
	}
	before := b.asked(op)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go when(ctx, func() bool { return b.asked(op) > before }, cancel)
	err := c.call(ctx)
	_ = b.failed(t, err, op, c.hidden()...)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the caller gave up, and the error is %v", err)
	}
}

func canceledBefore(t *testing.T, f Fixture) {
	b := f.start(t)
	b.overHTTP(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := b.request(person(1))
	_, err := b.Provider.Send(ctx, req)
	_ = b.failed(t, err, "send", spellings(req.To)...)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the caller gave up, and the error is %v", err)
	}
	if b.asked("") != 0 || len(b.Inbox.Messages("", "")) != 0 {
		t.Error("the upstream was asked")
	}
}

func ownTimeout(t *testing.T, f Fixture) {
	b := f.startWithin(t, 200*time.Millisecond)
	b.overHTTP(t)
	for _, kind := range []twin.FaultKind{twin.Hang, twin.HangBody, twin.Drip} {
		if err := b.Server.Twin.Faults.Set(twin.Fault{Endpoint: "send", Kind: kind}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err := b.Provider.Send(bounded(t), b.request(person(1)))
		_ = b.failed(t, err, "send")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: time was up, and the error is %v", kind, err)
		}
		if took := time.Since(began); took > patience/2 {
			t.Errorf("%s: the call took %v", kind, took)
		}
	}
}

func duplicate(t *testing.T, f Fixture) {
	b := f.start(t)
	b.overHTTP(t)
	if err := b.Server.Twin.Faults.Set(twin.Fault{Endpoint: "send", Kind: twin.Duplicate}); err != nil {
		t.Fatal(err)
	}
	req := b.request(person(1))
	h, code := b.send(t, req)
	if n := len(b.Inbox.Messages(req.To.Address(), req.Channel)); n != 2 {
		t.Fatalf("%d messages were delivered", n)
	}
	if v := b.verify(t, h, code); !v.Match {
		t.Error("the code was not approved")
	}
}
