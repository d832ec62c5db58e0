package httpapi

import (
	"bytes"
	"mime"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-json/v2"
	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/otp"
)

// request is the body of a request, which knows what it cannot do without.
type request interface{ missing() []otp.Field }

// decode reads the body, or refuses it with every mistake in it. Strings in the result are copies.
func decode[T request](r *call) (T, error) {
	var in, none T
	if _, err := r.query(); err != nil {
		return none, err
	}
	if !isJSON(r.fiber) {
		return none, &otp.Error{Code: unsupportedMediaType}
	}
	fields := unmarshal(r.fiber.Request().Body(), &in)
	if fields == nil {
		fields = in.missing()
	}
	if len(fields) > 0 {
		return none, invalid(fields...)
	}
	return in, nil
}

// unmarshal reads body into the struct that in points to, strictly.
func unmarshal(body []byte, in any) []otp.Field {
	err := json.Unmarshal(body, in, json.RejectUnknownMembers(true))
	if err == nil && bytes.TrimLeft(body, " \t\r\n")[0] == '{' { // null would be read as an empty struct
		return nil
	}
	return mistakes(body, reflect.TypeOf(in).Elem())
}

func isJSON(c *fiber.Ctx) bool {
	header := &c.Request().Header
	if len(header.Peek(fiber.HeaderContentEncoding)) > 0 {
		return false
	}
	contentType := header.ContentType()
	if string(contentType) == fiber.MIMEApplicationJSON {
		return true
	}
	kind, params, err := mime.ParseMediaType(string(contentType))
	if err != nil || kind != fiber.MIMEApplicationJSON {
		return false
	}
	charset, given := params["charset"]
	return len(params) == 0 || len(params) == 1 && given && strings.EqualFold(charset, "utf-8")
}

// query reads the query parameters, and refuses those that known does not name.
func (r *call) query(known ...string) (map[string]string, error) {
	return r.parameters(func(name string) bool { return slices.Contains(known, name) })
}

// parameters reads the query parameters, and refuses those that are not known.
func (r *call) parameters(known func(name string) bool) (map[string]string, error) {
	query := r.fiber.Context().QueryArgs()
	if query.Len() == 0 {
		return nil, nil
	}
	got := map[string]string{}
	var wrong []otp.Field
	query.VisitAll(func(k, v []byte) {
		name := string(k)
		if _, doubled := got[name]; doubled {
			wrong = append(wrong, otp.Field{Field: clip(name), Message: twice})
		} else if !known(name) {
			wrong = append(wrong, otp.Field{Field: clip(name), Message: "is not a query parameter of this call"})
		}
		got[name] = string(v)
	})
	if len(wrong) > 0 {
		return nil, invalid(wrong[:min(len(wrong), maxMistakes)]...)
	}
	return got, nil
}
