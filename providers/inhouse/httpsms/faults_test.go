package httpsms_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms/httpsmstwin"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/twin"
)

// TestUpstreamFaults: each class is what the fault means, whether it struck before the message was taken or after, and
// nothing is asked twice.
func TestUpstreamFaults(t *testing.T) {
	t.Parallel()
	status := func(code int, retryAfter string) twin.Fault {
		return twin.Fault{Kind: twin.Status, Status: code, RetryAfter: retryAfter}
	}
	const ambiguous, transient, unknown = providers.Ambiguous, providers.Transient, providers.Unknown
	tests := map[string]struct {
		fault twin.Fault
		want  []providers.Class
		retry time.Duration
	}{
		"refused":          {fault: twin.Fault{Kind: twin.Refused}, want: []providers.Class{transient, ambiguous}},
		"reset":            {fault: twin.Fault{Kind: twin.Reset}, want: []providers.Class{ambiguous}},
		"hang":             {fault: twin.Fault{Kind: twin.Hang}, want: []providers.Class{ambiguous}},
		"hang in the body": {fault: twin.Fault{Kind: twin.HangBody}, want: []providers.Class{ambiguous}},
		"drip":             {fault: twin.Fault{Kind: twin.Drip}, want: []providers.Class{ambiguous}},
		"cut":              {fault: twin.Fault{Kind: twin.Cut}, want: []providers.Class{ambiguous}},
		"truncated":        {fault: twin.Fault{Kind: twin.Truncated}, want: []providers.Class{ambiguous}},
		"a page":           {fault: twin.Fault{Kind: twin.HTML}, want: []providers.Class{ambiguous}},
		"10 MB":            {fault: twin.Fault{Kind: twin.Huge}, want: []providers.Class{ambiguous}},
		"empty":            {fault: twin.Fault{Kind: twin.Empty}, want: []providers.Class{ambiguous}},
		"wrong types":      {fault: twin.Fault{Kind: twin.WrongTypes}, want: []providers.Class{ambiguous, unknown}},
		"another API":      {fault: twin.Fault{Kind: twin.OtherJSON}, want: []providers.Class{ambiguous}},
		"500":              {fault: status(500, ""), want: []providers.Class{transient}},
		"502":              {fault: status(502, ""), want: []providers.Class{transient}},
		"503":              {fault: status(503, "5"), want: []providers.Class{transient}, retry: 5 * time.Second},
		"429":              {fault: status(429, ""), want: []providers.Class{providers.Throttled}},
		"429 with Retry-After": {
			fault: status(429, "30"), want: []providers.Class{providers.Throttled}, retry: 30 * time.Second,
		},
		"401": {fault: status(401, ""), want: []providers.Class{providers.Credentials}},
		"403": {fault: status(403, ""), want: []providers.Class{
			providers.Credentials, providers.Unsupported, // the vendor of hubtel-sms gives it a meaning of its own
		}},
		"402":      {fault: status(402, ""), want: []providers.Class{providers.Exhausted}},
		"404":      {fault: status(404, ""), want: []providers.Class{unknown}},
		"redirect": {fault: twin.Fault{Kind: twin.Redirect}, want: []providers.Class{unknown}},
	}
	for model, m := range models() {
		for name, test := range tests {
			for _, after := range []bool{false, true} {
				if after && test.fault.Kind == twin.Refused {
					continue
				}
				test.fault.After = after
				t.Run(model+"/"+name, func(t *testing.T) {
					t.Parallel()
					m.fails(t, test.fault, test.want, test.retry)
				})
			}
		}
	}
}

