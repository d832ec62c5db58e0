package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
)

// clerk takes reports as the store would.
type clerk struct {
	got map[string][]string
	err error
	max int // reports at once
}

func (c *clerk) report(ctx context.Context, provider string, reports []providers.Report) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.got == nil {
		c.got = map[string][]string{}
	}
	for _, r := range reports {
		c.got[provider] = append(c.got[provider], r.UpstreamID)
	}
	c.max = max(c.max, len(reports))
	return c.err
}

// Nobody who reports waits for the store: what there is no room for is lost, and the log says how much.
func TestMailboxNeverMakesAProviderWait(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	m := newMailbox(slog.New(slog.NewTextHandler(&log, nil)))
	for n := range maxHeard + 7 {
		m.put(heard{"own", providers.Report{UpstreamID: fmt.Sprint(n)}})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	c := new(clerk)
	m.empty(ended, c.report)
	if n := len(c.got["own"]); n != maxHeard || c.max > heardBatch {
		t.Errorf("%d reports arrived, %d at once", n, c.max)
	}
	for n, id := range c.got["own"] {
		if id != fmt.Sprint(n) {
			t.Fatalf("report %d is %s", n, id)
		}
	}
	if said := log.String(); !strings.Contains(said, "faster than the store") || !strings.Contains(said, "reports=7") {
		t.Errorf("logged: %s", said)
	}
}

func TestMailboxTellsProvidersApart(t *testing.T) {
	t.Parallel()
	m := newMailbox(slog.New(slog.DiscardHandler))
	for n := range 6 {
		m.put(heard{fmt.Sprint("p", n%2), providers.Report{UpstreamID: fmt.Sprint(n)}})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	c := new(clerk)
	m.empty(ended, c.report)
	if fmt.Sprint(c.got) != "map[p0:[0 2 4] p1:[1 3 5]]" {
		t.Errorf("got %v", c.got)
	}
}

func TestReportsThatCannotBeStoredAreInTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	m := newMailbox(slog.New(slog.NewTextHandler(&log, nil)))
	m.put(heard{"own", providers.Report{UpstreamID: "canary"}})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	m.empty(ended, (&clerk{err: errors.New("disk full")}).report)
	said := log.String()
	told := strings.Contains(said, "disk full") && strings.Contains(said, "provider=own")
	if !told || strings.Contains(said, "canary") {
		t.Errorf("logged: %s", said)
	}
}
