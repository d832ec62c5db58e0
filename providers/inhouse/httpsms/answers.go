package httpsms

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-json/jsontext"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/upstream"
)

// answers says what an API's answers mean.
type answers struct {
	accept   []int
	success  []condition
	refusals []refusal
	id       path
}

// condition is a [Condition] that is ready to be used.
type condition struct {
	Condition
	path path
}

// refusal is an [ErrorRule] that is ready to be used.
type refusal struct {
	ErrorRule
	path  path
	class providers.Class
}

var (
	errNotTaken   = errors.New("the answer does not say that the message was taken")
	errUnreadable = errors.New("the answer does not say whether the message was taken")
)

// read makes a receipt or an error of a whole answer: by the rules for refusals first, by the status second, by the
// conditions of success third. A success that leaves open whether the message was taken is [providers.Ambiguous]: the
// message may be under way.
func (a answers) read(r upstream.Response) (transport.Receipt, error) {
	doc := document(r.Body)
	for _, rule := range a.refusals {
		if word, applies := rule.applies(r.Status, doc); applies {
			return transport.Receipt{}, r.Failure(rule.class, word, nil)
		}
	}
	switch {
	case !slices.Contains(a.accept, r.Status):
		return transport.Receipt{}, r.Failure(classOf(r.Status), a.word(doc), nil)
	case doc == nil && a.looks():
		return transport.Receipt{}, r.Failure(providers.Ambiguous, "", errUnreadable)
	}
	doubtful := false
	for _, c := range a.success {
		word, holds := c.holds(doc)
		if !holds && word != "" {
			return transport.Receipt{}, r.Failure(providers.Unknown, word, errNotTaken)
		}
		doubtful = doubtful || !holds
	}
	if doubtful {
		return transport.Receipt{}, r.Failure(providers.Ambiguous, "", errUnreadable)
	}
	return transport.Receipt{ID: a.idIn(doc)}, nil
}

// document is a body as JSON; nil when it is none.
func document(body []byte) jsontext.Value {
	v := jsontext.Value(bytes.TrimPrefix(body, []byte("\uFEFF"))) // some servers write the mark that RFC 8259 §8.1 forbids
	if !v.IsValid() {
		return nil
	}
	return v
}

// classOf is what a status means that is none of success. One of 2xx may be a success that nobody has told us of.
func classOf(status int) providers.Class {
	if success(status) {
		return providers.Ambiguous
	}
	return upstream.ClassOfStatus(status)
}

func success(status int) bool { return status >= 200 && status <= 299 }

// looks tells whether it takes a body to know a success.
func (a answers) looks() bool {
	return len(a.success) > 0 || slices.ContainsFunc(a.refusals, func(r refusal) bool { return r.path != nil })
}

// word is the API's own code for a refusal that no rule knows; empty: none.
func (a answers) word(doc jsontext.Value) string {
	for _, rule := range a.refusals {
		if found := rule.path.find(doc); len(found) > 0 && len(rule.Values) > 0 {
			return found[0]
		}
	}
	return ""
}

// applies tells whether the rule is about the answer, and the word by which it knows. A rule without values has no
// word: what stands there may be the number that was refused.
func (r refusal) applies(status int, doc jsontext.Value) (word string, applies bool) {
	if r.Status != 0 && r.Status != status {
		return "", false
	}
	if r.path == nil {
		return "", true
	}
	for _, value := range r.path.find(doc) {
		switch {
		case len(r.Values) == 0 && something(value):
			return "", true
		case slices.Contains(r.Values, value):
			return value, true
		}
	}
	return "", false
}

// holds tells whether the answer says what it must. When it does not, word is what it says instead; empty: nothing that
// could be held against it.
func (c condition) holds(doc jsontext.Value) (word string, holds bool) {
	found := slices.DeleteFunc(c.path.find(doc), func(value string) bool { return !something(value) })
	if len(found) == 0 {
		return "", c.Optional
	}
	for _, value := range found {
		if len(c.Values) > 0 && !slices.Contains(c.Values, value) {
			return value, false
		}
		if c.Min == 0 {
			continue
		}
		number, err := strconv.ParseFloat(value, 64)
		switch {
		case err != nil || strings.Trim(value, "-.0123456789") != "": // "Infinity" is a number to ParseFloat
			return "", false
		case number < c.Min:
			return value, false
		}
	}
	return "", true
}

// something tells values from such as only say that there is none.
func something(value string) bool { return value != "" && value != "[]" && value != "{}" }

// idIn is the id of the message; empty when there is none that could be looked up. Africa's Talking writes "None".
func (a answers) idIn(doc jsontext.Value) string {
	const longest = 128
	for _, id := range a.id.find(doc) {
		if len(id) <= longest && upstream.Visible(id) && something(id) && id != "None" {
			return id
		}
	}
	return ""
}
