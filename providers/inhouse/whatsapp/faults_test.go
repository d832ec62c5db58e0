package whatsapp_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp/whatsapptwin"
	"github.com/otpgate/otpgate/providers/twin"
)

// TestUpstreamFaults: each class is what the fault means, whether it struck before the message was taken or after, and
// nothing is asked twice.
func TestUpstreamFaults(t *testing.T) {
	t.Parallel()
	status := func(code int, retryAfter string) twin.Fault {
		return twin.Fault{Kind: twin.Status, Status: code, RetryAfter: retryAfter}
	}
	const ambiguous, transient = providers.Ambiguous, providers.Transient
	for name, test := range map[string]struct {
		fault twin.Fault
		want  providers.Class
		retry time.Duration
	}{
		"refused":              {fault: twin.Fault{Kind: twin.Refused}, want: ambiguous},
		"reset":                {fault: twin.Fault{Kind: twin.Reset}, want: ambiguous},
		"hang":                 {fault: twin.Fault{Kind: twin.Hang}, want: ambiguous},
		"hang in the body":     {fault: twin.Fault{Kind: twin.HangBody}, want: ambiguous},
		"drip":                 {fault: twin.Fault{Kind: twin.Drip}, want: ambiguous},
		"cut":                  {fault: twin.Fault{Kind: twin.Cut}, want: ambiguous},
		"truncated":            {fault: twin.Fault{Kind: twin.Truncated}, want: ambiguous},
		"a page":               {fault: twin.Fault{Kind: twin.HTML}, want: ambiguous},
		"10 MB":                {fault: twin.Fault{Kind: twin.Huge}, want: ambiguous},
		"empty":                {fault: twin.Fault{Kind: twin.Empty}, want: ambiguous},
		"wrong types":          {fault: twin.Fault{Kind: twin.WrongTypes}, want: ambiguous},
		"another API":          {fault: twin.Fault{Kind: twin.OtherJSON}, want: ambiguous},
		"500":                  {fault: status(500, ""), want: transient},
		"502":                  {fault: status(502, ""), want: transient},
		"503":                  {fault: status(503, "5"), want: transient, retry: 5 * time.Second},
		"429":                  {fault: status(429, ""), want: providers.Throttled},
		"429 with Retry-After": {fault: status(429, "30"), want: providers.Throttled, retry: 30 * time.Second},
		"401":                  {fault: status(401, ""), want: providers.Credentials},
		"403":                  {fault: status(403, ""), want: providers.Credentials},
		"402":                  {fault: status(402, ""), want: providers.Exhausted},
		"404":                  {fault: status(404, ""), want: providers.Unknown},
		"redirect":             {fault: twin.Fault{Kind: twin.Redirect}, want: providers.Unknown},
	} {
		for _, after := range []bool{false, true} {
			if after && test.fault.Kind == twin.Refused {
				continue
			}
			fault := test.fault
			fault.After = after
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				fails(t, fault, test.want, test.retry)
			})
		}
	}
}

func fails(t *testing.T, fault twin.Fault, want providers.Class, retry time.Duration) {
	t.Helper()
	s := start(t, whatsapptwin.Options{})
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed")
	}))
	defer elsewhere.Close()
	fault.Location = elsewhere.URL
	if err := s.Faults.Set(fault); err != nil {
		t.Fatal(err)
	}
	ctx, progress := providers.WithProgress(t.Context())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	switch fault.Kind {
	case twin.Hang, twin.HangBody, twin.Drip:
		go cancelOnce(ctx, cancel, func() bool { return len(s.Requests("send")) > 0 })
	}
	_, err := s.carrier.Deliver(ctx, message(1))
	e := refusal(t, err)
	refused := fault.Kind == twin.Refused && e.Class == providers.Transient // it was closed before all was written
	if e.Class != want && !refused || e.RetryAfter != retry {
		t.Errorf("got %v with retry after %v; want %v with %v", e, e.RetryAfter, want, retry)
	}
	if e.Class == providers.Ambiguous && !progress.Written() {
		t.Error("the request was not reported as written")
	}
	if n := len(s.Requests("send")); n > 1 {
		t.Errorf("the upstream was asked %d times", n)
	}
	s.Faults.Clear("")
	if _, err := s.carrier.Deliver(t.Context(), message(2)); err != nil {
		t.Errorf("does not recover: %v", err)
	}
}

// cancelOnce gives up for the caller as soon as it may.
func cancelOnce(ctx context.Context, cancel context.CancelFunc, may func() bool) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !may() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
	cancel()
}

func TestMagicNumbersHaveTheirClass(t *testing.T) {
	t.Parallel()
	classes := map[twin.Trait]providers.Class{
		twin.Invalid: providers.Rejected, twin.Barred: providers.Rejected, twin.NoBalance: providers.Exhausted,
		twin.WrongSender: providers.Unsupported, twin.TooMany: providers.Throttled, twin.Broken: providers.Transient,
	}
	s := start(t, whatsapptwin.Options{})
	for _, magic := range twin.MagicNumbers() {
		want, ok := classes[magic.Trait]
		if !ok {
			continue
		}
		m := message(1)
		m.To = providers.NewPhone("+23320123"+magic.Tail, "GH", "020123"+magic.Tail)
		_, err := s.carrier.Deliver(t.Context(), m)
		if e := refusal(t, err); e.Class != want || (e.RetryAfter != 0) != (want == providers.Throttled) {
			t.Errorf("%s is %v with retry after %v, want %v", magic.Trait, e, e.RetryAfter, want)
		}
	}
}

func TestWrongTokenIsToldFromARefusal(t *testing.T) {
	t.Parallel()
	s := start(t, whatsapptwin.Options{})
	o := options(s.server.URL)
	o.Token = secret("another-token")
	_, err := build(t, o).Deliver(t.Context(), message(1))
	if e := refusal(t, err); e.Class != providers.Credentials || e.Code != "190" {
		t.Errorf("got %v", e)
	}
}

// As long as the connection is not there, nothing can have been written.
func TestAConnectionThatIsNeverReadyIsTransient(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var taken atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			taken.Store(true)
		}
	}()
	defer func() { _ = l.Close(); <-done }()
	ctx, progress := providers.WithProgress(t.Context())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go cancelOnce(ctx, cancel, taken.Load)
	_, err = build(t, options("https://"+l.Addr().String())).Deliver(ctx, message(1))
	if e := refusal(t, err); e.Class != providers.Transient || !errors.Is(e, context.Canceled) || progress.Written() {
		t.Errorf("got %v, written: %v", e, progress.Written())
	}
}
