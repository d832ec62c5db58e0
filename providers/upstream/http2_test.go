package upstream

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// TestHTTP2 looks at what differs there: many calls share a connection, and a call that was written is told all the same.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	asked := make(chan int, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			asked <- r.ProtoMajor
			<-r.Context().Done()
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	c, err := New(Config{Provider: "one", BaseURL: server.URL, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	c.pooled.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	t.Cleanup(func() { _ = c.Close() })

	if _, err := c.Do(t.Context(), Call{Op: "send", Method: http.MethodPost, Path: []string{"fine"}}); err != nil {
		t.Fatal(err)
	}
	ctx, progress := providers.WithProgress(t.Context())
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		if proto := <-asked; proto != 2 {
			t.Errorf("HTTP/%d was spoken", proto)
		}
		cancel()
	}()
	_, err = c.Do(ctx, Call{Op: "send", Method: http.MethodPost, Path: []string{"hang"}, Body: struct{}{}})
	if !errors.Is(err, context.Canceled) || providers.ClassOf(err) != providers.Ambiguous || !progress.Written() {
		t.Errorf("got %v, written %v", err, progress.Written())
	}
}
