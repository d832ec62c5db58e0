package httpsms

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/spoken"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/upstream"
)

// recipe is an api taken apart: how to write its requests and how to read its answers.
type recipe struct {
	method         string
	origin         string   // scheme and host
	address, query template // of the URL: what stands before the question mark, and behind it
	headers        []field
	fixed          http.Header // headers that never change
	params, form   []field
	parts          []field    // of a multipart body
	spoken         recordings // for parts
	body, unsigned template
	mediaType      string // of body
	escape         escape // of values in body

	sender  string
	line    bool // apps cannot choose the sender
	longest int
	channel providers.Channel
	digits  providers.Range[int]
	country string

	answers answers
}

// field is a header, or a field of a query or form.
type field struct {
	name  string
	value template
}

// call writes the request for m, or says why there is none.
func (r recipe) call(m transport.Message) (upstream.Call, error) {
	values := r.values(m)
	if err := r.cannot(m, values[placeSender]); err != nil {
		return upstream.Call{}, err
	}
	address, err := url.Parse(r.address.fill(values, url.PathEscape))
	if err != nil {
		return upstream.Call{}, fail(providers.Unknown, "the address cannot be written") // the error itself quotes it
	}
	address.RawQuery = strings.Trim(r.query.fill(values, url.QueryEscape)+"&"+encode(r.params, values).Encode(), "&")
	call := upstream.Call{
		Op: "send", Method: r.method, URL: address, Header: r.fixed.Clone(), Body: r.write(values, m), Guess: m.Code,
	}
	for _, h := range r.headers {
		if value := h.value.fill(values, asIs); value != "" {
			call.Header.Set(h.name, value)
		}
	}
	return call, nil
}

// values are what stands for the placeholders in m.
func (r recipe) values(m transport.Message) map[string]string {
	if r.line {
		m.Sender = ""
	}
	return map[string]string{
		placeTo:       m.To.Address(),
		placeToDigits: m.To.Digits(),
		placeToLocal:  m.To.National(),
		placeText:     m.Text.Reveal(),
		placeCode:     m.Code.Reveal(),
		placeSender:   cmp.Or(m.Sender, r.sender),
		placeRef:      m.Reference,
		placeSpoken:   spoken.Twice(m.Code.Reveal(), m.Locale),
	}
}

// cannot tells why m is not for this API; nil: it is.
func (r recipe) cannot(m transport.Message, sender string) error {
	switch {
	case m.To.IsEmail() || m.To.Address() == "":
		return fail(providers.Rejected, "the recipient is not a number")
	case r.channel != "" && m.Channel != r.channel:
		return fail(providers.Unsupported, "the preset serves "+string(r.channel)+" only")
	case !r.carries(m.Code.Reveal()):
		return fail(providers.Unsupported, "the code is none that the vendor carries")
	case r.country != "" && m.To.Country() != r.country:
		return fail(providers.Unsupported, "carries to "+r.country+" only")
	case sender == "" && r.body.has(placeSender) && len(r.unsigned) == 0:
		return fail(providers.Unsupported, "there is no sender, neither in the request nor in the options")
	case r.longest > 0 && utf8.RuneCountInString(sender) > r.longest:
		return fail(providers.Unsupported, "the sender is too long")
	}
	return nil
}

// carries tells whether the vendor takes such a code, where it takes the bare code.
func (r recipe) carries(code string) bool {
	return r.digits.Zero() || r.digits.Has(len(code)) && providers.Numeric.Admits(code)
}

// write is the body; nil when there is none.
func (r recipe) write(values map[string]string, m transport.Message) any {
	body := r.body
	if values[placeSender] == "" && len(r.unsigned) > 0 {
		body = r.unsigned
	}
	switch {
	case len(body) > 0:
		return upstream.Text{MediaType: r.mediaType, Body: body.fill(values, r.escape)}
	case len(r.form) > 0:
		return upstream.Text{MediaType: formType, Body: encode(r.form, values).Encode()}
	case len(r.parts) > 0:
		return r.multipart(values, m)
	}
	return nil
}

// encode fills fields. What comes out empty, such as a sender that nobody has set, is left out.
func encode(fields []field, values map[string]string) url.Values {
	all := url.Values{}
	for _, f := range fields {
		if value := f.value.fill(values, asIs); value != "" {
			all.Set(f.name, value)
		}
	}
	return all
}

func fail(class providers.Class, why string) error {
	return &providers.Error{Class: class, Err: errors.New(why)}
}
