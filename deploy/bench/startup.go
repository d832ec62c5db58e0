package main

import (
	"context"
	"debug/elf"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// starts measures how long `otpgate serve` takes until it is ready, on a store that it has to make.
func (b *bench) starts() (findings, error) {
	r := row{Key: "start", What: "start to ready", Unit: millis, Goal: atMost(200), Beside: "new store"}
	if _, err := os.Stat(b.Otpgate); err != nil {
		r.Missing = "left out: there is no " + b.Otpgate
		return findings{rows: []row{r}}, nil
	}
	for range b.Rounds {
		took, err := b.start()
		if err != nil {
			return findings{}, err
		}
		r.Rounds = append(r.Rounds, float64(took.Microseconds())/1000)
	}
	return findings{rows: []row{r}}, nil
}

func (b *bench) start() (time.Duration, error) {
	folder, err := os.MkdirTemp(b.folder, "start")
	if err != nil {
		return 0, err
	}
	listen, err := freeAddress()
	if err != nil {
		return 0, err
	}
	set := settings{Folder: folder, Listen: listen, Upstream: "http://" + b.upstream.address, Transport: realTransport}
	file, err := set.write()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.Otpgate, "serve", "--config", file)
	cmd.WaitDelay = time.Second
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	err = untilReady(ctx, "http://"+listen+"/readyz")
	took := time.Since(began)
	_ = cmd.Process.Signal(syscall.SIGTERM) // fails only when it has ended, and Wait tells
	return took, errors.Join(err, cmd.Wait())
}

// untilReady asks every millisecond until the answer is 200.
func untilReady(ctx context.Context, url string) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("it did not become ready in time")
		}
	}
}

// binary measures the program's file.
func (b *bench) binary() (findings, error) {
	r := row{Key: "binary", What: "binary", Unit: megabyte, Goal: atMost(40)}
	file, err := os.Stat(b.Otpgate)
	if err != nil {
		r.Missing = "left out: there is no " + b.Otpgate
		return findings{rows: []row{r}}, nil
	}
	r.Rounds = []float64{float64(file.Size()) / 1e6}
	static, err := isStatic(b.Otpgate)
	if err != nil {
		return findings{}, err
	}
	if r.Beside = "static"; !static {
		r.Beside, r.Flaw = "", "it is not static"
	}
	return findings{rows: []row{r}}, nil
}

// isStatic tells whether a program asks for no dynamic loader.
func isStatic(name string) (bool, error) {
	file, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer file.Close()
	program, err := elf.NewFile(file)
	if err != nil {
		return false, err
	}
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			return false, nil
		}
	}
	return true, nil
}
