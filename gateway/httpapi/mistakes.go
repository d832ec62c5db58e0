package httpapi

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-json/jsontext"

	"github.com/otpgate/otpgate/gateway/otp"
)

const (
	maxMistakes = 20 // that one answer names
	maxName     = 64 // bytes of a member's name that an answer repeats
	twice       = "stands twice"
)

// reader goes through a body that could not be read and collects what is wrong with it. Its texts tell what a member
// should have been and never what it was: that may be a code.
type reader struct {
	in    *jsontext.Decoder
	wrong []otp.Field
}

// mistakes finds what keeps body from being a t. It is never empty.
func mistakes(body []byte, t reflect.Type) []otp.Field {
	r := &reader{in: jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true))}
	err := r.value(t, "")
	if err == nil {
		if _, err = r.in.ReadToken(); err == nil {
			r.note("", "goes on after its end")
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.note("", "is not valid JSON in UTF-8, at byte "+strconv.FormatInt(offset(err), 10))
	}
	if len(r.wrong) == 0 {
		r.note("", "must be a JSON object as the contract describes it")
	}
	return r.wrong[:min(len(r.wrong), maxMistakes)]
}

func offset(err error) int64 {
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return e.ByteOffset
	}
	return 0
}

func (r *reader) note(path, message string) {
	if path == "" {
		path = "body"
	}
	r.wrong = append(r.wrong, otp.Field{Field: path, Message: message})
}

// value reads what should be a t.
func (r *reader) value(t reflect.Type, path string) error {
	kind := r.in.PeekKind()
	if kind == 'n' && path != "" { // null is the same as nothing
		return r.in.SkipValue()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return r.value(t.Elem(), path)
	case reflect.Int:
		return r.number(path)
	case reflect.Struct, reflect.Map:
		if kind == '{' {
			return r.object(t, path)
		}
		return r.skip(path, "must be an object")
	case reflect.Slice:
		if kind == '[' {
			return r.array(t.Elem(), path)
		}
		return r.skip(path, "must be a list")
	default:
		if kind == '"' {
			return r.in.SkipValue()
		}
		return r.skip(path, "must be a string")
	}
}

func (r *reader) number(path string) error {
	text, err := r.in.ReadValue()
	if err != nil {
		return err
	}
	if _, err := strconv.Atoi(string(text)); err != nil {
		r.note(path, "must be a whole number")
	}
	return nil
}

func (r *reader) array(t reflect.Type, path string) error {
	if _, err := r.in.ReadToken(); err != nil {
		return err
	}
	for i := 0; r.in.PeekKind() != ']'; i++ {
		if err := r.value(t, path+"["+strconv.Itoa(i)+"]"); err != nil {
			return err
		}
	}
	_, err := r.in.ReadToken()
	return err
}

func (r *reader) object(t reflect.Type, path string) error {
	if _, err := r.in.ReadToken(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for r.in.PeekKind() != '}' {
		token, err := r.in.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		if err := r.member(t, join(path, clip(name)), name, seen[name]); err != nil {
			return err
		}
		seen[name] = true
	}
	_, err := r.in.ReadToken()
	return err
}

func (r *reader) member(t reflect.Type, path, name string, doubled bool) error {
	if doubled {
		return r.skip(path, twice)
	}
	if t.Kind() == reflect.Map {
		return r.value(t.Elem(), path)
	}
	for f := range t.Fields() {
		if f.Tag.Get("json") == name {
			return r.value(f.Type, path)
		}
	}
	return r.skip(path, "is not a field of this request")
}

func (r *reader) skip(path, message string) error {
	if err := r.in.SkipValue(); err != nil {
		return err
	}
	r.note(path, message)
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// clip shortens a name that an answer repeats.
func clip(name string) string {
	if len(name) <= maxName {
		return name
	}
	return strings.ToValidUTF8(name[:maxName], "") + "…"
}
