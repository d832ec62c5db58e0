package config

import (
	"slices"
	"strconv"
	"strings"
)

// path leads to a value: keys of mappings and, in decimal, places in lists.
type path []string

// in is the path to something below p.
func (p path) in(below ...string) path { return slices.Concat(p, below) }

func index(i int) string { return strconv.Itoa(i) }

func startsWith(p, head []string) bool {
	return len(p) >= len(head) && slices.Equal(p[:len(head)], head)
}

// spot is a place in the file; line and column count from 1.
type spot struct{ line, column int }

// find returns the value at p; nil when there is none.
func (n *node) find(p path) *node {
	for _, step := range p {
		if n = n.child(step); n == nil {
			return nil
		}
	}
	return n
}

// child returns the value of a key, or at a place of a list; nil when there is none.
func (n *node) child(step string) *node {
	if n == nil {
		return nil
	}
	if n.kind == list {
		if i, err := strconv.Atoi(step); err == nil && 0 <= i && i < len(n.items) {
			return n.items[i]
		}
		return nil
	}
	for _, k := range n.keys {
		if k.name == step {
			return k.value
		}
	}
	return nil
}

// place is where the value at p stands: a single value itself, a mapping or a list at the key that names it. What does
// not exist is placed where the nearest thing above it is.
func (n *node) place(p path) spot {
	if n == nil {
		return spot{}
	}
	where := n.spot
	for _, step := range p {
		below := n.child(step)
		if below == nil {
			break
		}
		where = below.spot
		if key := n.key(step); key != nil && below.kind != scalar {
			where = key.spot
		}
		n = below
	}
	return where
}

// key returns the key itself.
func (n *node) key(name string) *entry {
	for i := range n.keys {
		if n.keys[i].name == name {
			return &n.keys[i]
		}
	}
	return nil
}

// name writes p as people read it: "routes[2].use".
func (n *node) name(p path) string {
	var b strings.Builder
	for _, step := range p {
		switch {
		case n != nil && n.kind == list:
			b.WriteString("[" + step + "]")
		case b.Len() == 0:
			b.WriteString(step)
		default:
			b.WriteString("." + step)
		}
		n = n.child(step)
	}
	return b.String()
}
