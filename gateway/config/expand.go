package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// expander replaces ${NAME}, ${NAME:-default} and ${file:path} in values, and $$ by a dollar sign. It remembers what
// it inserted and which files it read.
type expander struct {
	lookup   func(name string) (string, bool)
	readFile func(path string) ([]byte, error)
	folder   string // that paths are relative to

	values []string
	files  []string
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand returns text with everything replaced, whether it asked for a replacement, and what was wrong. No problem
// quotes an inserted value.
func (x *expander) expand(text string) (result string, expanded bool, problems []string) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String(), expanded, problems
		}
		switch {
		case strings.HasPrefix(after, "$"):
			b.WriteByte('$')
			text = after[1:]
		case strings.HasPrefix(after, "{"):
			expanded = true
			inside, rest, closed := strings.Cut(after[1:], "}")
			if !closed {
				return b.String(), true, append(problems, "${ has no closing bracket; write $$ for a plain dollar sign")
			}
			value, problem := x.value(inside)
			if problem != "" {
				problems = append(problems, problem)
			}
			b.WriteString(value)
			text = rest
		default:
			b.WriteByte('$')
			text = after
		}
	}
}

func (x *expander) value(inside string) (value, problem string) {
	if name, ok := strings.CutPrefix(inside, "file:"); ok {
		return x.file("the secret file", name)
	}
	name, fallback, hasFallback := strings.Cut(inside, ":-")
	if !variable.MatchString(name) {
		return "", "${…} names no variable; write ${NAME}, ${NAME:-default} or ${file:path}, and $$ for a dollar sign"
	}
	value, set := x.lookup(name)
	switch {
	case hasFallback && value == "":
		return fallback, ""
	case !set:
		return "", "the environment variable " + name + " is not set; set it, or give a default: ${" + name + ":-default}"
	}
	x.remember(value)
	return value, ""
}

// maxSecret is the longest secret file, in bytes.
const maxSecret = 64 << 10

// file reads a small file; what is how a problem calls it.
func (x *expander) file(what, name string) (value, problem string) {
	if name == "" {
		return "", "${file:} names no file; write ${file:path}"
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(x.folder, path)
	}
	if !slices.Contains(x.files, path) {
		x.files = append(x.files, path)
	}
	text, err := x.readFile(path)
	if err != nil {
		return "", what + " " + name + " cannot be read: " + reason(err)
	}
	if len(text) > maxSecret {
		return "", what + " " + name + " is larger than 64 KiB; it should hold nothing else"
	}
	value = strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	x.remember(value)
	return value, ""
}

func (x *expander) remember(value string) {
	if value != "" {
		x.values = append(x.values, value)
	}
}

// reason is why a file could not be read, without its path.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "there is no such file"
	}
	return err.Error()
}

// readFile reads a file that should be small, and one byte more than limit at most.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, limit+1))
}
