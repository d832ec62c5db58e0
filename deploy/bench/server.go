package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// server is a program under test, or beside it, in a process of its own.
type server struct {
	name    string
	address string
	inside  string // address of a gateway's count of allocations; empty: none
	cmd     *exec.Cmd
	stop    func()        // tells it to stop; once and more
	ended   chan struct{} // closed when it has
}

// freeAddress is one of the loopback that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// serveSelf starts a command of this program that serves at an address of its own, which is put before the arguments.
func (b *bench) serveSelf(command string, args ...string) (*server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return b.serve(command, address, b.self, append([]string{command, address}, args...)...)
}

// serve starts a program and waits until it takes connections. What it complains of goes to a file.
func (b *bench) serve(name, address, program string, args ...string) (*server, error) {
	ctx, stop := context.WithCancel(b.ctx)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	complaints, err := os.CreateTemp(b.folder, name)
	if err != nil {
		stop()
		return nil, err
	}
	defer complaints.Close()
	cmd.Stderr = complaints
	if err := cmd.Start(); err != nil {
		stop()
		return nil, err
	}
	s := &server{name: name, address: address, cmd: cmd, stop: stop, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how a server ends does not matter once everything is measured
		close(s.ended)
	}()
	b.servers = append(b.servers, s)
	if err := s.await(b.ctx); err != nil {
		text, _ := os.ReadFile(complaints.Name())
		return nil, fmt.Errorf("%s: %w\n%s", name, err, text)
	}
	return s, nil
}

// await returns when the server takes connections.
func (s *server) await(ctx context.Context) error {
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := net.DialTimeout("tcp", s.address, time.Second); err == nil {
			return c.Close()
		}
		select {
		case <-tick.C:
		case <-deadline:
			return errors.New("it does not take connections")
		case <-s.ended:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// end stops the server and waits until it is gone.
func (s *server) end() {
	s.stop()
	<-s.ended
}

func (s *server) url(path string) string { return "http://" + s.address + path }

// run runs a program to its end, for at most the given time, in the folder of the bench.
func (b *bench) run(most time.Duration, environment []string, program string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(b.ctx, most)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = b.folder, append(os.Environ(), environment...), 2*time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, out)
	}
	return out, nil
}
