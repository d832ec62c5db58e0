package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers/twin"
)

// What reload-leaks works with.
const (
	leakReloads = 1000
	leakRate    = 300 // sends a second
	// leakWarm are sends before the first count: enough to fill what the store remembers, which is bounded.
	leakWarm = 12_000
	leakHeap = 8 << 10 // KiB that a heap may differ by
)

// leaks is a gateway that tells what it holds in memory.
type leaks struct {
	*stage
	api     *client
	p       *process
	orders  io.Writer
	answers *bufio.Scanner
	tally   *tally
}

// figures are what a gateway holds.
type figures struct {
	goroutines int
	heap       int // KiB, after a collection
	burden     burden
}

// String is for people.
func (f figures) String() string {
	return fmt.Sprintf("%d goroutines, %d KiB heap, %v", f.goroutines, f.heap, f.burden)
}

func reloadLeaks(s *stage) error {
	l := &leaks{stage: s, tally: newTally()}
	if err := l.open(); err != nil {
		return err
	}
	fresh, err := l.figures("fresh")
	if err != nil {
		return err
	}
	l.warm()
	warm, err := l.figures("after %d sends", leakWarm)
	if err != nil {
		return err
	}
	if err := l.storm(warm); err != nil {
		return err
	}
	l.api.hangUp()
	l.rest(stormLinger + 5*time.Second)
	after, err := l.figures("when they have gone, without load")
	if err != nil {
		return err
	}
	l.none(l.tally, "requests that failed")
	l.expect(after.goroutines <= fresh.goroutines+spare, "no goroutine is left behind")
	l.expect(after.burden.descriptors <= fresh.burden.descriptors+spare, "no descriptor is left behind")
	l.expect(after.heap <= warm.heap+leakHeap, "no memory is left behind")
	_, err = l.order("reload %d\n", leakReloads) // it is stopped while these linger
	return err
}

// storm reloads under load.
func (l *leaks) storm(before figures) error {
	stop := l.pace(leakRate, l.send)
	defer stop()
	l.rest(time.Second)
	began := time.Now()
	if _, err := l.order("reload %d\n", leakReloads); err != nil {
		return err
	}
	l.say("%d reloads in %v at %d sends a second", leakReloads, short(time.Since(began)), leakRate)
	lingering, err := l.figures("with all old configurations lingering")
	if err != nil {
		return err
	}
	l.say("so each costs %d KiB of heap and %.1f goroutines while it lingers",
		(lingering.heap-before.heap)/leakReloads, float64(lingering.goroutines-before.goroutines)/leakReloads)
	return nil
}

func (l *leaks) open() error {
	u, err := l.hubtel("live", new(twin.Inbox))
	if err != nil {
		return err
	}
	file, err := l.write(&settings{
		Timeout: "1s", Providers: hubtelBlock("live", u.url, ""), Routes: "  - {name: rest, use: [live]}",
	}, "drill")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(l.ctx, self, "inside", file)
	if l.orders, err = cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	l.answers = bufio.NewScanner(out)
	if l.p, err = l.start(cmd, filepath.Dir(file)); err != nil {
		return err
	}
	l.api = l.newClient(l.p.url)
	return nil
}

func (l *leaks) warm() {
	const workers = 32
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < leakWarm; i += workers {
				l.send(1_000_000+i, time.Time{})
			}
		})
	}
	all.Wait()
}

func (l *leaks) send(n int, _ time.Time) {
	if a, err := l.api.send(ghanaian(n), ""); err != nil || a.status != http.StatusCreated {
		l.tally.add("requests that failed", fmt.Sprint(a, err))
	}
}

// order has the gateway do something, and returns what it says when it has.
func (l *leaks) order(format string, args ...any) (string, error) {
	if _, err := fmt.Fprintf(l.orders, format, args...); err != nil {
		return "", err
	}
	if !l.answers.Scan() {
		return "", fmt.Errorf("the gateway is gone: %w", io.ErrUnexpectedEOF)
	}
	return l.answers.Text(), nil
}

// figures counts, and says when.
func (l *leaks) figures(when string, args ...any) (f figures, err error) {
	text, err := l.order("figures\n")
	if err != nil {
		return f, err
	}
	if _, err = fmt.Sscan(text, &f.goroutines, &f.heap); err != nil {
		return f, err
	}
	f.burden, err = l.p.burden()
	l.say(when+": %v", append(args, f)...)
	return f, err
}
