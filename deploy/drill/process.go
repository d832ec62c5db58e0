package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is a gateway in a process of its own.
type process struct {
	cmd     *exec.Cmd
	folder  string // of configuration, database and log
	url     string
	console string // its address, as a URL
	log     *journal
	done    chan struct{} // closed when it has ended
	err     error         // how it ended; read it after done
}

// serve starts `otpgate serve` with the settings and waits until it takes requests.
func (s *stage) serve(set settings) (*process, error) {
	file, err := s.write(&set, "drill")
	if err != nil {
		return nil, err
	}
	return s.serveFile(file)
}

// serveFile is serve with a configuration that stands already.
func (s *stage) serveFile(file string) (*process, error) {
	return s.start(exec.CommandContext(s.ctx, s.binary, "serve", "--config", file), filepath.Dir(file))
}

// start runs a command whose log says where it serves; the log goes to a file in folder. The process is ended with the
// drill, if not before.
func (s *stage) start(cmd *exec.Cmd, folder string) (*process, error) {
	log, err := newJournal(folder)
	if err != nil {
		return nil, err
	}
	s.atEnd(func() { log.file.Close() })
	p := &process{cmd: cmd, folder: folder, log: log, done: make(chan struct{})}
	cmd.Stderr = log.file
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	s.atEnd(func() { s.end(p) })
	s.await(10*time.Second, func() bool { return p.ended() || p.serving() })
	if p.url == "" {
		return nil, fmt.Errorf("the gateway did not start; see %s", log.file.Name())
	}
	return p, nil
}

func (p *process) serving() bool {
	p.log.read(func(l line) {
		if l.Msg == "serving" {
			p.url, p.console = "http://"+l.Address, "http://"+l.Console
		}
	})
	return p.url != ""
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// end stops the process in order and expects that it heeds that, unless it was ended before.
func (s *stage) end(p *process) {
	if p.ended() {
		return
	}
	began := time.Now()
	err := p.stop()
	s.expect(err == nil, "the gateway stops cleanly: %s, after %v", outcome(err), short(time.Since(began)))
}

func outcome(err error) string {
	if err == nil {
		return "exit code 0"
	}
	return err.Error()
}

// stop ends the process as an operator would.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails only when it has ended by itself, and then done tells
	select {
	case <-p.done:
		return p.err
	case <-time.After(45 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
		return errors.New("it had to be killed")
	}
}

// kill ends the process as a crash would.
func (p *process) kill() error {
	if p.ended() {
		return fmt.Errorf("the gateway ended by itself: %s", outcome(p.err))
	}
	err := p.cmd.Process.Kill()
	<-p.done
	return err
}
