package config

import (
	"fmt"
	"reflect"
	"time"

	"github.com/goccy/go-json/jsontext"
	"github.com/goccy/go-json/v2"
	"github.com/invopop/jsonschema"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// Schema is the JSON Schema (draft 2020-12) of the file, for editors. It knows shapes, words, ranges and defaults; what
// the parts say against each other only [Load] can judge.
func Schema(kinds []providers.Kind) ([]byte, error) {
	comments, err := readComments()
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	c := Config{}
	c.setDefaults()
	schema := reflectSchema(&c, comments)
	schema.Title, schema.Description = "otpgate", "Configuration of otpgate."
	provider := property(schema, "providers").AdditionalProperties
	for _, kind := range kinds {
		addKind(provider, kind, comments)
	}
	loosen(schema)
	return json.Marshal(schema, jsontext.WithIndent("  "))
}

// addKind says what stands below `with` for a kind.
func addKind(provider *jsonschema.Schema, kind providers.Kind, comments func(reflect.Type, string) string) {
	name := property(provider, "kind")
	name.Enum = append(name.Enum, kind.Name)
	is := jsonschema.NewProperties()
	is.Set("kind", &jsonschema.Schema{Const: kind.Name})
	with := reflectSchema(kind.Options(), comments)
	with.Version = ""
	then := jsonschema.NewProperties()
	then.Set("with", with)
	provider.AllOf = append(provider.AllOf, &jsonschema.Schema{
		If:   &jsonschema.Schema{Properties: is, Required: []string{"kind"}},
		Then: &jsonschema.Schema{Properties: then},
	})
}

// reflectSchema is the schema of the struct that pointer points to, whose values are its defaults.
func reflectSchema(pointer any, comments func(reflect.Type, string) string) *jsonschema.Schema {
	r := jsonschema.Reflector{
		Anonymous:                  true,
		DoNotReference:             true,
		ExpandedStruct:             true,
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		LookupComment:              comments,
	}
	r.Mapper = func(t reflect.Type) *jsonschema.Schema { return special(t, &r) }
	schema := r.Reflect(pointer)
	complete(schema, reflect.ValueOf(pointer).Elem())
	return schema
}

// special is the schema of a type that is written otherwise than its Go type suggests; nil for all others.
func special(t reflect.Type, r *jsonschema.Reflector) *jsonschema.Schema {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[selfReader]()) {
		return &jsonschema.Schema{} // only the type knows
	}
	switch t {
	case reflect.TypeFor[time.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: `^([0-9]+d|([0-9.]+(ns|us|µs|ms|[smh]))+|0)$`}
	case reflect.TypeFor[time.Time]():
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[providers.Secret]():
		return &jsonschema.Schema{Type: "string"}
	case reflect.TypeFor[providers.Channel]():
		return &jsonschema.Schema{Type: "string", Enum: anys(providers.Channels())}
	case reflect.TypeFor[providers.Alphabet]():
		return &jsonschema.Schema{Type: "string", Enum: anys(providers.Alphabets())}
	case reflect.TypeFor[providers.Options]():
		return &jsonschema.Schema{Type: "object"}
	case reflect.TypeFor[otp.Limit]():
		return limitSchema()
	case reflect.TypeFor[LimitList]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{limitSchema(), {Type: "array", Items: limitSchema()}}}
	case reflect.TypeFor[Use]():
		type longUse Use // the same fields, and no mapper
		return textOr(r.ReflectFromType(reflect.TypeFor[longUse]()))
	case reflect.TypeFor[Text]():
		type longText Text
		return textOr(r.ReflectFromType(reflect.TypeFor[longText]()))
	}
	return nil
}

func textOr(block *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, block}}
}

func limitSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^[1-9][0-9]*/[0-9a-z.]+$`}
}

func anys[T ~string](words []T) []any {
	var all []any
	for _, w := range words {
		all = append(all, string(w))
	}
	return all
}

// property is what a schema says about a key.
func property(s *jsonschema.Schema, name string) *jsonschema.Schema {
	p, _ := s.Properties.Get(name)
	return p
}

// complete writes the values of a struct into its schema as defaults, and opens it where it takes any key.
func complete(s *jsonschema.Schema, v reflect.Value) {
	if s == nil || s.Properties == nil {
		return
	}
	if restOf(v).IsValid() {
		s.AdditionalProperties = nil
	}
	for _, f := range fieldsOf(v) {
		p, ok := s.Properties.Get(f.name)
		if !ok {
			continue
		}
		switch t := f.value.Type(); {
		case t.Kind() == reflect.Map && p.AdditionalProperties != nil, t.Kind() == reflect.Slice && p.Items != nil:
			element := reflect.New(t.Elem())
			setDefaults(element)
			if below := element.Elem(); below.Kind() == reflect.Struct {
				complete(firstOf(p.AdditionalProperties, p.Items), below)
			}
		case t.Kind() == reflect.Struct && p.Properties != nil:
			complete(p, f.value)
		case !f.value.IsZero():
			p.Default = printed(f.value)
		}
	}
}

func firstOf(schemas ...*jsonschema.Schema) *jsonschema.Schema {
	for _, s := range schemas {
		if s != nil {
			return s
		}
	}
	return nil
}

// printed is a default as the file would have it.
func printed(v reflect.Value) any {
	var plain any
	if err := (printer{}).print(v, nil).Load(&plain); err != nil {
		return nil
	}
	return plain
}

// loosen lets ${…} stand where the schema asks for more than any text.
func loosen(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	for _, list := range [][]*jsonschema.Schema{s.AnyOf, s.AllOf} {
		for _, one := range list {
			loosen(one)
		}
	}
	loosen(s.Then)
	loosen(s.Items)
	loosen(s.AdditionalProperties)
	if s.Properties != nil {
		for p := s.Properties.Oldest(); p != nil; p = p.Next() {
			loosen(p.Value)
		}
	}
	switch {
	case s.Type == "integer", s.Type == "number", s.Type == "boolean", s.Enum != nil, s.Pattern != "", s.Format != "":
		strict := *s
		strict.Description, strict.Default = "", nil
		*s = jsonschema.Schema{Description: s.Description, Default: s.Default, AnyOf: []*jsonschema.Schema{
			&strict, {Type: "string", Pattern: `\$\{`},
		}}
	}
}
