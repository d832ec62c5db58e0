package config

import (
	"encoding"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// decoder fills Go values from the tree, strictly. What it cannot decode keeps its default and is reported.
type decoder struct{ report *Report }

// shorthand is a struct or list that may also be written as a single value.
type shorthand interface {
	// fromScalar reads the single value and tells whether it could.
	fromScalar(text string) bool
}

func (u *Use) fromScalar(text string) bool { u.Provider = text; return true }

func (t *Text) fromScalar(text string) bool { t.Default = text; return true }

func (l *LimitList) fromScalar(text string) bool {
	limit, err := otp.ParseLimit(text)
	if err == nil {
		*l = LimitList{limit}
	}
	return err == nil
}

func (d decoder) value(n *node, v reflect.Value, at path) {
	if short, ok := v.Addr().Interface().(shorthand); ok && n.kind == scalar && n.tag != "!!null" {
		if !short.fromScalar(n.text) {
			d.wrong(n, at, v.Type())
		}
		return
	}
	if own, ok := v.Addr().Interface().(selfReader); ok {
		d.own(n, v, at, own)
		return
	}
	if read := reader(v); read != nil {
		d.scalar(n, v, at, read)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v, at)
	case reflect.Map:
		d.mapping(n, v, at)
	case reflect.Slice:
		d.list(n, v, at)
	case reflect.Pointer:
		target := reflect.New(v.Type().Elem())
		setDefaults(target)
		d.value(n, target.Elem(), at)
		v.Set(target)
	case reflect.Interface:
		d.untyped(n, v, at)
	default:
		panic("config: no way to decode into " + v.Type().String()) // a mistake in a kind's options, met by every test of it
	}
}

// selfReader is a type of a kind's options that decides itself what it is read as.
type selfReader interface {
	UnmarshalYAML(read func(into any) error) error
}

// own has a type read itself. What is wrong within the value has been reported where it stands, and then the type's own
// error says nothing new.
func (d decoder) own(n *node, v reflect.Value, at path, own selfReader) {
	said := false
	err := own.UnmarshalYAML(func(into any) error {
		before := len(d.report.Errors)
		d.value(n, reflect.ValueOf(into).Elem(), at)
		if len(d.report.Errors) > before {
			said = true
			return errValue
		}
		return nil
	})
	if err != nil && !said {
		d.wrong(n, at, v.Type())
	}
}

func setDefaults(pointer reflect.Value) {
	if d, ok := pointer.Interface().(defaulter); ok {
		d.setDefaults()
	}
}

func (d decoder) structure(n *node, v reflect.Value, at path) {
	if n.kind != mapping {
		d.wrong(n, at, v.Type())
		return
	}
	fields, rest := fieldsOf(v), restOf(v)
	for _, key := range n.keys {
		below := at.in(key.name)
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == key.name })
		switch {
		case i >= 0:
			d.value(key.value, fields[i].value, below)
			d.constrain(key.value, fields[i], below)
		case rest.IsValid():
			d.entry(key, rest, below)
		default:
			d.report.spoilAt("unknown key; "+meant(key.name, names(fields)), below, key.spot)
		}
	}
}

func (d decoder) mapping(n *node, v reflect.Value, at path) {
	if n.kind != mapping {
		d.wrong(n, at, v.Type())
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.keys)))
	for _, key := range n.keys {
		d.entry(key, v, at.in(key.name))
	}
}

// entry decodes one key of a map.
func (d decoder) entry(key entry, into reflect.Value, at path) {
	if into.IsNil() {
		into.Set(reflect.MakeMap(into.Type()))
	}
	element := reflect.New(into.Type().Elem())
	setDefaults(element)
	d.value(key.value, element.Elem(), at)
	into.SetMapIndex(reflect.ValueOf(key.name).Convert(into.Type().Key()), element.Elem())
}

func (d decoder) list(n *node, v reflect.Value, at path) {
	if n.kind != list {
		d.wrong(n, at, v.Type())
		return
	}
	result := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		setDefaults(result.Index(i).Addr())
		d.value(item, result.Index(i), at.in(index(i)))
	}
	v.Set(result)
}

// untyped fills an `any`, whose owner looks into it later, and leaves the options of a kind to the kind.
func (d decoder) untyped(n *node, v reflect.Value, at path) {
	switch {
	case v.Type() == reflect.TypeFor[providers.Options]():
		if n.kind != mapping {
			d.wrong(n, at, v.Type())
		}
	case n.plain() != nil:
		v.Set(reflect.ValueOf(n.plain()))
	}
}

// plain is the value as maps, lists and simple values.
func (n *node) plain() any {
	switch n.kind {
	case mapping:
		m := make(map[string]any, len(n.keys))
		for _, k := range n.keys {
			m[k.name] = k.value.plain()
		}
		return m
	case list:
		l := make([]any, len(n.items))
		for i, item := range n.items {
			l[i] = item.plain()
		}
		return l
	}
	switch n.tag {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.text, "true")
	case "!!int":
		if i, err := strconv.ParseInt(n.text, 10, 64); err == nil {
			return i
		}
	case "!!float":
		if f, err := strconv.ParseFloat(n.text, 64); err == nil {
			return f
		}
	}
	return n.text
}

func (d decoder) scalar(n *node, v reflect.Value, at path, read func(text string) bool) {
	quoted := n.quoted && !n.expanded && isNumberOrBool(v.Type())
	if n.kind != scalar || n.tag == "!!null" || quoted || !read(n.text) {
		d.wrong(n, at, v.Type())
	}
}

func isNumberOrBool(t reflect.Type) bool {
	return t != reflect.TypeFor[time.Duration]() && reflect.Bool <= t.Kind() && t.Kind() <= reflect.Float64
}

// reader is the way to read a single value into v; nil when v is no single value.
func reader(v reflect.Value) func(text string) bool {
	switch into := v.Addr().Interface().(type) {
	case *time.Duration:
		return parse(func(d time.Duration) { *into = d }, otp.ParseDuration)
	case *otp.Limit:
		return parse(func(l otp.Limit) { *into = l }, otp.ParseLimit)
	case encoding.TextUnmarshaler:
		return func(text string) bool { return into.UnmarshalText([]byte(text)) == nil }
	}
	switch {
	case v.Kind() == reflect.String:
		return parse(v.SetString, func(text string) (string, error) { return text, nil })
	case v.Kind() == reflect.Bool:
		return parse(v.SetBool, readBool)
	case v.CanInt():
		return parse(v.SetInt, func(text string) (int64, error) { return strconv.ParseInt(text, 10, v.Type().Bits()) })
	case v.CanUint():
		return parse(v.SetUint, func(text string) (uint64, error) { return strconv.ParseUint(text, 10, v.Type().Bits()) })
	case v.CanFloat():
		return parse(v.SetFloat, readNumber)
	}
	return nil
}

var errValue = errors.New("not such a value")

func readBool(text string) (bool, error) {
	if text != "true" && text != "false" {
		return false, errValue
	}
	return text == "true", nil
}

func readNumber(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, errValue
	}
	return f, nil
}

// parse makes a reader that sets what it could read.
func parse[T any](set func(T), read func(string) (T, error)) func(string) bool {
	return func(text string) bool {
		value, err := read(text)
		if err == nil {
			set(value)
		}
		return err == nil
	}
}
