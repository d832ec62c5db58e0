package config

import (
	"errors"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// node is one value of the file, with aliases resolved and ${…} expanded.
type node struct {
	kind     kind
	spot     spot
	text     string // of a scalar
	tag      string // of a scalar: what YAML takes its text for, such as "!!int"
	quoted   bool   // the text stands in quotes
	expanded bool   // a part of the text came from ${…}
	items    []*node
	keys     []entry // in the order of the file
}

type kind uint8

const (
	scalar kind = iota
	list
	mapping
)

// entry is a key with its value.
type entry struct {
	name  string
	spot  spot
	value *node
}

const (
	maxNodes = 50_000 // bounds what aliases can make of a small file
	maxDepth = 32     // of values within each other; no setting needs half of it
)

// plant parses a file into r.tree, or reports why it cannot.
func plant(text []byte, r *Report, x *expander) {
	var documents []yaml.Node
	if where, problem := notText(text); problem != "" {
		r.spoilAt(problem, nil, where)
		return
	}
	if err := yaml.Load(text, &documents, yaml.WithAllDocuments()); err != nil {
		refuseYAML(err, r)
		return
	}
	switch {
	case len(documents) == 0 || len(documents[0].Content) == 0:
		r.spoilAt("the file holds no settings; it needs at least apps, providers and routes", nil, spot{1, 1})
		return
	case len(documents) > 1:
		second := documents[1]
		r.spoilAt("a second document begins here; put everything into one and remove the line with ---", nil,
			spot{second.Line, second.Column})
		return
	}
	g := grower{report: r, expander: x, open: map[*yaml.Node]bool{}}
	r.tree = g.grow(documents[0].Content[0], nil)
	r.hide(x.values)
	if g.nodes > maxNodes { // what was cut off would only be taken for further mistakes
		r.Refuse("aliases make the file too large; write fewer of them")
		r.tree = nil
		return
	}
	for _, m := range g.mistakes {
		r.spoilAt(m.text, m.path, m.spot)
	}
}

// refuseYAML reports what the library says of a file that is not YAML. It has seen no expanded value.
func refuseYAML(err error, r *Report) {
	e, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		e = &yaml.LoadError{Message: err.Error()}
	}
	r.spoilAt("this is not YAML ("+e.Message+"); check indentation, quotes and brackets here and just above", nil,
		spot{e.Mark.Line, e.Mark.Column})
}

// notText finds the first character that belongs into no text file.
func notText(text []byte) (where spot, problem string) {
	where = spot{1, 1}
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			return where, "this is not UTF-8; save the file as UTF-8 text"
		case r == '\n':
			where = spot{where.line + 1, 0}
		case r < ' ' && r != '\t' && r != '\r' || r == 0x7f:
			return where, "this is a control character; remove it"
		}
		where.column++
		text = text[size:]
	}
	return spot{}, ""
}

// grower builds the tree. Mistakes wait until the tree stands, because their paths are written with its help.
type grower struct {
	report   *Report
	expander *expander
	open     map[*yaml.Node]bool // anchors that are being resolved
	nodes    int
	mistakes []mistake
}

type mistake struct {
	text string
	path path
	spot spot
}

func (g *grower) refuse(text string, at path, y *yaml.Node) {
	g.mistakes = append(g.mistakes, mistake{text, at, spot{y.Line, y.Column}})
}

func (g *grower) grow(y *yaml.Node, at path) *node {
	n := &node{spot: spot{y.Line, y.Column}, tag: "!!null"}
	if g.nodes++; g.nodes > maxNodes {
		return n
	}
	if len(at) > maxDepth {
		g.refuse("values lie too deep within each other; write fewer brackets", at, y)
		return n
	}
	switch y.Kind {
	case yaml.AliasNode:
		return g.follow(y, at)
	case yaml.SequenceNode:
		n.kind = list
		for i, item := range y.Content {
			n.items = append(n.items, g.grow(item, at.in(index(i))))
		}
	case yaml.MappingNode:
		n.kind = mapping
		g.growKeys(n, y, at)
	default:
		g.growScalar(n, y, at)
	}
	if y.Style&yaml.TaggedStyle != 0 {
		g.refuse("tags such as !!str mean nothing here; write the value alone", at, y)
	}
	return n
}

func (g *grower) follow(y *yaml.Node, at path) *node {
	if g.open[y.Alias] {
		g.refuse("the alias refers to something that it is itself a part of; write the value out", at, y)
		return &node{spot: spot{y.Line, y.Column}, tag: "!!null"}
	}
	g.open[y.Alias] = true
	defer delete(g.open, y.Alias)
	return g.grow(y.Alias, at)
}

func (g *grower) growKeys(n *node, y *yaml.Node, at path) {
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			g.refuse("a key must be a plain word", at, key)
		case key.Value == "<<":
			g.refuse("merge keys are not supported; write the keys out", at.in("<<"), key)
		case n.key(key.Value) != nil:
			g.refuse("the key stands here twice; remove one of them", at.in(key.Value), key)
		default:
			child := g.grow(value, at.in(key.Value))
			n.keys = append(n.keys, entry{key.Value, spot{key.Line, key.Column}, child})
		}
	}
}

func (g *grower) growScalar(n *node, y *yaml.Node, at path) {
	text, expanded, problems := g.expander.expand(y.Value)
	for _, text := range problems {
		g.refuse(text, at, y)
	}
	n.text, n.tag, n.expanded = text, y.ShortTag(), expanded
	n.quoted = y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0
	if expanded {
		n.tag = "!!str"
	}
}
