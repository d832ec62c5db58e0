package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-json/v2"
)

// closed is a load of wrk: each connection sends its next request when the last one was answered.
type closed struct {
	script  string
	path    string
	args    []string
	clients int
	time    time.Duration
}

// answered is what wrk tells of a load, in the words of answer.lua.
type answered struct {
	Requests   float64 `json:"requests"`
	Micros     float64 `json:"micros"`
	Broken     int     `json:"broken"`     // connections, at whatever point, and answers that took too long
	Unexpected int     `json:"unexpected"` // answers whose status does not count
	Status     int     `json:"status"`     // of such an answer
	Spent      bool    `json:"spent"`      // there were too few guesses
	P50        float64 `json:"p50"`        // µs
	P99        float64 `json:"p99"`        // µs
}

// parseClosed reads the last line of what wrk printed.
func parseClosed(out []byte) (answered, error) {
	var a answered
	text := strings.TrimSpace(string(out))
	line := text[strings.LastIndexByte(text, '\n')+1:]
	if err := json.Unmarshal([]byte(line), &a); err != nil {
		return a, fmt.Errorf("wrk did not print its result last: %w\n%s", err, out)
	}
	if a.Micros <= 0 || a.Requests <= 0 {
		return a, fmt.Errorf("wrk got no answer\n%s", out)
	}
	return a, nil
}

// lost is how many requests were not answered as they should.
func (a answered) lost() int { return a.Broken + a.Unexpected }

func (a answered) rate() float64 { return a.Requests / a.Micros * 1e6 }

// run puts the load on s.
func (l closed) run(b *bench, s *server) (answered, error) {
	args := []string{
		"-t2", "-c" + strconv.Itoa(l.clients), "-d" + strconv.Itoa(int(math.Ceil(l.time.Seconds()))) + "s",
		"--timeout", "10s", "-s", filepath.Join(b.folder, l.script), s.url(l.path), "--",
	}
	out, err := b.run(l.time+30*time.Second, nil, "wrk", append(args, l.args...)...)
	if err != nil {
		return answered{}, err
	}
	return parseClosed(out)
}
