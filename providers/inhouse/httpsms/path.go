package httpsms

import (
	"strconv"
	"strings"

	"github.com/goccy/go-json/jsontext"
	"github.com/goccy/go-json/v2"
)

// path leads to values within a JSON document: alternatives, of which the first that leads somewhere counts.
//
//	data[0].status          a member of the first item of a list
//	data[*].id              that of every item that has it
//	data.status | status    the one, else the other
//
// A name may hold anything but dots, brackets and bars. Names are exact: their case counts.
type path [][]step

// step is one step of an alternative: into the member called name, to the item at index, or to every item.
type step struct {
	name  string
	index int
	every bool
}

// parsePath reads a path; ok is false when text is none.
func parsePath(text string) (p path, ok bool) {
	for alternative := range strings.SplitSeq(text, "|") {
		steps, ok := parseSteps(strings.TrimSpace(alternative))
		if !ok {
			return nil, false
		}
		p = append(p, steps)
	}
	return p, true
}

func parseSteps(text string) (steps []step, ok bool) {
	const most = 16
	for rest := text; ; {
		s, after, ok := cutStep(rest)
		if !ok || len(steps) == most {
			return nil, false
		}
		steps = append(steps, s)
		switch {
		case after == "":
			return steps, true
		case after[0] == '[':
			rest = after
		case after[0] == '.' && !strings.HasPrefix(after, ".["):
			rest = after[1:]
		default:
			return nil, false
		}
	}
}

// cutStep reads the first step of text.
func cutStep(text string) (s step, after string, ok bool) {
	const mostItems = 1 << 16
	inside, bracket := strings.CutPrefix(text, "[")
	if !bracket {
		end := strings.IndexAny(text, ".[]")
		if end < 0 {
			end = len(text)
		}
		return step{name: text[:end]}, text[end:], end > 0
	}
	number, after, closed := strings.Cut(inside, "]")
	if number == "*" {
		return step{every: true}, after, closed
	}
	index, err := strconv.ParseUint(number, 10, 32)
	return step{index: int(min(index, mostItems))}, after, closed && err == nil && index < mostItems
}

// find returns the simple values to which the path leads, as texts: numbers as they are written, true and false by
// name, an empty list as "[]" and an empty object as "{}". No values are null, and lists and objects that hold more.
func (p path) find(doc jsontext.Value) []string {
	for _, steps := range p {
		if found := follow(doc, steps); len(found) > 0 {
			return found
		}
	}
	return nil
}

func follow(v jsontext.Value, steps []step) []string {
	if len(steps) == 0 {
		return simple(v)
	}
	next, rest := steps[0], steps[1:]
	if next.name != "" {
		var members map[string]jsontext.Value
		if v.Kind() != '{' || json.Unmarshal(v, &members) != nil {
			return nil
		}
		return follow(members[next.name], rest)
	}
	var items []jsontext.Value
	switch {
	case v.Kind() != '[' || json.Unmarshal(v, &items) != nil:
		return nil
	case next.every:
		var found []string
		for _, item := range items {
			found = append(found, follow(item, rest)...)
		}
		return found
	case next.index >= len(items):
		return nil
	}
	return follow(items[next.index], rest)
}

// simple is a value as a text, in a list of one; empty when it is no simple value.
func simple(v jsontext.Value) []string {
	switch v.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, []byte(strings.TrimSpace(string(v))))
		if err != nil {
			return nil
		}
		return []string{string(text)}
	case '0', 't', 'f':
		return []string{strings.TrimSpace(string(v))}
	case '[', '{':
		if inner := strings.TrimSpace(string(v)); len(inner) >= 2 && strings.TrimSpace(inner[1:len(inner)-1]) == "" {
			return []string{inner[:1] + inner[len(inner)-1:]}
		}
	}
	return nil
}
