package providertest

import (
	"context"
	"testing"

	"github.com/otpgate/otpgate/providers"
)

// attempt is one operation that is ready to be made.
type attempt struct {
	bench *bench
	t     *testing.T
	op    string
	send  providers.SendRequest
	h     providers.Handle
	code  string
}

// prepare readies op: a verify asks for the right code, so that a fault that is taken for a yes shows.
func (b *bench) prepare(t *testing.T, op string) *attempt {
	t.Helper()
	b.overHTTP(t)
	if op == "resend" {
		b.resender(t)
	}
	c := &attempt{bench: b, t: t, op: op, send: b.request(person(1))}
	if op != "send" {
		c.h, c.code = b.sendAndCool(t, c.send)
	}
	return c
}

// call makes the operation. Nothing may stand beside its error but the handle of an ambiguous send.
func (c *attempt) call(ctx context.Context) error {
	c.t.Helper()
	var err error
	var h providers.Handle
	switch c.op {
	case "send":
		h, err = c.bench.Provider.Send(ctx, c.send)
	case "resend":
		h, err = c.bench.resender(c.t).Resend(ctx, c.h, c.send)
	case "verify":
		var v providers.Verdict
		v, err = c.bench.Provider.Verify(ctx, c.h, providers.NewSecret(c.code))
		if v.Match || err != nil && v != (providers.Verdict{}) {
			c.t.Errorf("the verdict %+v was given", v)
		}
	}
	if err != nil && h.State != nil && providers.ClassOf(err) != providers.Ambiguous {
		c.t.Error("a handle stands beside the error")
	}
	return err
}

func (c *attempt) hidden() []string { return append(spellings(c.send.To), c.code) }
