package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
)

func TestCauseIsInFixedWords(t *testing.T) {
	t.Parallel()
	certificate := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	tests := map[string]struct {
		err  error
		want string
	}{
		"lookup":     {&net.DNSError{Name: "canary", Err: "canary"}, "host name cannot be looked up"},
		"errno":      {fmt.Errorf("dial canary: %w", syscall.EHOSTUNREACH), syscall.EHOSTUNREACH.Error()},
		"timeout":    {&net.OpError{Op: "canary", Err: os.ErrDeadlineExceeded}, context.DeadlineExceeded.Error()},
		"other host": {certificate(x509.HostnameError{Host: "canary"}), "certificate is not trusted: it is another host's"},
		"old certificate": {
			certificate(x509.CertificateInvalidError{Reason: x509.Expired}),
			"certificate is not trusted: it has expired or is not valid yet",
		},
		"own certificate": {
			certificate(x509.UnknownAuthorityError{}), "certificate is not trusted: its authority is unknown",
		},
		"odd certificate":  {certificate(errors.New("canary")), "certificate is not trusted: it is not valid"},
		"anything with it": {&url.Error{Op: "Get", URL: "http://canary", Err: errors.New("canary")}, "connection failed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			if got := cause(ctx, ctx, &url.Error{Op: "Get", URL: "canary", Err: test.err}); got.Error() != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
