package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// recoverWithin is how long everything may take to work again after what it depends on is back.
const recoverWithin = 10 * time.Second

// redisServer is a Redis of a drill's own, on a free port of the loopback.
type redisServer struct {
	stage   *stage
	address string
	folder  string
	data    string // folder of the dump of RDB; that of AOF is in a folder below it
	args    []string
	cmd     *exec.Cmd
	gone    chan struct{} // closed when cmd has ended
}

// startRedis runs a Redis until the drill is over. It keeps on disk what args say, below a folder of its own.
func (s *stage) startRedis(args ...string) (*redisServer, error) {
	folder, err := os.MkdirTemp(s.folder, "redis")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(folder, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that nobody listens on
	if err != nil {
		return nil, err
	}
	r := &redisServer{stage: s, address: l.Addr().String(), folder: folder, data: data}
	if err := l.Close(); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(r.address)
	r.args = slices.Concat([]string{"--bind", "127.0.0.1", "--port", port, "--dir", data, "--save", ""}, args)
	s.atEnd(r.kill)
	return r, r.launch()
}

// store are the members of a gateway's block store.
func (r *redisServer) store() string {
	return fmt.Sprintf(`driver: redis, redis: {url: "redis://%s/0"}`, r.address)
}

// launch starts the process, and waits until it has read what it kept and answers.
func (r *redisServer) launch() error {
	cmd := exec.CommandContext(r.stage.ctx, "redis-server", r.args...)
	log, err := os.OpenFile(filepath.Join(r.folder, "redis.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own descriptor of it
	cmd.Stdout = log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("this drill needs a Redis: apt-get install redis-server, or make loads (%w)", err)
	}
	gone := make(chan struct{})
	r.cmd, r.gone = cmd, gone
	go func() {
		_ = cmd.Wait() // killed, mostly
		close(gone)
	}()
	if !r.stage.await(20*time.Second, func() bool { return r.command("PING", "+PONG") == nil }) {
		return fmt.Errorf("redis does not start; see %s", log.Name())
	}
	return nil
}

// command runs a command without arguments, and fails when it is answered otherwise than by want.
func (r *redisServer) command(name, want string) error {
	conn, err := net.DialTimeout("tcp", r.address, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // fails on closed connections only, and then reading does
	if _, err := fmt.Fprintf(conn, "%s\r\n", name); err != nil {
		return err
	}
	said, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && strings.TrimSpace(said) != want {
		err = fmt.Errorf("%s is answered %s", name, strings.TrimSpace(said))
	}
	return err
}

// kill ends the process as a crash would, stopped or not.
func (r *redisServer) kill() {
	if r.cmd == nil || r.cmd.Process == nil {
		return
	}
	_ = r.cmd.Process.Kill() // fails only when it has ended
	<-r.gone
}

// stop has the process stand still, with its connections open; resume lets it go on.
func (r *redisServer) stop() error   { return r.cmd.Process.Signal(syscall.SIGSTOP) }
func (r *redisServer) resume() error { return r.cmd.Process.Signal(syscall.SIGCONT) }
