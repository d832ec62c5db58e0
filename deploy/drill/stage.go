package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"time"
)

// stage is what one drill works on, and where it says what it sees.
type stage struct {
	ctx    context.Context
	binary string // otpgate
	folder string
	seed   uint64
	failed int      // expectations
	after  []func() // in reverse order, at the end
}

// hold holds one drill and tells whether it passed.
func (d drill) hold(parent context.Context, c runCommand) bool {
	began := time.Now()
	fmt.Printf("\n%s: %s\n", d.name, d.what)
	ctx, cancel := context.WithTimeout(parent, d.most)
	defer cancel()
	s := &stage{ctx: ctx, binary: c.Otpgate, seed: c.Seed}
	err := s.open()
	if err == nil {
		err = d.run(s)
	}
	for _, undo := range slices.Backward(s.after) {
		undo()
	}
	if ctx.Err() != nil && parent.Err() == nil {
		s.expect(false, "it takes no longer than %v", d.most)
	}
	took := time.Since(began).Round(time.Second)
	switch {
	case err != nil:
		fmt.Printf("FAIL  %s in %v: %v; its files are in %s\n", d.name, took, err, s.folder)
	case s.failed > 0:
		fmt.Printf("FAIL  %s in %v: %d expectations; its files are in %s\n", d.name, took, s.failed, s.folder)
	default:
		_ = os.RemoveAll(s.folder)
		fmt.Printf("PASS  %s in %v\n", d.name, took)
	}
	return err == nil && s.failed == 0
}

func (s *stage) open() (err error) {
	s.folder, err = os.MkdirTemp("", "otpgate-drill")
	return err
}

// atEnd has something undone when the drill is over, in reverse order.
func (s *stage) atEnd(undo func()) { s.after = append(s.after, undo) }

// say prints what was done or counted.
func (s *stage) say(format string, args ...any) { fmt.Printf("      "+format+"\n", args...) }

// expect prints whether the gateway kept its word in one point.
func (s *stage) expect(holds bool, format string, args ...any) {
	mark := "  ok  "
	if !holds {
		mark = "  NOT "
		s.failed++
	}
	fmt.Printf(mark+format+"\n", args...)
}

// rest waits, or breaks off with the drill.
func (s *stage) rest(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

// await looks every few milliseconds until the condition holds, and tells whether it came to hold in time.
func (s *stage) await(within time.Duration, holds func() bool) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(within)
	for !holds() {
		select {
		case <-tick.C:
		case <-end:
			return holds()
		case <-s.ctx.Done():
			return false
		}
	}
	return true
}

// listen serves h on a free port of the loopback until the drill is over.
func (s *stage) listen(h http.Handler) (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(l) }() // ends with Close
	s.atEnd(func() { _ = server.Close() })
	return "http://" + l.Addr().String(), nil
}
