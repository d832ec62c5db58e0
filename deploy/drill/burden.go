package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// burden is what a process takes of the machine.
type burden struct {
	descriptors int
	memory      int // resident, in KiB
	threads     int
}

// spare is how many descriptors or goroutines more are no leak: a connection that is just being closed, a timer.
const spare = 8

// String is for people.
func (b burden) String() string {
	return fmt.Sprintf("%d descriptors, %d MiB, %d threads", b.descriptors, b.memory>>10, b.threads)
}

// burden reads what Linux tells of the process.
func (p *process) burden() (burden, error) {
	folder := filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid))
	open, err := os.ReadDir(filepath.Join(folder, "fd"))
	if err != nil {
		return burden{}, fmt.Errorf("descriptors can be counted on Linux only: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "status"))
	return burden{len(open), number(text, "VmRSS"), number(text, "Threads")}, err
}

// watch reads the burden again and again until stop is called, which returns the most of each.
func (p *process) watch() (stop func() burden) {
	quit, watched := make(chan struct{}), make(chan burden)
	go func() {
		var most burden
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if now, err := p.burden(); err == nil {
					most.descriptors = max(most.descriptors, now.descriptors)
					most.memory = max(most.memory, now.memory)
					most.threads = max(most.threads, now.threads)
				}
			case <-quit:
				watched <- most
				return
			}
		}
	}()
	return func() burden {
		close(quit)
		return <-watched
	}
}

// number reads one of the numbers in /proc/PID/status; 0: it is not there.
func number(status []byte, name string) int {
	for l := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(l, name+":"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	return 0
}
