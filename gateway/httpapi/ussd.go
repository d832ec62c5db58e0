package httpapi

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// Aggregator is who calls when somebody dials the USSD string of a provider.
type Aggregator struct {
	Style     string // how it writes its callbacks: "africastalking", "hubtel" or "arkesel"
	Token     providers.Secret
	Sources   []netip.Prefix // that it calls from
	PerMinute int            // callbacks about one number
}

var (
	errStranger = errors.New("a USSD callback with an unknown provider or token")
	errSource   = errors.New("a USSD callback from an address that is not among the provider's sources")
	errStyle    = errors.New("a USSD callback for a provider whose style nobody knows")
)

// dial answers the callback of a USSD aggregator with the next screen of whoever dials.
func (r *call) dial() (otp.Answer, error) {
	provider := strings.Clone(r.fiber.Params("provider"))
	aggregator, style, err := r.aggregator(provider)
	if err != nil {
		return otp.Answer{}, r.hidden(err)
	}
	d, err := style.read(r.fiber.Request().Body())
	if err != nil {
		return otp.Answer{}, err
	}
	if d.over {
		return style.write(d, otp.Screen{}), nil
	}
	screen, err := r.snapshot.OTP.Dial(r.ctx, otp.DialInput{
		Provider: provider, Number: d.number, Choice: d.choice, PerMinute: aggregator.PerMinute,
	})
	r.cause = err // the screen says so in its own words: the network shows a person no other answer
	return style.write(d, screen), nil
}

// aggregator is the one that calls, if it knows the token and comes from one of its addresses. How long that takes
// tells nothing about the token.
func (r *call) aggregator(provider string) (Aggregator, ussdStyle, error) {
	token := r.fiber.Params("token")
	if token == "" {
		token = r.fiber.Query("token")
	}
	a, known := r.snapshot.Aggregators[provider]
	right := a.Token.Equal(providers.NewSecret(strings.Clone(token)))
	if !known || !right || a.Token.Empty() {
		return a, ussdStyle{}, errStranger
	}
	if source, ok := r.source(); !ok || !contains(a.Sources, source) {
		return a, ussdStyle{}, errSource
	}
	style, ok := styleOf(a.Style)
	if !ok {
		return a, style, errStyle
	}
	return a, style, nil
}

// hidden answers as if there were no such path: a stranger does not learn which providers can be dialled. The log does.
func (r *call) hidden(reason error) error {
	r.route.path = ""
	e := fromFiber(http.StatusNotFound)
	e.Err = reason
	return e
}
