package config

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// say names a value in a sentence: quoted, unless it came from outside of the file or is too long to help.
func (n *node) say() string {
	if n == nil || n.kind != scalar || n.expanded || len(n.text) > 40 {
		return "this value"
	}
	return strconv.Quote(n.text)
}

// wrong reports that a value is not what its place takes.
func (d decoder) wrong(n *node, at path, t reflect.Type) {
	what, fitting := n.say(), right(t)
	switch {
	case n.kind == list:
		what = "this is a list"
	case n.kind == mapping:
		what = "this is a block of keys"
	case n.tag == "!!null":
		what, fitting = "this key has no value", fitting+", or remove the key"
	case isSecret(t):
		what = "this value is not fit for its place"
	case n.quoted && !n.expanded && isNumberOrBool(t):
		fitting += ", without quotes"
		what += " is a text"
	default:
		what += " does not fit here"
	}
	d.report.spoil(what+"; write "+fitting, at)
}

func isSecret(t reflect.Type) bool { return t == reflect.TypeFor[providers.Secret]() }

// right says what a place takes.
func right(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "a duration such as 30s, 10m, 24h or 30d"
	case reflect.TypeFor[otp.Limit]():
		return "a limit such as 5/10m or 200/s"
	case reflect.TypeFor[LimitList]():
		return "a limit such as 5/10m, or a list of them"
	case reflect.TypeFor[Use]():
		return "the name of a provider, or {provider: name, weight: 10}"
	case reflect.TypeFor[Text]():
		return "a text, or {default: a text, sms: another one}"
	case reflect.TypeFor[time.Time]():
		return "a time such as 2026-01-31T00:00:00Z"
	case reflect.TypeFor[providers.Options](), reflect.TypeFor[Template]():
		return "keys with values below it"
	}
	return rightKind(t)
}

func rightKind(t reflect.Type) string {
	switch k := t.Kind(); {
	case k == reflect.Pointer:
		return right(t.Elem())
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()), k == reflect.String:
		return "a text"
	case k == reflect.Struct, k == reflect.Map:
		return "keys with values below it"
	case k == reflect.Slice:
		return "a list, such as [a, b]"
	case k == reflect.Bool:
		return "true or false"
	case k == reflect.Float32, k == reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

// meant suggests the word that was probably meant, or lists all of them.
func meant(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "known are " + listed(known)
}

// choose is meant for a value, which is not looked at when it came from outside of the file.
func choose(n *node, known []string) string {
	if n != nil && !n.expanded {
		if near := nearest(n.text, known); near != "" {
			return "did you mean " + near + "?"
		}
	}
	if len(known) == 0 {
		return "there are none yet"
	}
	return "write one of " + listed(known)
}

func listed(words []string) string {
	const most = 20
	if len(words) > most {
		return strings.Join(words[:most], ", ") + ", …"
	}
	return strings.Join(words, ", ")
}

// nearest is the known word that takes the fewest changes of a letter to get to; empty when every one takes too many.
func nearest(word string, known []string) string {
	best, least := "", len(word)/3+1
	for _, k := range known {
		if n := changes(strings.ToLower(word), strings.ToLower(k)); n <= least && (best == "" || n < least) {
			best, least = k, n
		}
	}
	return best
}

// changes counts the letters to add, drop, replace or swap with the next that lead from a to b (the optimal string
// alignment distance).
func changes(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			replaced := last[j]
			if a[i] != b[j] {
				replaced++
			}
			row[j+1] = min(replaced, row[j]+1, last[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
