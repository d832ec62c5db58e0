// Package whatsapp is the transport that has codes carried by the WhatsApp Business Platform (Meta's Cloud API), in
// authentication templates. What is documented, what is assumed and how to set it up stands in README.md.
package whatsapp

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/upstream"
)

// longestCode is what an authentication template takes, in characters.
const longestCode = 15

// sender implements [transport.Transport], [transport.CallbackParser], [providers.Challenger] and [io.Closer].
type sender struct {
	client      *upstream.Client
	version     string
	number      string   // id of the business number
	usual       Template // without a name: every locale needs one of its own
	templates   map[string]Template
	appSecret   providers.Secret // that signs callbacks; empty: none are taken
	verifyToken providers.Secret // that challenges name; empty: none are answered
}

// Deliver hands the code to WhatsApp. That it was taken does not say that the number has an account there: a callback
// tells, moments later.
func (s *sender) Deliver(ctx context.Context, m transport.Message) (transport.Receipt, error) {
	t, err := s.templateFor(m)
	if err != nil {
		return transport.Receipt{}, err
	}
	answer, err := s.client.Do(ctx, upstream.Call{
		Op: "send", Method: http.MethodPost, Path: []string{s.version, s.number, "messages"},
		Body: newBody(m.To.Digits(), t, m.Code.Reveal()), Guess: m.Code,
	})
	if err != nil {
		return transport.Receipt{}, unread(answer, err)
	}
	return read(answer)
}

// Close frees idle connections. Deliveries under way end as usual.
func (s *sender) Close() error { return s.client.Close() }

// templateFor is the template that carries m, or says why there is none.
func (s *sender) templateFor(m transport.Message) (Template, error) {
	code := m.Code.Reveal()
	if m.To.IsEmail() || m.To.Digits() == "" {
		return Template{}, fail(providers.Rejected, "the recipient is not a number")
	}
	if code == "" || len(code) > longestCode || !providers.Alphanumeric.Admits(code) {
		return Template{}, fail(providers.Unsupported, "the code is not 1 to 15 letters and digits")
	}
	locale := normal(m.Locale)
	primary, _, _ := strings.Cut(locale, "-")
	for _, one := range []string{locale, primary} {
		if t, ok := s.templates[one]; ok {
			return t, nil
		}
	}
	if s.usual.Name == "" {
		return Template{}, fail(providers.Unsupported, "there is no template in this language")
	}
	return s.usual, nil
}

// normal is the one way to write a locale (BCP 47) here.
func normal(locale string) string { return strings.ReplaceAll(strings.ToLower(locale), "_", "-") }

func fail(class providers.Class, why string) error {
	return &providers.Error{Class: class, Err: errors.New(why)}
}
