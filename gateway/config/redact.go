package config

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

const hidden = "[secret]"

// Redacted is the configuration in effect, defaults included, as YAML. Secrets read "[secret]": what is declared as
// one, URLs with a password, and in a provider's `with` also headers and whatever came from outside of the file.
func (c *Config) Redacted() ([]byte, error) {
	p := printer{source: c.source}
	return yaml.Dump(p.print(reflect.ValueOf(c).Elem(), nil))
}

// printer writes Go values as the file would have them.
type printer struct{ source source }

// print writes one value; at is where it stands in the file.
func (p printer) print(v reflect.Value, at path) *yaml.Node {
	if i := slices.IndexFunc(p.source.parts, func(q part) bool { return slices.Equal(q.at, at) }); i >= 0 {
		v = reflect.ValueOf(p.source.parts[i].into).Elem()
	} else if v.Kind() == reflect.Interface && v.NumMethod() == 0 {
		return p.secretly(v) // nobody has said what it is
	}
	if (v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer) && v.IsNil() {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	}
	if text, ok := p.text(v, at); ok {
		return word(text)
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		return p.print(v.Elem(), at)
	case reflect.Struct:
		return p.structure(v, at)
	case reflect.Map:
		return p.mapping(v, at)
	case reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			n.Content = append(n.Content, p.print(v.Index(i), at.in(index(i))))
		}
		return n
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(v.Interface())}
}

// text is the value as a text, where it is written as one; ok is false for all others.
func (p printer) text(v reflect.Value, at path) (text string, ok bool) {
	if n := p.source.tree.find(at); n != nil && n.kind == scalar && n.expanded && inSettings(at) {
		return hidden, true
	}
	switch value := v.Interface().(type) {
	case providers.Secret:
		if value.Empty() {
			return "", true
		}
		return hidden, true
	case time.Duration:
		return otp.FormatDuration(value), true
	case otp.Limit:
		return value.String(), true
	case encoding.TextMarshaler:
		text, err := value.MarshalText()
		return string(text), err == nil
	}
	if v.Kind() != reflect.String {
		return "", false
	}
	if withPassword.MatchString(v.String()) || slices.Contains(at, "headers") && inSettings(at) {
		return hidden, true
	}
	return v.String(), true
}

// inSettings tells whether a path leads into a provider's settings: providers, name, with, ….
func inSettings(at path) bool { return len(at) > 3 && at[0] == "providers" && at[2] == "with" }

var withPassword = regexp.MustCompile(`://[^/\s]*@`)

func (p printer) structure(v reflect.Value, at path) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fieldsOf(v) {
		if !f.empty || !f.value.IsZero() {
			n.Content = append(n.Content, word(f.name), p.print(f.value, at.in(f.name)))
		}
	}
	if rest := restOf(v); rest.IsValid() {
		n.Content = append(n.Content, p.mapping(rest, at).Content...)
	}
	return n
}

func (p printer) mapping(v reflect.Value, at path) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	byName := map[string]reflect.Value{}
	for _, key := range v.MapKeys() {
		byName[key.String()] = v.MapIndex(key)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		n.Content = append(n.Content, word(name), p.print(byName[name], at.in(name)))
	}
	return n
}

// secretly writes the shape of a value and none of its contents.
func (p printer) secretly(v reflect.Value) *yaml.Node {
	switch value := v.Interface().(type) {
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			n.Content = append(n.Content, word(name), word(hidden))
		}
		return n
	default:
		return word(hidden)
	}
}

func word(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}
