package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/otpgate/otpgate/providers"
)

// cause says in fixed words why a call failed. The errors of net/http are not passed on: they quote addresses, and with
// them codes and keys, or whatever the upstream sent.
func cause(caller, call context.Context, err error) error {
	switch {
	case errors.Is(caller.Err(), context.Canceled):
		return context.Canceled
	case call.Err() != nil:
		return context.DeadlineExceeded
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno // its text is the operating system's: "connection refused"
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return errors.New("host name cannot be looked up")
	}
	if refused, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return errors.New("certificate is not trusted: " + mistrust(refused.Err))
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return context.DeadlineExceeded
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("connection closed before the answer was whole")
	}
	return errors.New("connection failed")
}

func mistrust(err error) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "it is another host's"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "it has expired or is not valid yet"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "its authority is unknown"
	}
	return "it is not valid"
}

// fit tells whether what an upstream calls its error code may be shown: a short word, not the guess sent back, and no
// number of a person.
func fit(code string, guess providers.Secret) bool {
	const longest, mostDigits = 48, 8
	if code == "" || len(code) > longest || !guess.Empty() && strings.Contains(code, guess.Reveal()) {
		return false
	}
	digits := 0
	for _, c := range []byte(code) {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case 'a' <= c|0x20 && c|0x20 <= 'z', c == '_', c == '-', c == '.':
		default:
			return false
		}
	}
	return digits <= mostDigits
}
