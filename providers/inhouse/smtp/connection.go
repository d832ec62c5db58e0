package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	gosmtp "github.com/wneessen/go-mail/smtp"

	"github.com/otpgate/otpgate/providers"
)

// dialer opens connections to one mail server.
type dialer struct {
	host     string
	address  string // host and port
	hello    string
	mode     string // tlsStart, tlsImplicit or tlsNone
	tls      *tls.Config
	username string
	password providers.Secret
}

// connection is one session with the mail server, in use by one delivery at a time.
type connection struct {
	client *gosmtp.Client
	wire   *wire
	broken bool // not fit for another delivery
}

// open connects, encrypts and authenticates.
func (d *dialer) open(ctx context.Context) (*connection, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", d.address)
	if err != nil {
		return nil, failure(ctx, atConnect, err)
	}
	w := &wire{Conn: raw}
	release := w.bind(ctx)
	client, at, err := d.greet(ctx, w)
	if !release() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = raw.Close()
		return nil, failure(ctx, at, err)
	}
	return &connection{client: client, wire: w}, nil
}

// greet goes through all that precedes the first message, and tells at what stage it failed.
func (d *dialer) greet(ctx context.Context, w *wire) (*gosmtp.Client, stage, error) {
	conn := net.Conn(w)
	if d.mode == tlsImplicit {
		secured := tls.Client(w, d.tls)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, atTLS, err
		}
		conn = secured
	}
	client, err := gosmtp.NewClient(conn, d.host)
	if err != nil {
		return nil, atConnect, err
	}
	if err := client.Hello(d.hello); err != nil {
		return nil, atConnect, err
	}
	if d.mode == tlsStart {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return nil, atTLS, errNoStartTLS
		}
		if err := client.StartTLS(d.tls); err != nil {
			return nil, atTLS, err
		}
	}
	return client, atAuth, d.authenticate(client)
}

func (d *dialer) authenticate(client *gosmtp.Client) error {
	if d.username == "" {
		return nil
	}
	_, offered := client.Extension("AUTH")
	mechanisms := strings.Fields(offered)
	inClear := d.mode == tlsNone // the options have allowed it
	switch {
	case slices.Contains(mechanisms, "PLAIN"):
		return client.Auth(gosmtp.PlainAuth("", d.username, d.password.Reveal(), d.host, inClear))
	case slices.Contains(mechanisms, "LOGIN"):
		return client.Auth(gosmtp.LoginAuth(d.username, d.password.Reveal(), d.host, inClear))
	default:
		return errNoAuth
	}
}

// alive asks the server to forget what went before. It is how a connection is looked over before it is used again.
func (c *connection) alive(ctx context.Context) bool {
	release := c.wire.bind(ctx)
	err := c.client.Reset()
	return release() && err == nil
}

// submit hands over one letter. An error before the letter was written whole means that it was not sent.
func (c *connection) submit(ctx context.Context, l letter) error {
	release := c.wire.bind(ctx)
	at, err := c.transact(ctx, l)
	untouched := release()
	if err == nil {
		c.broken = !untouched
		return nil
	}
	c.broken = !untouched || !reusable(err)
	return failure(ctx, at, err)
}

func (c *connection) transact(ctx context.Context, l letter) (stage, error) {
	plain := ascii(l.from) && ascii(l.to)
	if international, _ := c.client.Extension("SMTPUTF8"); !plain && !international {
		return atRecipient, errNoUTF8
	}
	c.client.SkipSMTPUTF8(plain) // not every server on the way knows it, and plain addresses do not need it
	if err := c.client.Mail("<" + l.from + ">"); err != nil {
		return atSender, err
	}
	if err := c.client.Rcpt("<" + l.to + ">"); err != nil {
		return atRecipient, err
	}
	data, err := c.client.Data()
	if err != nil {
		return atData, err
	}
	if err := finish(data, l.data); err != nil {
		return atData, err
	}
	providers.MarkWritten(ctx)
	_, _, err = c.client.Text.ReadResponse(250)
	return atEnd, err
}

// finish writes the letter and the dot that ends it, and does not wait for the answer: go-mail's own Close does both,
// and hides whether the dot was written.
func finish(w io.WriteCloser, letter []byte) error {
	if _, err := w.Write(letter); err != nil {
		return err
	}
	closer, ok := w.(*gosmtp.DataCloser)
	if !ok {
		return errors.New("unexpected kind of writer")
	}
	return closer.WriteCloser.Close()
}

// bye takes leave without waiting for an answer.
func (c *connection) bye() {
	if !c.broken {
		_ = c.wire.SetDeadline(time.Now().Add(time.Second))
		_, _ = c.client.Text.Cmd("QUIT")
	}
	_ = c.wire.Close()
}
