package smtp_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/mail"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smtp"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

func TestConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	m := startServer(t, new(mailServer))
	tr := build(t, m, nil)
	for range 5 {
		if err := deliver(t, tr, 1); err != nil {
			t.Fatal(err)
		}
	}
	if accepted, open := m.connections(); accepted != 1 || open != 1 {
		t.Errorf("%d connections were made and %d are open, want one", accepted, open)
	}
}

func TestNoMoreConnectionsThanAllowed(t *testing.T) {
	t.Parallel()
	m := startServer(t, new(mailServer))
	most := 0
	m.script(func(string, *gosmtp.Conn) error {
		_, open := m.connections()
		m.mu.Lock()
		defer m.mu.Unlock()
		most = max(most, open)
		return nil
	})
	tr := build(t, m, func(o *smtp.Options) { o.Connections = 3 })
	failed := make(chan error)
	for n := range 40 {
		go func() { failed <- deliver(t, tr, n) }()
	}
	for range 40 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if accepted, _ := m.connections(); accepted > 3 || most > 3 {
		t.Errorf("%d connections, %d at a time; three are allowed", accepted, most)
	}
}

func TestWaitForAConnectionEnds(t *testing.T) {
	t.Parallel()
	m := startServer(t, new(mailServer))
	reached := make(chan struct{})
	m.script(func(at string, _ *gosmtp.Conn) error {
		if at == "mail" {
			close(reached)
			<-m.gone
		}
		return nil
	})
	tr := build(t, m, func(o *smtp.Options) { o.Connections = 1 })
	first, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := tr.Deliver(first, suite().Message(1, "{code}"))
		done <- err
	}()
	<-reached
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	_, err := tr.Deliver(ctx, suite().Message(1, "{code}"))
	if class, _ := refusal(t, err); class != providers.Transient || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	m.script(nil)
	if err := deliver(t, tr, 1); err != nil {
		t.Errorf("the place of a cancelled delivery is lost: %v", err)
	}
}

func TestServerRestarts(t *testing.T) {
	t.Parallel()
	m := startServer(t, new(mailServer))
	tr := build(t, m, nil)
	m.fill(t, tr, 8)
	m.stop()
	if class, _ := refusal(t, deliver(t, tr, 1)); class != providers.Transient {
		t.Errorf("got %v, want transient", class)
	}
	m.start(t)
	for range 3 {
		if err := deliver(t, tr, 1); err != nil {
			t.Errorf("does not recover: %v", err)
		}
	}
}

// fill makes n deliveries at a time, which leave n idle connections.
func (m *mailServer) fill(t *testing.T, tr transport.Transport, n int) {
	t.Helper()
	var there sync.WaitGroup
	there.Add(n)
	m.script(func(at string, _ *gosmtp.Conn) error {
		if at == "mail" {
			there.Done()
			there.Wait()
		}
		return nil
	})
	failed := make(chan error)
	for i := range n {
		go func() { failed <- deliver(t, tr, i) }()
	}
	for range n {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
	m.script(nil)
}

func TestDeadConnectionsAreFoundOutOnce(t *testing.T) {
	t.Parallel()
	m := startServer(t, new(mailServer))
	tr := build(t, m, nil)
	m.fill(t, tr, 3)
	m.mu.Lock()
	old := m.accepted
	m.mu.Unlock()
	hang := m.hang("reset")
	var asked atomic.Int32
	m.script(func(at string, c *gosmtp.Conn) error {
		if accepted, _ := m.connections(); at == "reset" && accepted == old {
			asked.Add(1)
			return hang(at, c)
		}
		return nil
	})
	for range 3 {
		if err := deliver(t, tr, 1); err != nil {
			t.Fatal(err)
		}
	}
	if accepted, _ := m.connections(); old != 3 || accepted != 4 || asked.Load() != 1 {
		t.Errorf("of %d connections %d were asked; %d were made in all", old, asked.Load(), accepted)
	}
	m.awaitOpen(t, 2) // the new one, and the one at whose end the server hangs
}

func TestLateAnswerIsNotTakenForAnother(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"mail", "data"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			m := startServer(t, new(mailServer))
			reached, release := make(chan struct{}), make(chan struct{})
			m.script(func(at string, _ *gosmtp.Conn) error {
				if at == point {
					close(reached)
					<-release
				}
				return nil
			})
			tr := build(t, m, nil)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() {
				_, err := tr.Deliver(ctx, suite().Message(1, "{code}"))
				done <- err
			}()
			<-reached
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			m.script(nil)
			close(release)
			if err := deliver(t, tr, 2); err != nil {
				t.Error(err)
			}
			if accepted, _ := m.connections(); accepted != 2 {
				t.Error("a connection that owes an answer was used again")
			}
		})
	}
}

func TestServerHangsUpOnIdleConnection(t *testing.T) {
	t.Parallel()
	m := startServer(t, new(mailServer))
	var last atomic.Pointer[gosmtp.Conn]
	m.script(func(_ string, c *gosmtp.Conn) error {
		last.Store(c)
		return nil
	})
	tr := build(t, m, nil)
	if err := deliver(t, tr, 1); err != nil {
		t.Fatal(err)
	}
	_ = last.Load().Conn().Close()
	if err := deliver(t, tr, 1); err != nil {
		t.Errorf("a connection that the server closed must not fail a delivery: %v", err)
	}
	if accepted, _ := m.connections(); accepted != 2 {
		t.Errorf("%d connections, want 2", accepted)
	}
}

func TestIdleConnectionIsClosed(t *testing.T) {
	t.Parallel()
	m := startServer(t, new(mailServer))
	tr := build(t, m, func(o *smtp.Options) { o.IdleTimeout = 20 * time.Millisecond })
	if err := deliver(t, tr, 1); err != nil {
		t.Fatal(err)
	}
	m.awaitOpen(t, 0)
	if err := deliver(t, tr, 1); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsIdleConnectionsAndNotTheService(t *testing.T) {
	t.Parallel()
	m := startServer(t, new(mailServer))
	tr := build(t, m, nil)
	if err := deliver(t, tr, 1); err != nil {
		t.Fatal(err)
	}
	closer, ok := tr.(io.Closer)
	if !ok || closer.Close() != nil {
		t.Fatal("cannot be closed")
	}
	m.awaitOpen(t, 0)
	if err := deliver(t, tr, 1); err != nil {
		t.Errorf("a delivery that comes late must still be served: %v", err)
	}
	m.awaitOpen(t, 0)
}

// awaitOpen waits until the server has n connections.
func (m *mailServer) awaitOpen(t *testing.T, n int) {
	t.Helper()
	if !m.await(func() bool { _, open := m.connections(); return open == n }) {
		t.Fatalf("there are not %d connections after %v", n, patience)
	}
}

// patience bounds everything that a test waits for.
const patience = 30 * time.Second

// await waits until held, for as long as the test runs and patience lasts.
func (m *mailServer) await(held func() bool) bool {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	over := time.After(patience)
	for !held() {
		select {
		case <-tick.C:
		case <-m.gone:
			return false
		case <-over:
			return false
		}
	}
	return true
}

func sameAddress(t *testing.T, a, b string) bool {
	t.Helper()
	left, err := mail.ParseAddress(a)
	if err != nil {
		t.Fatal(err)
	}
	right, err := mail.ParseAddress(b)
	if err != nil {
		t.Fatal(err)
	}
	return *left == *right
}

func decodeHeader(s string) (string, error) { return new(mime.WordDecoder).DecodeHeader(s) }
