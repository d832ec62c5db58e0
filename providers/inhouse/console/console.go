// Package console is the transport of a sandbox: it hands every text to the sandbox's phone and shows it in the log.
// Codes are seen there on purpose, and there only: outside a sandbox the transport cannot be built.
package console

import (
	"context"
	"errors"
	"log/slog"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// Kind is the console transport as operators configure it.
func Kind() transport.Kind {
	return transport.Kind{
		Channels: []providers.Channel{providers.SMS, providers.WhatsApp, providers.Email, providers.Voice},
		Options:  func() transport.Options { return new(Options) },
	}
}

// Options are the settings of the transport: there are none.
type Options struct {
	Kind string `yaml:"kind"` // console
}

// Check finds nothing to complain of.
func (*Options) Check(providers.Block) {}

// Build refuses outside a sandbox.
func (*Options) Build(env providers.Environment) (transport.Transport, error) {
	if env.Phone == nil {
		return nil, errors.New("kind console shows codes in the log and works in `otpgate sandbox` only: " +
			"use a transport that reaches people, such as smtp for email")
	}
	log := env.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &console{phone: env.Phone, log: log}, nil
}

type console struct {
	phone providers.Phone
	log   *slog.Logger
}

// Deliver shows the message at once.
func (c *console) Deliver(ctx context.Context, m transport.Message) (transport.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return transport.Receipt{}, &providers.Error{Class: providers.Transient, Err: err}
	}
	providers.MarkWritten(ctx)
	text := m.Text.Reveal()
	c.phone.Receive(m.Channel, m.To, m.Sender, text)
	c.log.InfoContext(ctx, "sandbox message", "channel", m.Channel, "to", m.To, "sender", m.Sender, "text", text)
	return transport.Receipt{}, nil
}
