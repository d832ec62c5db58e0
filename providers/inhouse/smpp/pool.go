package smpp

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// imminent is how far away the next attempt to bind may be for somebody to wait for it. Who would wait longer is told
// at once, and routing moves on.
const imminent = time.Second

// pool shares out the places of all binds: each has as many as the window allows.
type pool struct {
	window int

	mu      sync.Mutex
	lines   []*line
	waiting list.List        // of *waiter, the longest first
	failure *providers.Error // why the last bind that went down did
}

// line is what the pool knows of one bind. It is up with a session, down until its next attempt, or being tried.
type line struct {
	session *session  // nil: not up
	free    int       // places left
	next    time.Time // of the next attempt; zero: one is under way
}

// place is the right to one unanswered message on a session.
type place struct {
	line    *line
	session *session
}

// waiter is somebody without a place so far.
type waiter struct{ got chan grant }

type grant struct {
	place place
	err   *providers.Error
}

func newPool(binds, window int) *pool {
	p := &pool{window: window}
	for range binds {
		p.lines = append(p.lines, new(line))
	}
	return p
}

// take returns a place on the bind that has the most of them, for the caller alone until it is given back. It waits
// while places are taken, or a bind may soon be up.
func (p *pool) take(ctx context.Context) (place, *providers.Error) {
	queued, now := p.enter()
	if queued == nil {
		return now.place, now.err
	}
	w, _ := queued.Value.(*waiter)
	select {
	case g := <-w.got:
		return g.place, g.err
	case <-ctx.Done():
		p.leave(queued)
		return place{}, failure(ctx, atQueue, ctx.Err())
	}
}

// enter grants a place or refuses one at once, or has the caller wait.
func (p *pool) enter() (*list.Element, grant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.best(); l != nil && p.waiting.Len() == 0 {
		return nil, grant{place: l.grant()}
	}
	if p.allDown() && p.soonest() > imminent {
		return nil, grant{err: p.failure}
	}
	return p.waiting.PushBack(&waiter{got: make(chan grant, 1)}), grant{}
}

// leave is for somebody who waits no longer. What was granted in the same moment goes back.
func (p *pool) leave(queued *list.Element) {
	p.mu.Lock()
	w, _ := p.waiting.Remove(queued).(*waiter)
	p.mu.Unlock()
	select {
	case g := <-w.got:
		if g.err == nil {
			p.give(g.place)
		}
	default:
	}
}

// give takes a place back.
func (p *pool) give(was place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if was.line.session == was.session { // else the places went with the session
		was.line.free++
		p.serve()
	}
}

// up says that a line has a session.
func (p *pool) up(l *line, s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.session, l.free, l.next = s, p.window, time.Time{}
	p.serve()
}

// down says that a line has none until the next attempt, why, and whether that attempt may well fare better. When no
// other is up or about to be, nobody is kept waiting in vain.
func (p *pool) down(l *line, why *providers.Error, next time.Time, hope bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.session, l.free, l.next = nil, 0, next
	p.failure = why
	if p.allDown() && (!hope || p.soonest() > imminent) {
		for p.waiting.Len() > 0 {
			p.first().got <- grant{err: why}
		}
	}
}

// trying says that an attempt has begun.
func (p *pool) trying(l *line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.next = time.Time{}
}

// serve hands free places to those who wait.
func (p *pool) serve() {
	for p.waiting.Len() > 0 {
		l := p.best()
		if l == nil {
			return
		}
		p.first().got <- grant{place: l.grant()}
	}
}

// first takes the longest waiter off the list.
func (p *pool) first() *waiter {
	w, _ := p.waiting.Remove(p.waiting.Front()).(*waiter)
	return w
}

// best is the line with the most free places; nil when there is none.
func (p *pool) best() *line {
	var best *line
	for _, l := range p.lines {
		if l.session != nil && l.free > 0 && !l.session.ended() && (best == nil || l.free > best.free) {
			best = l
		}
	}
	return best
}

func (p *pool) allDown() bool {
	for _, l := range p.lines {
		if l.session != nil || l.next.IsZero() {
			return false
		}
	}
	return true
}

// soonest is how long it takes until a line is tried again.
func (p *pool) soonest() time.Duration {
	first := p.lines[0].next
	for _, l := range p.lines {
		if l.next.Before(first) {
			first = l.next
		}
	}
	return time.Until(first)
}

func (l *line) grant() place {
	l.free--
	return place{line: l, session: l.session}
}
