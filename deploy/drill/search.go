package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// What must not be found.
const (
	inLog   = "lines of the log with a code or a credential"
	inFiles = "codes or credentials in the files of the store"
	inPages = "codes or credentials on pages of the console, or among the metrics"
	inSent  = "codes or credentials in what went to the collector"
	panics  = "panics in the log"
)

// search looks for canaries in all that a gateway leaves behind.
type search struct {
	*stage
	seen  *canaries
	found *tally
	where []string // was searched
	pages int      // of the console that were read
}

func newSearch(s *stage) *search { return &search{stage: s, seen: newCanaries(), found: newTally()} }

// expect expects that nothing was found wherever something was searched.
func (s *search) expect() {
	for _, name := range s.where {
		s.none(s.found, name)
	}
}

func (s *search) enter(places ...string) {
	for _, name := range places {
		if !slices.Contains(s.where, name) {
			s.where = append(s.where, name)
		}
	}
}

// log searches a log from its beginning, and returns the number of its lines.
func (s *search) log(file *os.File) (lines int) {
	s.enter(inLog, panics)
	(&journal{file: file}).read(func(l line) {
		lines++
		if words := append(s.seen.inLog(l.raw), credentialsIn(l.raw)...); len(words) > 0 {
			s.found.add(inLog, fmt.Sprint(words, " in ", string(l.raw)))
		}
		if bytes.Contains(l.raw, []byte("panic")) || bytes.Contains(l.raw, []byte("goroutine ")) {
			s.found.add(panics, string(l.raw))
		}
	})
	return lines
}

// text searches what may be long: codes of four digits stand in any such text by chance.
func (s *search) text(where string, text []byte) {
	s.enter(where)
	for _, word := range append(s.seen.inText(text, chaosLength), credentialsIn(text)...) {
		s.found.add(where, word)
	}
}

// files searches all files of some patterns, and returns their size.
func (s *search) files(patterns ...string) (size int, err error) {
	var names []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return 0, err
		}
		names = append(names, found...)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return 0, err
		}
		size += len(text)
		s.text(inFiles, text)
	}
	return size, nil
}

// exports searches what a collector was sent, and returns the number of exports.
func (s *search) exports(c *collector) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.exports {
		text, err := e.text()
		if err != nil {
			return 0, err
		}
		s.text(inSent, text)
	}
	return len(c.exports), nil
}

// console searches the metrics, every page that tells of the gateway, and those of some verifications.
func (s *search) console(url string, of []*told) error {
	const persons = 100
	for _, path := range []string{"/", "/metrics", "/api/overview", "/api/providers", "/api/configuration"} {
		if err := s.page(http.MethodGet, url, path, ""); err != nil {
			return err
		}
	}
	for _, t := range of[:min(len(of), persons)] {
		if err := s.page(http.MethodGet, url, "/api/verifications/"+t.reference, ""); err != nil {
			return err
		}
		if err := s.page(http.MethodPost, url, "/api/verifications", fmt.Sprintf(`{"text":%q}`, t.to)); err != nil {
			return err
		}
	}
	return nil
}

// page searches one page of the console, asked for as its own script does.
func (s *search) page(method, url, path, body string) error {
	req, err := http.NewRequestWithContext(s.ctx, method, url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Origin", url)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the console answers %s %s with %d %.200s", method, path, resp.StatusCode, text)
	}
	s.pages++
	s.text(inPages, text)
	return nil
}
