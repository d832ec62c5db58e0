package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
)

// stage is how far a delivery had come when it failed.
type stage string

const (
	atQueue   stage = "waiting for a bind with a free place"
	atConnect stage = "connecting"
	atTLS     stage = "encrypting"
	atBind    stage = "binding"
	atLink    stage = "keeping the bind"
	atSubmit  stage = "submitting the message"
	atPart    stage = "waiting for the answer to a part of the message"
	atAnswer  stage = "waiting for the answer to the message"
)

var (
	errNoNumber  = errors.New("the recipient is not a phone number")
	errSender    = errors.New("the sender is neither a number nor a name of 11 plain characters at most")
	errTooLong   = errors.New("the text has more than 255 segments")
	errUnbound   = errors.New("the session was unbound")
	errSilent    = errors.New("the SMSC does not answer enquiries")
	errClosed    = errors.New("the transport is closed")
	errMalformed = errors.New("what the SMSC sends cannot be read")
)

// refusal makes an error of a response that says anything but yes.
func refusal(at stage, answer pdu.PDU) *providers.Error {
	if answer.Status == pdu.OK && answer.Command != pdu.GenericNack {
		return nil
	}
	return &providers.Error{
		Class: classify(answer.Status), Code: answer.Status.String(), Err: errors.New("refused while " + string(at)),
	}
}

// failure makes an error fit for a log of whatever went wrong that was no answer of the SMSC.
func failure(ctx context.Context, at stage, err error) *providers.Error {
	class := providers.Transient
	switch {
	case at == atAnswer:
		class = providers.Ambiguous
	case errors.Is(err, pdu.ErrText) || errors.Is(err, pdu.ErrSize) && at == atSubmit:
		class = providers.Unsupported
	}
	return &providers.Error{Class: class, Err: &cause{at: at, err: clean(ctx, err)}}
}

// cause says where something went wrong.
type cause struct {
	at  stage
	err error
}

func (c *cause) Error() string { return string(c.at) + ": " + c.err.Error() }

func (c *cause) Unwrap() error { return c.err }

// clean lets only those causes through whose text holds nothing that the SMSC or the caller said.
func clean(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, own := range []error{errUnbound, errSilent, errClosed, pdu.ErrSize, pdu.ErrText} {
		if errors.Is(err, own) {
			return own
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return network
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return untrusted
	}
	if header, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return errors.New(header.Msg)
	}
	return errMalformed
}
