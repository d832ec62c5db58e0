package httpsms

import (
	"net/url"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// address takes the URL apart: scheme and host, what stands before the question mark, and what stands behind it.
func (c *compiler) address() (origin string, address, query template) {
	const field = "url"
	if c.URL.Empty() {
		c.refuse("is missing: write where messages are posted to, such as https://api.example.com/sms", field)
		return "", nil, nil
	}
	before, behind, _ := strings.Cut(c.URL.Reveal(), "?")
	numbers := []string{placeTo, placeToDigits, placeToLocal, placeRef}
	address = c.template(providers.NewSecret(before), url.PathEscape, numbers, field)
	query = c.template(providers.NewSecret(behind), url.QueryEscape, c.places(), field)
	one, other := fixedAs(address, "1"), fixedAs(address, "2")
	upstream.CheckBaseURL(about{field, func(text, at string) { c.refuse(text, at) }}, one, c.insecure)
	if origin = originOf(one); origin != originOf(other) {
		c.refuse("has a placeholder in its host: only path and query may have some", field)
	}
	for _, p := range query {
		if strings.ContainsFunc(p.literal, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' }) {
			c.refuse("has a query that is not URL-encoded: write a space as %20", field)
			break
		}
	}
	return origin, address, query
}

// fixedAs is an address whose places are all filled with value.
func fixedAs(address template, value string) string {
	return address.fill(nil, func(string) string { return value })
}

// originOf is scheme and host of an address; empty when it is none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// about is a block for a check that has its own name for a setting: all that it refuses is about field.
type about struct {
	field  string
	refuse func(text, field string)
}

// Refuse implements [providers.Block].
func (a about) Refuse(text string, _ ...string) { a.refuse(text, a.field) }

// Warn implements [providers.Block].
func (a about) Warn(string, ...string) {}

// Decode implements [providers.Block].
func (a about) Decode(any, ...string) bool { return false }
