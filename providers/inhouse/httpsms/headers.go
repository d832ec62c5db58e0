package httpsms

import (
	"encoding/base64"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// headers takes the headers apart. Those that never change are fixed.
func (c *compiler) headers() (fields []field, fixed http.Header) {
	fixed = http.Header{}
	short := slices.DeleteFunc(c.places(), func(p string) bool { return p == placeText || p == placeSpoken })
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		value := c.Headers[name]
		switch {
		case !token(name):
			c.refuse("is no name of a header", "headers", name)
		case slices.Contains(ownHeaders(), strings.ToLower(name)):
			c.refuse("is a header that the gateway writes itself", "headers", name)
		case strings.ContainsFunc(value.Reveal(), func(r rune) bool { return r < ' ' || r == 0x7f }):
			c.refuse("holds a line break or another control character", "headers", name)
		}
		fields = append(fields, field{name, c.template(value, asIs, short, "headers", name)})
	}
	user, password := c.Basic.Username, c.Basic.Password
	switch {
	case user.Empty() && password.Empty():
		return fields, fixed
	case user.Empty() || password.Empty():
		c.refuse("username and password belong together", "basic")
	case strings.Contains(user.Reveal(), ":"):
		c.refuse("a name that holds a colon cannot be told from the password", "basic", "username")
	}
	pair := base64.StdEncoding.EncodeToString([]byte(user.Reveal() + ":" + password.Reveal()))
	fixed.Set("Authorization", "Basic "+pair)
	for name := range c.Headers {
		if strings.EqualFold(name, "Authorization") {
			c.refuse("stands there twice: as a header and as basic", "basic")
		}
	}
	return fields, fixed
}

// ownHeaders belong to HTTP itself (RFC 9110 §7.6.1, RFC 9112 §6).
func ownHeaders() []string {
	return []string{"host", "content-length", "transfer-encoding", "connection", "trailer", "te", "upgrade", "expect"}
}

// token is what a header's name is made of (RFC 9110 §5.6.2).
func token(s string) bool {
	const signs = "!#$%&'*+-.^_`|~"
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r > '~' || !providers.Alphanumeric.Admits(string(r)) && !strings.ContainsRune(signs, r)
	})
}

// contentType is what the header of that name says, without parameters; empty: there is none.
func (c *compiler) contentType() string {
	for name, value := range c.Headers {
		if strings.EqualFold(name, "Content-Type") {
			media, _, err := mime.ParseMediaType(value.Reveal())
			if err != nil {
				return "unknown"
			}
			return media
		}
	}
	return ""
}
