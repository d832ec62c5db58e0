package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

const referenceHead = `# Configuration reference

Every key of the file, with the value that it has when it is left out. This page is generated from the program; how the
file is read, and what its parts say against each other, stands in [configuration.md](configuration.md).

In paths, ` + "`<name>`" + ` stands for a name of your choice and ` + "`[]`" + ` for each member of a list. *must be set*: the file is refused
without it. A dash: nothing, unless the meaning says what is taken then.
`

// What stands in the column of defaults where there is no value to show.
const (
	nothing   = "–"
	mustBeSet = "*must be set*"
)

// Reference is a page in Markdown with every key of the file: its path, type, default, allowed values and meaning. Keys
// below `with` follow for each kind; what they mean stands in the kind's own README.
func Reference(kinds []providers.Kind) string {
	comments, err := readComments()
	if err != nil {
		panic(err) // the text is that of config.go, which was compiled
	}
	p := page{comments: comments, told: map[reflect.Type]string{}}
	for _, kind := range kinds {
		p.kinds = append(p.kinds, kind.Name)
	}
	c := &Config{}
	c.setDefaults()
	p.b.WriteString(referenceHead)
	p.blocks(reflect.ValueOf(c).Elem())
	for _, kind := range kinds {
		p.kind(kind)
	}
	return p.b.String()
}

// page is the reference while it is written.
type page struct {
	b        strings.Builder
	comments func(t reflect.Type, field string) string
	kinds    []string
	told     map[reflect.Type]string // blocks that have rows, by their type, with their path
	required map[string]bool         // paths that a kind does not do without
	meanings bool                    // the table has a column for them
}

// blocks gives each key at the top of the file a table of its own.
func (p *page) blocks(config reflect.Value) {
	p.meanings = true
	for _, f := range fieldsOf(config) {
		source := sourceOf(config.Type(), f.name)
		fmt.Fprintf(&p.b, "\n## `%s`\n\n%s", f.name, p.comments(config.Type(), source.Name))
		if isRequired(source) {
			p.b.WriteString(" At least one is needed.")
		}
		p.b.WriteString("\n\n| key | type | default | allowed | meaning |\n|---|---|---|---|---|\n")
		p.below(f.name, f.value)
	}
}

// kind gives the settings of a kind a table. What Check refuses of settings that are all left out must be set.
func (p *page) kind(kind providers.Kind) {
	options := kind.Options()
	p.meanings, p.required, p.told = false, map[string]bool{}, map[reflect.Type]string{}
	options.Check(requirements(p.required))
	fmt.Fprintf(&p.b, "\n## Kind `%[1]s`\n\nKeys below `providers.<name>.with`. What they mean stands in "+
		"[providers/%[1]s/README.md](../providers/%[1]s/README.md).\n\n", kind.Name)
	p.b.WriteString("| key | type | default | allowed |\n|---|---|---|---|\n")
	p.structure("with", reflect.ValueOf(options).Elem())
}

// requirements notes what is refused, by its path below `with`. It implements providers.Block.
type requirements map[string]bool

// Refuse notes the path.
func (r requirements) Refuse(_ string, path ...string) { r["with."+strings.Join(path, ".")] = true }

// Warn does nothing.
func (requirements) Warn(string, ...string) {}

// Decode has nothing to read.
func (requirements) Decode(any, ...string) bool { return false }

// structure writes the rows of a block.
func (p *page) structure(at string, v reflect.Value) {
	p.told[v.Type()] = at
	for _, f := range fieldsOf(v) {
		source := sourceOf(v.Type(), f.name)
		p.key(at+"."+f.name, f, source, p.comments(v.Type(), source.Name))
	}
	if restOf(v).IsValid() {
		p.row(at+".*", "any", nothing, "", "")
	}
}

// key writes the row of one key, and those of what is below it.
func (p *page) key(at string, f field, source reflect.StructField, meaning string) {
	given := standard(f)
	if isRequired(source) || p.required[at] {
		given = mustBeSet
	}
	if at == "providers.<name>.kind" {
		f.rule.words = p.kinds
	}
	before, again := p.told[f.value.Type()]
	if again {
		given, meaning = "those of `"+before+"`", meaning+" The keys are those of `"+before+"`."
	}
	p.row(at, typeName(f.value.Type(), f.rule), given, allowed(f), meaning)
	if !again {
		p.below(at, f.value)
	}
}

