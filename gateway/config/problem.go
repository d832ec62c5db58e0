package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem is one mistake, or something that is probably not meant.
type Problem struct {
	File   string
	Line   int    // from 1; 0: it concerns the file as a whole
	Column int    // from 1, in characters
	Path   string // of the value: "routes[2].use[0]"; empty: the file as a whole
	Text   string // what is wrong, and what would be right; never a value that was expanded
}

// String is the problem as `otpgate check` prints it: "config.yaml:12:3: server.lisen: unknown key; …".
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	if p.Path != "" {
		b.WriteString(": " + p.Path)
	}
	b.WriteString(": " + p.Text)
	return b.String()
}

// Invalid are the mistakes of a file, in its order. As an error it prints one on each line.
type Invalid []Problem

// Error is all mistakes, one on each line.
func (i Invalid) Error() string {
	lines := make([]string, len(i))
	for n, p := range i {
		lines[n] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Report is what is to be said about a file. Errors and Warnings are sorted by place. It knows the places of the file's
// values, so that more can be said about them after it was loaded; it is not for use by several goroutines at a time.
type Report struct {
	Errors   []Problem
	Warnings []Problem

	file     string
	tree     *node
	spoilt   []path   // of what could not be decoded: nothing more is said about it
	expanded []string // values that came from outside of the file
}

// Err is nil when the file has no mistake, else an [Invalid] with all of them.
func (r *Report) Err() error {
	if len(r.Errors) == 0 {
		return nil
	}
	return Invalid(slices.Clone(r.Errors))
}

// Refuse reports a mistake in the value at a path, such as ("routes", "2", "use"). Where the file has no such value, it
// is reported at the nearest place above.
func (r *Report) Refuse(text string, at ...string) {
	if !slices.ContainsFunc(r.spoilt, func(s path) bool { return startsWith(s, at) || startsWith(at, s) }) {
		r.Errors = insert(r.Errors, r.problem(text, at))
	}
}

// Warn reports something in the value at a path that works but is probably not meant.
func (r *Report) Warn(text string, at ...string) {
	r.Warnings = insert(r.Warnings, r.problem(text, at))
}

// spoil reports a value that cannot be decoded, and keeps what would only follow from that out of the report.
func (r *Report) spoil(text string, at path) {
	r.Errors = insert(r.Errors, r.problem(text, at))
	r.spoilt = append(r.spoilt, at)
}

// spoilAt is spoil for a place that no path leads to.
func (r *Report) spoilAt(text string, at path, where spot) {
	p := Problem{File: r.file, Line: where.line, Column: where.column, Path: r.tree.name(at), Text: r.scrub(text)}
	r.Errors = insert(r.Errors, p)
	r.spoilt = append(r.spoilt, at)
}

func (r *Report) problem(text string, at path) Problem {
	where := r.tree.place(at)
	return Problem{File: r.file, Line: where.line, Column: where.column, Path: r.tree.name(at), Text: r.scrub(text)}
}

func insert(list []Problem, p Problem) []Problem {
	if slices.Contains(list, p) {
		return list
	}
	list = append(list, p)
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return list
}

// hide keeps values out of everything that is reported, longest first: a value may be a part of another.
func (r *Report) hide(values []string) {
	r.expanded = slices.Compact(slices.SortedFunc(slices.Values(values), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	}))
}

// short is the length up to which an expanded value may be a word of everyday texts, such as "on" or "true".
const short = 5

// scrub takes expanded values out of a text. No text should quote one; texts of kinds are not ours to trust.
func (r *Report) scrub(text string) string {
	for _, value := range r.expanded {
		text = strings.ReplaceAll(text, strconv.Quote(value), "this value")
		if len(value) > short {
			text = strings.ReplaceAll(text, value, "…")
		}
	}
	return text
}