func (m model) fails(t *testing.T, fault twin.Fault, want []providers.Class, retry time.Duration) {
	t.Helper()
	s := m.start(t, nil)
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
	_, err := s.carrier.Deliver(ctx, m.message(1))
	e := refusal(t, err)
	if !slices.Contains(want, e.Class) || e.RetryAfter != retry {
		t.Errorf("got %v with retry after %v; want one of %v with %v", e, e.RetryAfter, want, retry)
	}
	if e.Class == providers.Ambiguous && !progress.Written() {
		t.Error("the request was not reported as written")
	}
	if n := len(s.Requests("send")); n > 1 {
		t.Errorf("the upstream was asked %d times", n)
	}
	s.Faults.Clear("")
	if _, err := s.carrier.Deliver(t.Context(), m.message(2)); err != nil {
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

func TestADeliveryThatComesTwiceIsNoFailure(t *testing.T) {
	t.Parallel()
	for name, m := range models() {
		s := m.start(t, nil)
		if err := s.Faults.Set(twin.Fault{Kind: twin.Duplicate}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.carrier.Deliver(t.Context(), m.message(1)); err != nil || len(s.arrivals()) != 2 {
			t.Errorf("%s: got %v and %d messages", name, err, len(s.arrivals()))
		}
	}
}

func TestMagicNumbersHaveTheirClass(t *testing.T) {
	t.Parallel()
	const unknown = providers.Unknown
	classes := map[twin.Trait]providers.Class{
		twin.Invalid: providers.Rejected, twin.Barred: providers.Rejected, twin.NoBalance: providers.Exhausted,
		twin.WrongSender: providers.Unsupported, twin.TooMany: providers.Throttled, twin.Broken: providers.Transient,
	}
	others := map[string]map[twin.Trait]providers.Class{
		"hubtel-sms":           {twin.Barred: providers.Unsupported},
		"hubtel-sms, wrapped":  {twin.Barred: providers.Unsupported},
		"sendexa-sms":          {twin.Barred: unknown},
		"zend-messages":        {twin.Invalid: providers.Unsupported, twin.Barred: unknown},
		"arkesel":              {twin.WrongSender: unknown},
		"mnotify":              {twin.WrongSender: unknown, twin.NoBalance: unknown},
		"termii":               {twin.Invalid: unknown, twin.Barred: unknown},
		"termii-voice":         {twin.Invalid: unknown, twin.Barred: unknown},
		"africastalking-voice": {twin.Barred: providers.Unsupported, twin.WrongSender: unknown},
		"arkesel-voice":        {twin.WrongSender: unknown},
	}
	for name, m := range models() {
		s := m.start(t, nil)
		for _, magic := range twin.MagicNumbers() {
			want, ok := classes[magic.Trait]
			if !ok {
				continue
			}
			if other, ok := others[name][magic.Trait]; ok {
				want = other
			}
			one := m.message(1)
			one.To = providers.NewPhone("+23320123"+magic.Tail, "GH", "020123"+magic.Tail)
			_, err := s.carrier.Deliver(t.Context(), one)
			if e := refusal(t, err); e.Class != want || (e.RetryAfter != 0) != (want == providers.Throttled) {
				t.Errorf("%s: %s is %v with retry after %v, want %v", name, magic.Trait, e, e.RetryAfter, want)
			}
		}
	}
}

func TestAWrongKeyIsToldFromARefusal(t *testing.T) {
	t.Parallel()
	for name, m := range models() {
		wrong := m
		wrong.twin = func(o httpsmstwin.Options) *twin.Twin {
			o.User, o.Key = "another-user", "another-key"
			return m.twin(o)
		}
		_, err := wrong.start(t, nil).carrier.Deliver(t.Context(), m.message(1))
		if e := refusal(t, err); e.Class != providers.Credentials {
			t.Errorf("%s: got %v", name, e)
		}
	}
}

// TestAConnectionThatIsNeverReadyIsTransient: as long as the connection is not there, nothing can have been written.
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
	tr := build(t, models()["described, JSON"].toward(t, "https://"+l.Addr().String()))
	ctx, progress := providers.WithProgress(t.Context())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go cancelOnce(ctx, cancel, taken.Load)
	_, err = tr.Deliver(ctx, message(1))
	if e := refusal(t, err); e.Class != providers.Transient || !errors.Is(e, context.Canceled) || progress.Written() {
		t.Errorf("got %v, written: %v", e, progress.Written())
	}
}

func TestOwnTimeoutBoundsADelivery(t *testing.T) {
	t.Parallel()
	m := models()["described, form"]
	m.options.Timeout = 100 * time.Millisecond
	s := m.start(t, nil)
	if err := s.Faults.Set(twin.Fault{Kind: twin.HangBody}); err != nil {
		t.Fatal(err)
	}
	var receipt transport.Receipt
	receipt, err := s.carrier.Deliver(t.Context(), message(1))
	e := refusal(t, err)
	if e.Class != providers.Ambiguous || !errors.Is(e, context.DeadlineExceeded) || receipt.ID != "" {
		t.Errorf("got %v", e)
	}
}
