package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// stage is how far a delivery had come when it failed.
type stage string

const (
	atQueue     stage = "waiting for a free connection"
	atConnect   stage = "connecting"
	atTLS       stage = "encrypting"
	atAuth      stage = "authenticating"
	atSender    stage = "naming the sender"
	atRecipient stage = "naming the recipient"
	atData      stage = "sending the message"
	atEnd       stage = "waiting for the answer to the message"
)

var (
	errNoAddress  = errors.New("the recipient is not an e-mail address")
	errNoLetter   = errors.New("the e-mail could not be written")
	errNoStartTLS = errors.New("the server does not offer STARTTLS")
	errNoAuth     = errors.New("the server offers neither AUTH PLAIN nor AUTH LOGIN")
	errNoUTF8     = errors.New("the server does not take addresses beyond ASCII")
	errMalformed  = errors.New("the server's answer cannot be read")
)

// failure makes an error fit for a log of whatever went wrong. Of what the server said only numbers are kept: servers
// like to repeat the address.
func failure(ctx context.Context, at stage, err error) *providers.Error {
	if reply, ok := errors.AsType[*textproto.Error](err); ok && refuses(reply) {
		enhanced := enhancedCode(reply)
		return &providers.Error{
			Class: classify(at, reply.Code, enhanced),
			Code:  strings.TrimSpace(strconv.Itoa(reply.Code) + " " + enhanced),
			Err:   errors.New("refused while " + string(at)),
		}
	}
	return &providers.Error{Class: fault(at, err), Err: &cause{at: at, err: clean(ctx, err)}}
}

// refuses tells a refusal from a reply that should not stand here: no other says that a message was not taken (RFC 5321
// §4.2.1).
func refuses(reply *textproto.Error) bool { return reply.Code >= 400 && reply.Code <= 599 }

// cause says where something went wrong that was no answer of the server.
type cause struct {
	at  stage
	err error
}

func (c *cause) Error() string { return string(c.at) + ": " + c.err.Error() }

func (c *cause) Unwrap() error { return c.err }

// fault is the class of a failure that is no answer of the server.
func fault(at stage, err error) providers.Class {
	switch {
	case at == atEnd:
		return providers.Ambiguous
	case errors.Is(err, errNoAuth):
		return providers.Credentials
	case errors.Is(err, errNoUTF8):
		return providers.Unsupported
	default:
		return providers.Transient
	}
}

// clean lets only those causes through whose text holds nothing that the server or the caller said.
func clean(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, own := range []error{errNoStartTLS, errNoAuth, errNoUTF8, errTooMuch} {
		if errors.Is(err, own) {
			return own
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	if network, ok := errors.AsType[*net.OpError](err); ok {
		if network.Timeout() {
			return context.DeadlineExceeded
		}
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

// reusable tells whether the connection is still in step after err: the server answered, and not with 421, by which it
// closes the connection.
func reusable(err error) bool {
	reply, ok := errors.AsType[*textproto.Error](err)
	return ok && refuses(reply) && reply.Code != 421 || errors.Is(err, errNoUTF8)
}

// enhancedCode is the enhanced status code with which a reply begins (RFC 2034), or empty.
func enhancedCode(reply *textproto.Error) string {
	first, _, _ := strings.Cut(reply.Msg, " ")
	first, _, _ = strings.Cut(first, "\n")
	if ok, _ := regexp.MatchString(`^[45]\.\d{1,3}\.\d{1,3}$`, first); !ok || first[0] != strconv.Itoa(reply.Code)[0] {
		return ""
	}
	return first
}
