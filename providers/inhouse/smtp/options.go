// Package smtp is the transport for e-mail: it submits texts to one mail server over connections that it keeps open for
// a while.
package smtp

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"maps"
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// The ways to encrypt a connection.
const (
	tlsStart    = "starttls" // plain at first, encrypted before anything is said (RFC 3207); port 587
	tlsImplicit = "tls"      // encrypted from the first byte (RFC 8314); port 465
	tlsNone     = "none"     // port 25
)

var localeShape = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

const (
	maxConnections = 100
	defaultTimeout = 10 * time.Second
)

// Options are the settings of one mail server.
type Options struct {
	Kind     string           `yaml:"kind"` // smtp
	Host     string           `yaml:"host"`
	Port     int              `yaml:"port"`     // 0: the usual one for tls
	TLS      string           `yaml:"tls"`      // starttls, tls or none
	CA       string           `yaml:"ca"`       // PEM of the only authorities to trust; empty: those of the system
	Insecure bool             `yaml:"insecure"` // allows tls: none beyond loopback
	Username string           `yaml:"username"` // empty: no authentication
	Password providers.Secret `yaml:"password"`
	From     string           `yaml:"from"`   // "Shop <otp@example.com>"
	Bounce   string           `yaml:"bounce"` // to which undeliverable letters return; empty: the address of from

	Subject  string            `yaml:"subject"`  // may hold {app}; empty: in the language of the text
	Subjects map[string]string `yaml:"subjects"` // in place of subject, by locale
	HTML     string            `yaml:"html"`     // page with {code} or {text}; empty: the built-in one; none: no page

	Hello string `yaml:"hello"` // what this host calls itself; empty: the domain of from

	Timeout     time.Duration `yaml:"timeout"`      // of one delivery; 0: that of the provider, or 10s
	Connections int           `yaml:"connections"`  // most at a time
	IdleTimeout time.Duration `yaml:"idle_timeout"` // after which an unused connection is closed
}

// Kind is the SMTP transport as operators configure it.
func Kind() transport.Kind {
	return transport.Kind{
		Channels: []providers.Channel{providers.Email},
		Options: func() transport.Options {
			return &Options{TLS: tlsStart, Connections: 8, IdleTimeout: 30 * time.Second}
		},
	}
}

// Check reports every mistake to b.
func (o *Options) Check(b providers.Block) {
	if o.Host == "" || strings.ContainsAny(o.Host, " /@\r\n") {
		b.Refuse("the name or address of the mail server is missing or malformed, such as mail.example.com", "host")
	}
	if o.Port < 0 || o.Port > 65535 {
		b.Refuse("a port lies between 1 and 65535", "port")
	}
	if _, err := mail.ParseAddress(o.From); err != nil {
		b.Refuse("the sender must be an address, such as Shop <otp@example.com>", "from")
	}
	if strings.ContainsAny(o.Hello, " \r\n") {
		b.Refuse("this must be a host name, such as otp.example.com", "hello")
	}
	if o.Bounce != "" && !deliverable(o.Bounce) {
		b.Refuse("letters return to an address without a name, such as bounces@example.com", "bounce")
	}
	o.checkContent(b)
	o.checkSafety(b)
	o.checkBounds(b)
}

func (o *Options) checkContent(b providers.Block) {
	const rule = "a subject is a single line with no placeholder but {app}; mail servers log it"
	odd := func(subject string) bool {
		return strings.ContainsFunc(strings.ReplaceAll(subject, "{app}", ""), func(r rune) bool {
			return r == '{' || r == '}' || unicode.IsControl(r)
		})
	}
	if odd(o.Subject) {
		b.Refuse(rule, "subject")
	}
	for _, locale := range slices.Sorted(maps.Keys(o.Subjects)) {
		if subject := o.Subjects[locale]; subject == "" || odd(subject) {
			b.Refuse(rule, "subjects", locale)
		}
		if !localeShape.MatchString(locale) {
			b.Refuse("the key is no locale; write such as en or pt-BR", "subjects", locale)
		}
	}
	if err := checkPage(o.HTML); err != nil {
		b.Refuse(err.Error(), "html")
	}
}

func (o *Options) checkSafety(b providers.Block) {
	switch {
	case o.TLS != tlsStart && o.TLS != tlsImplicit && o.TLS != tlsNone:
		b.Refuse("use starttls, tls or none", "tls")
	case o.TLS == tlsNone && !loopback(o.Host) && !o.Insecure:
		b.Refuse("none would send codes in the clear; use starttls or tls, or set insecure: true", "tls")
	case o.TLS == tlsNone && !loopback(o.Host) && o.Username != "":
		b.Warn("the password travels in the clear", "tls")
	}
	if (o.Username == "") != o.Password.Empty() {
		b.Refuse("username and password belong together", "username")
	}
	if o.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(o.CA)) {
		b.Refuse("this must be the text of PEM certificates; read a file with ${file:/path/ca.pem}", "ca")
	}
}

func (o *Options) checkBounds(b providers.Block) {
	if o.Timeout < 0 {
		b.Refuse("a timeout is positive, such as 10s", "timeout")
	}
	if o.Connections < 1 || o.Connections > maxConnections {
		b.Refuse("between 1 and 100 connections can be open at a time", "connections")
	}
	if o.IdleTimeout <= 0 {
		b.Refuse("this must be positive, such as 30s", "idle_timeout")
	}
}

// Build makes the transport.
func (o *Options) Build(env providers.Environment) (transport.Transport, error) {
	from, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, err
	}
	d := &dialer{
		host:     o.Host,
		address:  net.JoinHostPort(o.Host, strconv.Itoa(cmp.Or(o.Port, usualPort(o.TLS)))),
		hello:    cmp.Or(o.Hello, domainOf(from.Address)),
		mode:     o.TLS,
		tls:      &tls.Config{ServerName: o.Host, MinVersion: tls.VersionTLS12, RootCAs: authorities(o.CA)},
		username: o.Username,
		password: o.Password,
	}
	return &server{
		pool: newPool(d.open, o.Connections, o.IdleTimeout),
		writer: writer{
			from: *from, bounce: cmp.Or(o.Bounce, from.Address), subject: o.Subject, subjects: o.Subjects, page: o.HTML,
		},
		timeout: cmp.Or(o.Timeout, env.Timeout, defaultTimeout),
	}, nil
}

func usualPort(mode string) int {
	switch mode {
	case tlsImplicit:
		return 465
	case tlsNone:
		return 25
	default:
		return 587
	}
}

func authorities(pem string) *x509.CertPool {
	if pem == "" {
		return nil // those of the system
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(pem))
	return pool
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// loopback tells whether host can only be this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
