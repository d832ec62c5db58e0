package main

import (
	"errors"
	"os"
	"strings"
)

// What stands between these lines of the page is written by this program, everything else by hand.
const (
	sectionBegins = "<!-- measured: written by make bench -->"
	sectionEnds   = "<!-- measured: end -->"
)

// writeSection writes the generated section of a page anew.
func writeSection(name, text string) error {
	page, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	next, err := replaceSection(string(page), text)
	if err != nil {
		return err
	}
	return os.WriteFile(name, []byte(next), 0o644)
}

// replaceSection puts text between the markers of page, which has each of them once.
func replaceSection(page, text string) (string, error) {
	if strings.Count(page, sectionBegins) != 1 || strings.Count(page, sectionEnds) != 1 {
		return "", errors.New("the page has not one line " + sectionBegins + " and one line " + sectionEnds)
	}
	before, rest, _ := strings.Cut(page, sectionBegins)
	_, after, ok := strings.Cut(rest, sectionEnds)
	if !ok {
		return "", errors.New("the markers of the page stand in the wrong order")
	}
	return before + sectionBegins + "\n\n" + strings.TrimSpace(text) + "\n\n" + sectionEnds + after, nil
}
