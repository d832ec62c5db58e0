// Package inhouse is the provider that makes and checks codes itself and lets a transport carry the text.
//
// No code is kept anywhere, not even as a hash. A code is derived from a key of the configuration and a recipe that
// travels in [providers.Handle.State]; for a check, a resend or a read-out it is derived again. Who steals the store
// has recipes and no keys. Expiry, the count of guesses and single use are the gateway's affair.
package inhouse

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

const kindName = "inhouse"

// What an operation is called in an error.
const (
	opSend   = "send"
	opVerify = "verify"
	opResend = "resend"
	opCode   = "code"
)

// What is granted where nothing was wished. The text names the expiry, so there is always one.
const (
	defaultLength = 6
	defaultExpiry = 5 * time.Minute
)

// Kind is the in-house generator as operators configure it.
func Kind() providers.Kind {
	return providers.Kind{Name: kindName, Options: func() providers.Options {
		return &Options{USSD: USSD{MaxPerMinute: usualPerMinute}}
	}}
}

// generator implements [providers.Provider], [providers.Resender], [providers.CodeReader] and [io.Closer]; reports.go has
// what it does for its transports.
type generator struct {
	info       providers.Info
	keys       keyring
	transports map[providers.Channel]transport.Transport
	languages  languages
	callback   *Callback // nil: no aggregator's callbacks are taken
}

// coverage is what the generator grants on a channel that has a transport.
func coverage(channel providers.Channel) providers.Coverage {
	return providers.Coverage{
		Channel:   channel,
		Length:    providers.Range[int]{Min: minLength, Max: maxLength},
		Alphabets: providers.Alphabets(),
		Expiry:    providers.Range[time.Duration]{Min: time.Minute, Max: 24 * time.Hour},
		Attempts:  providers.Range[int]{Min: 1, Max: 10},
		Message:   true,
		Prefix:    true,
	}
}

// grant fills a wish up and moves it into what can be granted. Attempts stay untold unless wished: nobody counts here.
func grant(c providers.Coverage, wish providers.CodeWish) providers.Granted {
	g := providers.Granted{Length: defaultLength, Alphabet: providers.Numeric, Expiry: defaultExpiry}
	if wish.Length != 0 {
		g.Length = c.Length.Clamp(wish.Length)
	}
	if wish.Alphabet != "" {
		g.Alphabet = wish.Alphabet
	}
	if wish.Expiry != 0 {
		g.Expiry = c.Expiry.Clamp(wish.Expiry)
	}
	if wish.Attempts != 0 {
		g.Attempts = c.Attempts.Clamp(wish.Attempts)
	}
	return g
}

// Info implements [providers.Provider].
func (g *generator) Info() providers.Info { return g.info }

// Send implements [providers.Provider]. Beside an [providers.Ambiguous] error it returns the handle: the message may
// have arrived, and the code can be checked here all the same.
func (g *generator) Send(ctx context.Context, req providers.SendRequest) (providers.Handle, error) {
	c, ok := g.info.On(req.Channel)
	if !ok {
		return providers.Handle{}, g.noTransport(opSend)
	}
	granted := grant(c, req.Wish)
	if !granted.Alphabet.Known() || len(req.Reference) > maxText {
		const text = "the alphabet is unknown, or the reference too long"
		return providers.Handle{}, g.fail(opSend, providers.Unsupported, "bad_request", text)
	}
	r := newRecipe(g.keys.first, req.Reference, granted)
	return g.deliver(ctx, opSend, r, providers.Handle{State: r.encode(), Granted: granted}, req)
}

// Resend implements [providers.Resender]: it delivers the same code again, and the state stays what it was; or, when
// a fresh one is asked for, a new code of the same shape, and the returned handle knows nothing of the old one. A wish
// for less time than was granted is what the text then says: the code has less left to live.
func (g *generator) Resend(
	ctx context.Context, h providers.Handle, req providers.SendRequest,
) (providers.Handle, error) {
	r, err := g.open(opResend, h)
	if err != nil {
		return providers.Handle{}, err
	}
	if req.Fresh {
		r = newRecipe(g.keys.first, r.reference, providers.Granted{Length: r.length, Alphabet: r.alphabet})
		h = providers.Handle{State: r.encode(), Granted: h.Granted}
	}
	return g.deliver(ctx, opResend, r, h, req)
}

