package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
)

// What the two pass-throughs differ in is whether a crowd of requests finds the connections of the one before it.
func TestOnlyTheStricterYardstickKeepsItsConnections(t *testing.T) {
	t.Parallel()
	const many = 16
	for name, c := range map[string]struct {
		keep   int
		fewest int // new connections of the second crowd
		most   int
	}{
		"bare":    {keep: 0, fewest: many / 2, most: many},
		"keeping": {keep: many, fewest: 0, most: 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newMeeting(t, many)
			client := passthroughCommand{Keep: c.keep}.client()
			u.crowd(client)
			before := int(u.made.Load())
			u.crowd(client)
			if made := int(u.made.Load()) - before; made < c.fewest || made > c.most {
				t.Errorf("the second crowd of %d made %d connections, want %d to %d", many, made, c.fewest, c.most)
			}
		})
	}
}

// meeting is an upstream that answers nobody before everybody is there.
type meeting struct {
	t    *testing.T
	many int
	url  string
	made atomic.Int64 // connections

	arriving sync.WaitGroup
}

func newMeeting(t *testing.T, many int) *meeting {
	m := &meeting{t: t, many: many}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		m.arriving.Done()
		m.arriving.Wait()
		_, _ = io.WriteString(w, "here")
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			m.made.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	m.url = s.URL
	return m
}

// crowd makes as many requests at once as the upstream waits for, and returns when all are answered.
func (m *meeting) crowd(client *http.Client) {
	m.arriving.Add(m.many)
	var all sync.WaitGroup
	for range m.many {
		all.Go(func() {
			resp, err := client.Post(m.url, "application/json", nil) // no POST is repeated by itself
			if err != nil {
				m.arriving.Done() // the others do not wait for it
				m.t.Error(err)
				return
			}
			defer resp.Body.Close()
			if _, err := io.ReadAll(resp.Body); err != nil {
				m.t.Error(err)
			}
		})
	}
	all.Wait()
}
