package twin

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Twin is the part of a twin that does not depend on the upstream. A twin's package adds the endpoints with
// [Twin.Handle] and delivers with [Twin.Deliver].
type Twin struct {
	Name   string
	Inbox  *Inbox
	Faults *Faults

	mux    *http.ServeMux
	closed chan struct{}
	close  sync.Once

	mu       sync.Mutex
	requests []Request // oldest first
}

// New makes a twin that delivers into inbox; nil: one of its own.
func New(name string, inbox *Inbox) *Twin {
	if inbox == nil {
		inbox = new(Inbox)
	}
	t := &Twin{
		Name: name, Inbox: inbox, Faults: new(Faults), mux: http.NewServeMux(), closed: make(chan struct{}),
	}
	t.control()
	return t
}

// Now is the twin's time.
func (t *Twin) Now() time.Time { return t.Inbox.Clock.Now() }

// Handle answers requests that match pattern ("POST /otp/send") with h. endpoint is what the operation is called in
// faults and in [Request]: "send", "verify", "resend", "status". The body that h reads is whole and bounded.
func (t *Twin) Handle(endpoint, pattern string, h http.HandlerFunc) {
	t.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		f, struck := t.Faults.strike(endpoint)
		if struck && f.Kind == Refused {
			reset(w)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		t.record(endpoint, r, body)
		if struck {
			t.act(f, h, w, r)
			return
		}
		h(w, r)
	})
}

// ServeHTTP implements [http.Handler].
func (t *Twin) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.mux.ServeHTTP(w, r) }

// Close ends every request that a fault holds.
func (t *Twin) Close() { t.close.Do(func() { close(t.closed) }) }

// Deliver puts a message into the inbox, as the trait of its recipient and a fault of the request r would have it.
func (t *Twin) Deliver(r *http.Request, channel providers.Channel, to, from, text string) {
	m := Message{To: to, Channel: channel, From: from, Text: text, At: t.Now(), Twin: t.Name}
	trait := TraitOf(to)
	switch trait {
	case NeverArrives:
		return
	case Slow:
		t.pause(r.Context(), SlowBy)
	case ArrivesLate:
		m.At = m.At.Add(LateBy)
	}
	t.Inbox.add(m)
	if trait == ArrivesDouble || r.Context().Value(doubleKey{}) != nil {
		t.Inbox.add(m)
	}
}

// Show puts a message into the inbox at once, whoever it is for: what a person can look up does not get lost on the
// way.
func (t *Twin) Show(channel providers.Channel, to, from, text string) {
	t.Inbox.add(Message{To: to, Channel: channel, From: from, Text: text, At: t.Now(), Twin: t.Name})
}

// doubleKey marks the context of a request whose messages are delivered twice.
type doubleKey struct{}

// pause waits until d is over, the client has left, or the twin is closed.
func (t *Twin) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-t.closed:
	}
}

// Request is what a twin was asked. It holds codes and credentials and is for tests only.
type Request struct {
	Endpoint string
	Method   string
	Path     string // as it was written, escapes and all
	Query    string
	Header   http.Header
	Body     string
}

// Requests returns the last requests to endpoint, oldest first. Empty means any endpoint.
func (t *Twin) Requests(endpoint string) []Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []Request
	for _, r := range t.requests {
		if endpoint == "" || r.Endpoint == endpoint {
			found = append(found, r)
		}
	}
	return found
}

func (t *Twin) record(endpoint string, r *http.Request, body []byte) {
	const kept = 256
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.requests) >= 2*kept {
		t.requests = slices.Clone(t.requests[kept:])
	}
	t.requests = append(t.requests, Request{
		Endpoint: endpoint, Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery,
		Header: r.Header.Clone(), Body: string(body),
	})
}
