package httpsms

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-json/jsontext"

	"github.com/otpgate/otpgate/providers"
)

const formType = "application/x-www-form-urlencoded"

// fields takes the values of a query or form apart. They are encoded as a whole later.
func (c *compiler) fields(values map[string]providers.Secret, path string) []field {
	var all []field
	for _, name := range slices.Sorted(maps.Keys(values)) {
		all = append(all, field{name, c.template(values[name], asIs, c.places(), path, name)})
	}
	return all
}

// body takes body or form apart.
func (c *compiler) body(r *recipe) {
	r.form, r.parts = c.fields(c.Form, "form"), c.parts()
	switch form := len(c.Form) > 0 || len(c.Multipart) > 0; {
	case c.Body.Empty() && !form:
		return
	case r.method == http.MethodGet:
		c.refuse("a GET has no body: write query, or method: POST", "method")
	case form && !c.Body.Empty():
		c.refuse("there is one body: write either body or form", "form")
	case len(c.Form) > 0 && len(c.Multipart) > 0:
		c.refuse("there is one body: write either form or multipart", "multipart")
	case form && c.contentType() != "":
		c.refuse("a form has its own: leave it out", "headers", "Content-Type")
	}
	if c.Body.Empty() {
		return
	}
	r.mediaType = cmp.Or(c.contentType(), "application/json")
	e, ok := escapeFor(r.mediaType)
	if !ok {
		c.refuse("bodies can be JSON, XML, URL-encoded or plain text", "headers", "Content-Type")
		return
	}
	r.escape = e
	r.body = c.template(c.Body, e, c.places(), "body")
	r.unsigned = c.template(c.unsigned, e, c.places(), "body")
	if isJSON(r.mediaType) && !jsontext.Value(fixedAs(r.body, `\"`)).IsValid() {
		c.refuse("is no JSON; placeholders stand within quotes, such as \"{text}\"", "body")
	}
}

func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

// escapeFor is the way to put values into a body.
func escapeFor(media string) (e escape, ok bool) {
	switch {
	case isJSON(media):
		return inJSON, true
	case media == "application/xml", media == "text/xml", strings.HasSuffix(media, "+xml"):
		return inXML, true
	case media == formType:
		return url.QueryEscape, true
	case media == "text/plain":
		return asIs, true
	}
	return nil, false
}

// asIs is for places that are encoded as a whole later, or need nothing.
func asIs(s string) string { return s }

// inJSON is for places within a JSON string.
func inJSON(s string) string {
	quoted, _ := jsontext.AppendQuote(nil, s) // its error says that invalid UTF-8 was replaced, which is what is wanted
	return string(quoted[1 : len(quoted)-1])
}

// inXML is for places within text or an attribute of XML.
func inXML(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}
