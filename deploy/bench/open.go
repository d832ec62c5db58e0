package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/goccy/go-json/v2"
)

// open is a load of k6: so many requests in a second, however long their answers take.
type open struct {
	url    string
	status int
	rate   int
	time   time.Duration
}

// arrived is what k6 tells of a load.
type arrived struct {
	Requests int
	Lost     int     // requests whose answer does not count
	Dropped  int     // requests that k6 could not make in time
	P50, P99 float64 // ms
}

// parseOpen reads the metrics of k6.
func parseOpen(text []byte) (arrived, error) {
	var metrics map[string]struct {
		Values map[string]float64 `json:"values"`
	}
	if err := json.Unmarshal(text, &metrics); err != nil {
		return arrived{}, fmt.Errorf("the result of k6 cannot be read: %w", err)
	}
	count := func(name string) int { return int(metrics[name].Values["count"]) }
	took := metrics["http_req_duration"].Values
	p50, okP50 := took["med"]
	p99, okP99 := took["p(99)"]
	a := arrived{
		Requests: count("http_reqs"), Lost: count("unexpected"), Dropped: count("dropped_iterations"), P50: p50, P99: p99,
	}
	if a.Requests == 0 || !okP50 || !okP99 {
		return a, errors.New("k6 tells of no request, or not how long they took")
	}
	return a, nil
}

// run puts the load on the server at the load's URL.
func (l open) run(b *bench) (arrived, error) {
	result := filepath.Join(b.folder, "k6.json")
	_, err := b.run(l.time+40*time.Second, []string{
		"TARGET=" + l.url, "STATUS=" + strconv.Itoa(l.status), "RATE=" + strconv.Itoa(l.rate), "TIME=" + l.time.String(),
		"NAME=" + b.nextName(), "RESULT=" + result, "K6_NO_USAGE_REPORT=true",
	}, b.K6, "run", "--quiet", "--no-usage-report", "--no-thresholds", "--address=", filepath.Join(b.folder, "load.js"))
	if err != nil {
		return arrived{}, err
	}
	text, err := os.ReadFile(result)
	if err != nil {
		return arrived{}, err
	}
	return parseOpen(text)
}
