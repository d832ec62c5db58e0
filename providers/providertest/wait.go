package providertest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// trapping is a host that nobody may be sent to.
type trapping struct {
	url  string
	hits atomic.Int64
}

func trap(t *testing.T) *trapping {
	t.Helper()
	one := new(trapping)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { one.hits.Add(1) }))
	t.Cleanup(s.Close)
	one.url = strings.TrimSuffix(s.URL, "/") + "/elsewhere"
	return one
}

// deadline is a context whose time is up when something has happened, not when a clock says so.
type deadline struct {
	context.Context
	passed chan struct{}
	once   sync.Once
}

func newDeadline(parent context.Context) *deadline {
	return &deadline{Context: parent, passed: make(chan struct{})}
}

// Done implements [context.Context].
func (d *deadline) Done() <-chan struct{} { return d.passed }

// Err implements [context.Context].
func (d *deadline) Err() error {
	select {
	case <-d.passed:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func (d *deadline) passWhen(happened func() bool) {
	when(d.Context, happened, func() { d.once.Do(func() { close(d.passed) }) })
}

// when calls then as soon as happened, and at the latest when ctx or the suite's patience is over.
func when(ctx context.Context, happened func() bool, then func()) {
	defer then()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	over := time.NewTimer(patience)
	defer over.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		case <-over.C:
			return
		}
	}
}
