package config

import (
	"reflect"
	"strings"
)

// field is an exported field of a struct as the file knows it.
type field struct {
	name  string
	rule  rule
	value reflect.Value
	empty bool // may be left out of a print when it is zero
}

// fieldsOf lists the fields of a struct that carry a yaml tag, those of inlined structs included.
func fieldsOf(v reflect.Value) []field {
	var fields []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported() || name == "-" || name == "" && options == "":
		case strings.Contains(options, "inline"):
			if f.Type.Kind() == reflect.Struct {
				fields = append(fields, fieldsOf(v.Field(i))...)
			}
		default:
			fields = append(fields, field{name, ruleOf(f.Tag), v.Field(i), strings.Contains(options, "omitempty")})
		}
	}
	return fields
}

// restOf is the inlined map that takes the keys which a struct has no field for; invalid when it has none.
func restOf(v reflect.Value) reflect.Value {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if _, options, _ := strings.Cut(f.Tag.Get("yaml"), ","); f.Type.Kind() == reflect.Map && options == "inline" {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

func names(fields []field) []string {
	var all []string
	for _, f := range fields {
		all = append(all, f.name)
	}
	return all
}