// below writes the rows of what a value is made of.
func (p *page) below(at string, v reflect.Value) {
	switch t := v.Type(); {
	case isSingle(t):
	case t.Kind() == reflect.Struct:
		p.structure(at, v)
	case t.Kind() == reflect.Pointer:
		p.below(at, newDefault(t.Elem()))
	case t.Kind() == reflect.Slice:
		p.below(at+"[]", newDefault(t.Elem()))
	case t.Kind() == reflect.Map:
		at += "." + placeholder(t)
		if t.Elem().Kind() == reflect.Map {
			p.row(at, typeName(t.Elem(), rule{}), nothing, "", "")
		}
		p.below(at, newDefault(t.Elem()))
	}
}

func (p *page) row(at, kind, given, allowed, meaning string) {
	cells := []string{"`" + at + "`", kind, given, allowed}
	if p.meanings {
		cells = append(cells, meaning)
	}
	for i := range cells {
		cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
	}
	p.b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

// standard is the value of a key that is left out, as the file would have it. Zero stands for nothing where a key has
// no such value: a span of time, a moment, a number that must be larger.
func standard(f field) string {
	v := f.value
	n := (printer{}).print(v, nil)
	switch {
	case v.Kind() == reflect.Slice:
		var items []string
		for _, item := range n.Content {
			items = append(items, item.Value)
		}
		return "`[" + strings.Join(items, ", ") + "]`"
	case !isSingle(v.Type()), v.IsZero() && (v.Kind() == reflect.Struct || v.Type() == reflect.TypeFor[time.Duration]()),
		f.rule.bounded && toFloat(v) < f.rule.min:
		return nothing
	case n.Value == "":
		return "`\"\"`"
	}
	return "`" + n.Value + "`"
}

// allowed are the words or the range of a key.
func allowed(f field) string {
	t := f.value.Type()
	for t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch words := wordsFor(f.rule.words, t); {
	case len(words) > 0:
		return "`" + strings.Join(words, "`, `") + "`"
	case f.rule.bounded:
		return f.rule.span()
	}
	return ""
}

// typeName says in a word what a place takes.
func typeName(t reflect.Type, r rule) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "duration"
	case reflect.TypeFor[time.Time]():
		return "time"
	case reflect.TypeFor[otp.Limit]():
		return "limit"
	case reflect.TypeFor[LimitList]():
		return "limit, or list of limits"
	case reflect.TypeFor[Text]():
		return "text, or texts by channel,"
	case reflect.TypeFor[[]Use]():
		return "list of names or blocks"
	case reflect.TypeFor[providers.Secret]():
		return "secret"
	case reflect.TypeFor[providers.Options]():
		return "block"
	}
	switch k := t.Kind(); {
	case k == reflect.Interface, reflect.PointerTo(t).Implements(reflect.TypeFor[selfReader]()):
		return "any"
	case k == reflect.Pointer:
		return typeName(t.Elem(), r)
	case k == reflect.String && wordsFor(r.words, t) != nil:
		return "word"
	case k == reflect.String, reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return "text"
	case k == reflect.Bool:
		return "true or false"
	case k == reflect.Float32, k == reflect.Float64:
		return "number"
	case k == reflect.Slice:
		return "list of " + typeName(t.Elem(), r) + "s"
	case k == reflect.Map:
		return typeName(t.Elem(), r) + " for each " + strings.Trim(placeholder(t), "<>")
	case k == reflect.Struct:
		return "block"
	}
	return "whole number"
}

// placeholder stands for the keys of a map.
func placeholder(m reflect.Type) string {
	switch {
	case m == reflect.TypeFor[Template]():
		return "<locale>"
	case m.Key() == reflect.TypeFor[providers.Channel]():
		return "<channel>"
	}
	return "<name>"
}

// isSingle tells whether a t is written as a single value.
func isSingle(t reflect.Type) bool {
	return t == reflect.TypeFor[LimitList]() || reader(reflect.New(t).Elem()) != nil
}

func newDefault(t reflect.Type) reflect.Value {
	pointer := reflect.New(t)
	setDefaults(pointer)
	return pointer.Elem()
}

// sourceOf is the field of a struct that the file knows by name.
func sourceOf(t reflect.Type, name string) reflect.StructField {
	for _, f := range reflect.VisibleFields(t) {
		if tag, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); tag == name {
			return f
		}
	}
	return reflect.StructField{}
}

func isRequired(f reflect.StructField) bool {
	for part := range strings.SplitSeq(f.Tag.Get("jsonschema"), ",") {
		if part == "required" {
			return true
		}
	}
	return false
}