// Verify implements [providers.Provider]. It compares and nothing else, so a verdict never tells of attempts.
func (g *generator) Verify(
	_ context.Context, h providers.Handle, code providers.Secret,
) (providers.Verdict, error) {
	want, err := g.code(opVerify, h)
	if err != nil {
		return providers.Verdict{}, err
	}
	return providers.Verdict{Match: want.Equal(normal(code)), AttemptsLeft: -1}, nil
}

// Code implements [providers.CodeReader].
func (g *generator) Code(h providers.Handle) (providers.Secret, error) { return g.code(opCode, h) }

// Close closes what the transports hold open.
func (g *generator) Close() error {
	var errs []error
	for _, t := range g.transports {
		if c, ok := t.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// deliver has the code of r carried as req asks, and returns h with the upstream's id.
func (g *generator) deliver(
	ctx context.Context, op string, r recipe, h providers.Handle, req providers.SendRequest,
) (providers.Handle, error) {
	t, ok := g.transports[req.Channel]
	if !ok {
		return providers.Handle{}, g.noTransport(op)
	}
	code, ok := g.keys.code(r)
	if !ok {
		return providers.Handle{}, g.keyGone(op)
	}
	m, problem := g.compose(req, code, &h)
	if problem != nil {
		return providers.Handle{}, g.fail(op, providers.Unsupported, problem.code, problem.text)
	}
	receipt, err := t.Deliver(ctx, m)
	if err == nil {
		h.UpstreamID = receipt.ID
		return h, nil
	}
	failure := g.own(op, err)
	if failure.Class == providers.Ambiguous {
		h.UpstreamID = receipt.ID
		return h, failure
	}
	return providers.Handle{}, failure
}

// left is how long the code still lives, as far as can be told.
func left(granted, wished time.Duration) time.Duration {
	if wished > 0 && (granted == 0 || wished < granted) {
		return wished
	}
	return cmp.Or(granted, defaultExpiry)
}

// compose writes the message, and the letters beside the code into h.
func (g *generator) compose(
	req providers.SendRequest, code providers.Secret, h *providers.Handle,
) (transport.Message, *unfit) {
	d, problem := g.languages.draft(req)
	if problem != nil {
		return transport.Message{}, problem
	}
	h.Prefix = d.prefix(h.Prefix)
	expiry := left(h.Granted.Expiry, req.Wish.Expiry)
	filled, problem := d.write(req.Channel, values{code: code.Reveal(), app: req.App, prefix: h.Prefix}, expiry)
	if problem != nil {
		return transport.Message{}, problem
	}
	return transport.Message{
		Reference: req.Reference,
		Channel:   req.Channel,
		To:        req.To,
		App:       req.App,
		Sender:    cleanLine(req.Sender),
		Subject:   d.words.subject,
		Text:      providers.NewSecret(filled),
		Code:      code,
		Locale:    req.Locale,
		Expiry:    expiry,
	}, nil
}

// open reads the recipe in h.
func (g *generator) open(op string, h providers.Handle) (recipe, error) {
	r, err := decode(h.State)
	if err != nil {
		return recipe{}, &providers.Error{
			Provider: g.info.Name, Op: op, Class: providers.Gone, Code: "unknown_state", Err: err,
		}
	}
	return r, nil
}

// code derives the code behind h.
func (g *generator) code(op string, h providers.Handle) (providers.Secret, error) {
	r, err := g.open(op, h)
	if err != nil {
		return providers.Secret{}, err
	}
	code, ok := g.keys.code(r)
	if !ok {
		return providers.Secret{}, g.keyGone(op)
	}
	return code, nil
}

func (g *generator) noTransport(op string) *providers.Error {
	return g.fail(op, providers.Unsupported, "no_transport", "there is no transport for the channel")
}

func (g *generator) keyGone(op string) *providers.Error {
	return g.fail(op, providers.Gone, "key_gone", "the key of this code is no longer among code_keys")
}

func (g *generator) fail(op string, class providers.Class, code, text string) *providers.Error {
	return &providers.Error{Provider: g.info.Name, Op: op, Class: class, Code: code, Err: errors.New(text)}
}

// own makes a transport's failure the provider's. The text of an error of any other type is dropped: nobody has vouched
// that it quotes neither the address nor the code.
func (g *generator) own(op string, err error) *providers.Error {
	failure, ok := errors.AsType[*providers.Error](err)
	if !ok {
		return g.fail(op, providers.Unknown, "", "the transport failed without saying how")
	}
	mine := *failure
	mine.Provider, mine.Op = g.info.Name, op
	return &mine
}
