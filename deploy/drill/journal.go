package main

import (
	"bytes"
	"io"
	"math"
	"os"

	"github.com/goccy/go-json/v2"
)

// journal is the log of one process, in a file of its own.
type journal struct {
	file *os.File
	at   int64 // up to where it was read
}

// line is what drills look at in a line of a log.
type line struct {
	Msg     string
	Address string
	Console string
	raw     []byte
}

func newJournal(folder string) (*journal, error) {
	f, err := os.CreateTemp(folder, "*.log")
	return &journal{file: f}, err
}

// read passes on every whole line that was written since it was called last.
func (j *journal) read(see func(line)) {
	text, err := io.ReadAll(io.NewSectionReader(j.file, j.at, math.MaxInt64-j.at))
	if err != nil {
		return
	}
	for {
		one, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			return
		}
		j.at += int64(len(one)) + 1
		l := line{raw: one}
		_ = json.Unmarshal(one, &l, json.MatchCaseInsensitiveNames(true)) // what is no JSON is a line all the same
		see(l)
		text = rest
	}
}
