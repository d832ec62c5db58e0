package inhouse

import (
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/spoken"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// caller is the transport whose upstream asks what to say; nil: there is none.
func (g *generator) caller() transport.Caller {
	c, _ := g.transports[providers.Voice].(transport.Caller)
	return c
}

// Calls tells whether an upstream asks what to say to those whom it called. Only then may ParseCall and Say be used.
func (g *generator) Calls() bool { return g.caller() != nil }

// ParseCall reads a request of the upstream that makes the calls.
func (g *generator) ParseCall(c providers.Callback) (providers.Call, error) {
	return g.caller().ParseCall(c)
}

// Say writes the answer by which that upstream says text.
func (g *generator) Say(text providers.Secret, locale string) (mediaType string, body []byte) {
	return g.caller().Say(text, locale)
}

// Speech is what is said of the code behind h: the text of req with the code one character at a time, and the code once
// more. The code is derived anew, and kept nowhere.
func (g *generator) Speech(h providers.Handle, req providers.SendRequest) (providers.Secret, error) {
	code, err := g.code(opCode, h)
	if err != nil {
		return providers.Secret{}, err
	}
	d, problem := g.languages.draft(req)
	if problem != nil {
		return providers.Secret{}, g.fail(opCode, providers.Unsupported, problem.code, problem.text)
	}
	slowly := spoken.Slowly(code.Reveal())
	v := values{code: slowly, app: req.App, prefix: h.Prefix}
	v.amount, v.duration = d.words.life(left(h.Granted.Expiry, req.Wish.Expiry))
	text := strings.Join(strings.Fields(d.text.fill(v)), " ")
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return providers.NewSecret(text + " " + spoken.Again(req.Locale) + " " + slowly + "."), nil
}
