package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

//go:embed *.lua load.js
var scripts embed.FS

// bench is what the measurements share: the yardsticks, the scripts of the load, and the folder that they work in.
type bench struct {
	runCommand
	ctx     context.Context
	cancel  context.CancelFunc
	self    string // this program
	folder  string
	servers []*server
	loads   int // that were made, so that each has a name of its own

	upstream, passthrough, keeping, echo *server

	sendRate float64 // of a gateway on sqlite, sends in a second; 0: not measured yet
}

func newBench(ctx context.Context, c runCommand) (*bench, error) {
	if _, err := exec.LookPath("wrk"); err != nil {
		return nil, errors.New("wrk is missing; on Debian: apt-get install wrk")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if c.K6, err = filepath.Abs(c.K6); err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "otpgate-bench")
	if err != nil {
		return nil, err
	}
	b := &bench{runCommand: c, self: self, folder: folder}
	b.ctx, b.cancel = context.WithCancel(ctx)
	if err := b.open(); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) open() error {
	if err := os.CopyFS(b.folder, scripts); err != nil {
		return err
	}
	var err error
	if b.upstream, err = b.serveSelf("upstream"); err != nil {
		return err
	}
	to := b.upstream.url("/otp/send")
	if b.passthrough, err = b.serveSelf("passthrough", to); err != nil {
		return err
	}
	if b.keeping, err = b.serveSelf("passthrough", to, "--keep="+strconv.Itoa(b.Clients)); err != nil {
		return err
	}
	if b.echo, err = b.serveSelf("echo"); err != nil {
		return err
	}
	b.passthrough.name, b.keeping.name = "bare pass-through", "pass-through that keeps its connections"
	b.echo.name = "bare echo"
	return nil
}

// close ends what was started and removes what was written.
func (b *bench) close() {
	b.cancel()
	for _, s := range b.servers {
		<-s.ended
	}
	_ = os.RemoveAll(b.folder)
}

// nextName is one that no load had before, so that idempotency keys never repeat.
func (b *bench) nextName() string {
	b.loads++
	return "load" + strconv.Itoa(b.loads)
}

// progress tells what is being done, for whoever waits.
func (b *bench) progress(format string, args ...any) {
	_, _ = fmt.Fprintf(os.Stderr, "         "+format+"\n", args...)
}
