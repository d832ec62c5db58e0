// Package redistest runs a real Redis for tests: a process of its own on a free port of this machine.
package redistest

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Server is a running Redis. It can be killed and launched again.
type Server struct {
	Address string
	folder  string
	args    []string
	process *exec.Cmd
}

// Start runs a Redis with its data in folder and args on its command line. It keeps nothing on disk unless args say so.
func Start(folder string, args ...string) (*Server, error) {
	return start(folder, append([]string{"--save", ""}, args...)...)
}

// StartSentinel runs a sentinel by a file of settings, which it writes to.
func StartSentinel(folder, settings string) (*Server, error) {
	return start(folder, settings, "--sentinel")
}

func start(folder string, args ...string) (*Server, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	s := &Server{Address: address, folder: folder, args: args}
	return s, s.Launch()
}

// Launch starts the process, and waits until it answers.
func (s *Server) Launch() error {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return fmt.Errorf("these tests need a Redis: apt-get install redis-server, or make packages (%w)", err)
	}
	_, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		return err
	}
	own := []string{
		"--bind", "127.0.0.1", "--port", port, "--dir", s.folder, "--logfile", filepath.Join(s.folder, port+".log"),
	}
	s.process = exec.Command(program, append(slices.Clone(s.args), own...)...)
	if err := s.process.Start(); err != nil {
		return err
	}
	err = s.Await(func(c *goredis.Client) error { return c.Ping(context.Background()).Err() })
	if err != nil {
		s.Kill()
	}
	return err
}

// patience is how long a server is waited for.
const patience = 20 * time.Second

// Await waits until ready has no error any more.
func (s *Server) Await(ready func(*goredis.Client) error) error {
	c := s.Client()
	defer func() { _ = c.Close() }()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err = ready(c); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("redis-server at %s: %w", s.Address, err)
}

// Client is a plain client of the server.
func (s *Server) Client() *goredis.Client {
	return goredis.NewClient(&goredis.Options{Addr: s.Address, Protocol: 2, DisableIdentity: true, MaxRetries: -1})
}

// Kill ends the process as a power cut would, and waits until it is gone.
func (s *Server) Kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// FreeAddress is one of this machine that nobody listens on.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
