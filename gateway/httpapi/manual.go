package httpapi

import (
	"bytes"
	"slices"
	"strings"

	"github.com/goccy/go-json/jsontext"
	"go.yaml.in/yaml/v4"
)

// manual is what the documentation shows of the OpenAPI document, in the document's order.
type manual struct {
	Info       struct{ Title, Version, Summary, Description string }
	Paths      ordered[ordered[operation]]
	Components struct {
		SecuritySchemes ordered[scheme] `yaml:"securitySchemes"`
		Schemas         map[string]*schema
		Parameters      map[string]parameter
		Responses       map[string]response
		RequestBodies   map[string]response `yaml:"requestBodies"`
	}
}

type operation struct {
	Summary, Description string
	Security             []map[string][]string
	Parameters           []parameter
	RequestBody          response `yaml:"requestBody"`
	Responses            ordered[response]
}

type parameter struct {
	Ref         string `yaml:"$ref"`
	Name, In    string
	Description string
	Required    bool
	Schema      schema
}

type response struct {
	Ref         string `yaml:"$ref"`
	Description string
	Content     ordered[struct {
		Schema  schema
		Example yaml.Node
	}]
}

type scheme struct{ Type, Scheme, Name, Description string }

type schema struct {
	Ref         string `yaml:"$ref"`
	Type        string
	Description string
	Required    []string
	Enum        []string
	Const       string
	Properties  ordered[schema]
	Items       *schema
	AllOf       []schema `yaml:"allOf"`
	AnyOf       []schema `yaml:"anyOf"`
}

// ordered is a mapping in the order in which it was written.
type ordered[T any] []entry[T]

type entry[T any] struct {
	Key   string
	Value T
}

// UnmarshalYAML reads a mapping.
func (o *ordered[T]) UnmarshalYAML(node *yaml.Node) error {
	for i := 0; i+1 < len(node.Content); i += 2 {
		e := entry[T]{Key: node.Content[i].Value}
		if err := node.Content[i+1].Decode(&e.Value); err != nil {
			return err
		}
		*o = append(*o, e)
	}
	return nil
}

func parseManual(text string) (*manual, error) {
	m := new(manual)
	if err := yaml.Unmarshal([]byte(text), m); err != nil {
		return nil, err
	}
	return m, nil
}

// member is one line in a table of members.
type member struct {
	Path, Type, Description string
	Required                bool
}

// Members lists the members of a schema and of the schemas in it, each by its path.
func (m *manual) Members(s schema) []member { return m.members(nil, s, "") }

func (m *manual) members(out []member, s schema, path string) []member {
	s = m.Resolve(s)
	for _, part := range slices.Concat(s.AllOf, s.AnyOf) {
		out = m.members(out, part, path)
	}
	for _, p := range s.Properties {
		own := m.Resolve(p.Value)
		line := member{
			Path: path + p.Key, Type: own.kind(), Description: own.Description, Required: slices.Contains(s.Required, p.Key),
		}
		if i := slices.IndexFunc(out, func(have member) bool { return have.Path == line.Path }); i >= 0 {
			out[i].Required = out[i].Required || line.Required
			continue // a part of an allOf that only narrows it
		}
		out = append(out, line)
		if own.Items != nil {
			out = m.members(out, *own.Items, line.Path+"[].")
		} else {
			out = m.members(out, own, line.Path+".")
		}
	}
	return out
}

// Resolve follows a reference. What stands beside it goes before what it points to.
func (m *manual) Resolve(s schema) schema {
	target, ok := m.Components.Schemas[last(s.Ref)]
	if !ok {
		return s
	}
	out := *target
	if s.Description != "" {
		out.Description = s.Description
	}
	return out
}

// Response follows a reference of an answer or of a request's body.
func (m *manual) Response(r response) response {
	if target, ok := m.Components.Responses[last(r.Ref)]; ok {
		return target
	}
	if target, ok := m.Components.RequestBodies[last(r.Ref)]; ok {
		return target
	}
	return r
}

// Parameter follows a reference.
func (m *manual) Parameter(p parameter) parameter {
	if target, ok := m.Components.Parameters[last(p.Ref)]; ok {
		return target
	}
	return p
}

// Scope is what a key must have for the operation; empty: anybody may call.
func (o operation) Scope() string {
	for _, way := range o.Security {
		for _, scopes := range way {
			return strings.Join(scopes, ", ")
		}
	}
	return ""
}

func (s schema) kind() string {
	switch {
	case len(s.Enum) > 0:
		return strings.Join(s.Enum, " | ")
	case s.Const != "":
		return s.Const
	default:
		return s.Type
	}
}

func last(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// JSON writes an example as it stands in the document; empty where there is none.
func (m *manual) JSON(node yaml.Node) (string, error) {
	if node.IsZero() {
		return "", nil
	}
	var b bytes.Buffer
	e := jsontext.NewEncoder(&b, jsontext.WithIndent("  "))
	if err := encodeNode(e, &node); err != nil {
		return "", err
	}
	return b.String(), nil
}

func encodeNode(e *jsontext.Encoder, node *yaml.Node) error {
	begin, end := jsontext.BeginObject, jsontext.EndObject
	switch node.Kind {
	case yaml.ScalarNode:
		if node.ShortTag() == "!!str" {
			return e.WriteToken(jsontext.String(node.Value))
		}
		return e.WriteValue(jsontext.Value(node.Value))
	case yaml.SequenceNode:
		begin, end = jsontext.BeginArray, jsontext.EndArray
	}
	if err := e.WriteToken(begin); err != nil {
		return err
	}
	for _, child := range node.Content {
		if err := encodeNode(e, child); err != nil {
			return err
		}
	}
	return e.WriteToken(end)
}
