package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// rule is what a tag `jsonschema` says about a single value: the words that it may be, or the range of a number.
type rule struct {
	words    []string
	min, max float64
	bounded  bool
}

func ruleOf(tag reflect.StructTag) rule {
	r := rule{min: math.Inf(-1), max: math.Inf(1)}
	for part := range strings.SplitSeq(tag.Get("jsonschema"), ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "enum":
			r.words = append(r.words, value)
		case "minimum":
			r.min, _ = strconv.ParseFloat(value, 64)
			r.bounded = true
		case "maximum":
			r.max, _ = strconv.ParseFloat(value, 64)
			r.bounded = true
		}
	}
	return r
}

// span says which numbers are allowed.
func (r rule) span() string {
	if math.IsInf(r.max, 1) {
		return fmt.Sprintf("at least %v", r.min)
	}
	return fmt.Sprintf("%v to %v", r.min, r.max)
}

// constrain holds a decoded value against the rule of its field and of its type.
func (d decoder) constrain(n *node, f field, at path) {
	v := f.value
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch {
	case n.kind == list && v.Kind() == reflect.Slice:
		for i, item := range n.items {
			d.constrain(item, field{rule: f.rule, value: v.Index(i)}, at.in(index(i)))
		}
	case n.kind != scalar || n.tag == "!!null":
	case v.Kind() == reflect.String:
		if words := wordsFor(f.rule.words, v.Type()); words != nil && !slices.Contains(words, v.String()) {
			d.report.spoil(n.say()+" is not known here; "+choose(n, words), at)
		}
	case f.rule.bounded && (v.CanInt() || v.CanFloat()) && d.took(at):
		if number := toFloat(v); number < f.rule.min || number > f.rule.max {
			d.report.spoil(n.say()+" is out of range; write "+f.rule.span(), at)
		}
	}
}

// took tells whether the value at p was decoded.
func (d decoder) took(p path) bool {
	return !slices.ContainsFunc(d.report.spoilt, func(s path) bool { return slices.Equal(s, p) })
}

// wordsFor are the words of the rule, else those of the type.
func wordsFor(words []string, t reflect.Type) []string {
	switch {
	case words != nil:
		return words
	case t == reflect.TypeFor[providers.Channel]():
		return texts(providers.Channels())
	case t == reflect.TypeFor[providers.Alphabet]():
		return texts(providers.Alphabets())
	}
	return nil
}

func texts[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, item := range list {
		all[i] = string(item)
	}
	return all
}

func toFloat(v reflect.Value) float64 {
	if v.CanInt() {
		return float64(v.Int())
	}
	return v.Float()
}
