package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

var errNoCaller = errors.New("a callback for a provider that takes none, or that does not exist")

// callback takes in what an upstream calls to tell of its deliveries. Whether it is genuine is for the provider to say,
// which knows how its upstream signs; nothing happens before that.
func (r *call) callback() (otp.Answer, error) {
	name := strings.Clone(r.fiber.Params("provider"))
	parser, known := r.snapshot.Callbacks[name]
	if !known {
		return otp.Answer{}, r.hidden(errNoCaller)
	}
	c := r.received()
	if challenger, ok := parser.(providers.Challenger); ok {
		if answer, ok := challenger.Challenge(c); ok {
			return plain(answer), nil
		}
	}
	reports, err := parser.ParseCallback(c)
	switch {
	case err == nil:
		return plain(""), r.snapshot.OTP.Report(r.ctx, name, reports)
	case errors.Is(err, providers.ErrNoCallbacks):
		return otp.Answer{}, r.hidden(errNoCaller)
	case errors.Is(err, providers.ErrMalformed):
		return otp.Answer{}, invalid(otp.Field{Field: "body", Message: "must be a callback as the upstream documents it"})
	default:
		return otp.Answer{}, &otp.Error{
			Code: unauthenticated, Detail: "the callback has no right signature or token", Err: fmt.Errorf("%s: %w", name, err),
		}
	}
}

// received copies the request: reports may outlive fiber's buffers.
func (r *call) received() providers.Callback {
	c := providers.Callback{
		Method: r.method,
		Token:  providers.NewSecret(strings.Clone(r.fiber.Params("token"))),
		Header: http.Header{},
		Query:  url.Values{},
		Body:   bytes.Clone(r.fiber.Request().Body()), // as it came: fiber's own Body would unpack it
	}
	r.fiber.Request().Header.VisitAll(func(name, value []byte) { c.Header.Add(string(name), string(value)) })
	r.fiber.Context().QueryArgs().VisitAll(func(name, value []byte) { c.Query.Add(string(name), string(value)) })
	c.Remote, _ = r.source()
	return c
}

// plain is an answer to a machine that looks at the status, or reads back a word of its own.
func plain(text string) otp.Answer {
	return otp.Answer{Status: http.StatusOK, ContentType: fiber.MIMETextPlainCharsetUTF8, Body: []byte(text)}
}
