package routing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// entry is a candidate of a rule on one channel, with what a plan needs to know of it.
type entry struct {
	spot     Spot
	unit     *unit
	post     *post
	coverage *providers.Coverage // nil: the channel is not covered
	listed   int                 // in the rule's list, from 1
	weight   int
	prices   prices
	why      misfits
}

// misfits are the sentences that say why a provider cannot serve, made once.
type misfits struct{ channel, country, length, alphabet, message string }

func misfitsOf(spot Spot, c *providers.Coverage) misfits {
	why := misfits{channel: "it does not cover " + string(spot.Channel)}
	if c == nil {
		return why
	}
	why.country = "it covers " + strings.Join(c.Countries, ", ") + " only"
	why.alphabet = fmt.Sprintf("it gives codes that are %s only", orNone(c.Alphabets))
	why.message = "it does not take a text, and so no template either"
	if c.Message {
		why.message = "it does not fill " + prefix + " in a text"
	}
	switch {
	case c.Length.Zero():
		why.length = "it takes no wish for the length of a code"
	case c.Length.Min == c.Length.Max:
		why.length = fmt.Sprintf("it gives codes of %d characters only", c.Length.Min)
	default:
		why.length = fmt.Sprintf("it gives codes of %d to %d characters only", c.Length.Min, c.Length.Max)
	}
	return why
}

func orNone(alphabets []providers.Alphabet) string {
	if len(alphabets) == 0 {
		return "of its own choice"
	}
	names := make([]string, len(alphabets))
	for i, a := range alphabets {
		names[i] = string(a)
	}
	return strings.Join(names, " or ")
}

// of is the sentence for a reason.
func (m *misfits) of(reason Reason) string {
	switch reason {
	case NoCountry:
		return m.country
	case NoLength:
		return m.length
	case NoAlphabet:
		return m.alphabet
	case NoMessage:
		return m.message
	default:
		return m.channel
	}
}

// misfit is why the entry can never serve req; empty: it can. An e-mail address has no country to be refused for.
func (en *entry) misfit(req *Request) Reason {
	c, wish, country := en.coverage, &req.Send.Wish, req.Send.To.Country()
	switch {
	case c == nil:
		return NoChannel
	case country != "" && !c.Countries.Has(country):
		return NoCountry
	case req.Hard.Length && wish.Length != 0 && !c.Length.Has(wish.Length):
		return NoLength
	case req.Hard.Alphabet && wish.Alphabet != "" && !slices.Contains(c.Alphabets, wish.Alphabet):
		return NoAlphabet
	case req.Hard.Message && req.Send.Message != "" && !takes(c, req.Send.Message):
		return NoMessage
	}
	return ""
}

// fit cuts wish and text to what the provider takes. Length and alphabet are granted or not passed on; expiry and
// attempts are moved into the provider's range.
func (en *entry) fit(send *providers.SendRequest) (providers.CodeWish, string) {
	c, wish, message := en.coverage, send.Wish, send.Message
	if !c.Length.Has(wish.Length) {
		wish.Length = 0
	}
	if !slices.Contains(c.Alphabets, wish.Alphabet) {
		wish.Alphabet = ""
	}
	if wish.Expiry != 0 {
		wish.Expiry = c.Expiry.Clamp(wish.Expiry)
	}
	if wish.Attempts != 0 {
		wish.Attempts = c.Attempts.Clamp(wish.Attempts)
	}
	if !takes(c, message) {
		message = ""
	}
	return wish, message
}

// prefix is the placeholder that few providers fill. Those who do not would show it as it stands.
const prefix = "{prefix}"

// takes tells whether a provider can be given a caller's text.
func takes(c *providers.Coverage, message string) bool {
	return c.Message && (c.Prefix || !strings.Contains(message, prefix))
}
