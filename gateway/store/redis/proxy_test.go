package redis_test

import (
	"net"
	"sync"
	"testing"
	"time"
)

// proxy stands between a store and its Redis, and does harm.
type proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	conns map[net.Conn]bool
	hole  bool          // what is sent is swallowed
	delay time.Duration // of what Redis answers
	gone  bool          // new connections are closed at once

	all sync.WaitGroup
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, conns: map[net.Conn]bool{}}
	p.all.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.set(func() { p.gone = true })
		p.cut()
		p.all.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// cut closes all connections there are.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

func (p *proxy) accept() {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		p.mu.Lock()
		if p.gone {
			_, _ = near.Close(), far.Close()
		} else {
			p.conns[near], p.conns[far] = true, true
		}
		p.mu.Unlock()
		p.all.Go(func() { p.copy(far, near, func() time.Duration { return 0 }) })
		p.all.Go(func() { p.copy(near, far, func() time.Duration { return p.delay }) })
	}
}

func (p *proxy) copy(to, from net.Conn, delay func() time.Duration) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		hole, wait := p.hole, delay()
		p.mu.Unlock()
		if err != nil {
			return
		}
		if hole {
			continue
		}
		time.Sleep(wait) // that is the harm it is there for
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
