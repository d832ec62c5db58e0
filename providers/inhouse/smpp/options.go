// Package smpp is the transport for short messages: it keeps binds to one SMSC (SMPP 3.4, as a transceiver), submits
// texts over them, and hears the receipts.
package smpp

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// The ways to send a text that is too long for one message.
const (
	longByHeader  = "udh"     // in segments, each with a user data header (3GPP TS 23.040)
	longByPayload = "payload" // whole, in a message_payload parameter
)

// How receipts write the ids that the SMSC gave.
const (
	idsSame    = "same"
	idsDecimal = "decimal" // of the hexadecimal number that was given
	idsHex     = "hex"     // of the decimal number that was given
)

const (
	plainPort      = 2775
	tlsPort        = 3550
	defaultTimeout = 10 * time.Second
)

// Options are the settings of one account at an SMSC.
type Options struct {
	Kind       string           `yaml:"kind"` // smpp
	Host       string           `yaml:"host"`
	Port       int              `yaml:"port"` // 0: 3550 with tls, else 2775
	TLS        bool             `yaml:"tls"`
	CA         string           `yaml:"ca"`       // PEM of the only authorities to trust; empty: those of the system
	Insecure   bool             `yaml:"insecure"` // allows tls: false beyond loopback
	SystemID   string           `yaml:"system_id"`
	Password   providers.Secret `yaml:"password"`
	SystemType string           `yaml:"system_type"`

	Sender    string `yaml:"sender"`     // for messages that name none; empty: the SMSC's own
	SourceTON *int   `yaml:"source_ton"` // nil: as the form of the sender says
	SourceNPI *int   `yaml:"source_npi"`
	DestTON   int    `yaml:"dest_ton"`
	DestNPI   int    `yaml:"dest_npi"`

	Binds        int           `yaml:"binds"`         // sessions at a time
	Window       int           `yaml:"window"`        // most messages of one bind without an answer
	EnquireEvery time.Duration `yaml:"enquire_every"` // after which the SMSC is asked whether it is still there
	Timeout      time.Duration `yaml:"timeout"`       // of one delivery and of a bind; 0: that of the provider, or 10s
	LongMessages string        `yaml:"long_messages"` // udh or payload
	ReceiptIDs   string        `yaml:"receipt_ids"`   // same, decimal or hex
	Validity     bool          `yaml:"validity"`      // has the SMSC drop a message whose code has expired
}

// Kind is the SMPP transport as operators configure it.
func Kind() transport.Kind {
	return transport.Kind{
		Channels: []providers.Channel{providers.SMS},
		Options: func() transport.Options {
			return &Options{
				TLS:     true,
				DestTON: int(pdu.TONInternational), DestNPI: int(pdu.NPIISDN),
				Binds: 1, Window: 10, EnquireEvery: 30 * time.Second,
				LongMessages: longByHeader, ReceiptIDs: idsSame, Validity: true,
			}
		},
	}
}

// Build makes the transport.
func (o *Options) Build(env providers.Environment) (transport.Transport, error) {
	log := env.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	c := o.carrier(cmp.Or(o.Timeout, env.Timeout, defaultTimeout))
	c.log = log.With("provider", env.Name, "transport", "smpp", "host", o.Host)
	return c, nil
}

func (o *Options) carrier(timeout time.Duration) *carrier {
	records := newLedger(o.ReceiptIDs)
	c := &carrier{
		dialer: &dialer{
			dial:     new(net.Dialer).DialContext,
			address:  net.JoinHostPort(o.Host, strconv.Itoa(cmp.Or(o.Port, usualPort(o.TLS)))),
			tls:      o.tlsConfig(),
			patience: timeout,
			heard:    records.heard,
			bind: pdu.Bind{
				SystemID: o.SystemID, Password: o.Password, SystemType: o.SystemType, Version: pdu.Version,
			},
		},
		pool:    newPool(o.Binds, o.Window),
		ledger:  records,
		enquire: o.EnquireEvery,
		timeout: timeout,
		writer: &writer{
			sender: o.Sender, sourceTON: o.SourceTON, sourceNPI: o.SourceNPI,
			destTON: byte(o.DestTON), destNPI: byte(o.DestNPI),
			payload: o.LongMessages == longByPayload, validity: o.Validity,
		},
	}
	c.writer.reference.Store(rand.Uint32()) // two gateways, or one before and after a restart, rarely use the same
	return c
}

func usualPort(encrypted bool) int {
	if encrypted {
		return tlsPort
	}
	return plainPort
}

// tlsConfig is nil for a connection in the clear.
func (o *Options) tlsConfig() *tls.Config {
	if !o.TLS {
		return nil
	}
	return &tls.Config{ServerName: o.Host, MinVersion: tls.VersionTLS12, RootCAs: authorities(o.CA)}
}

func authorities(pem string) *x509.CertPool {
	if pem == "" {
		return nil // those of the system
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(pem))
	return pool
}

// loopback tells whether host can only be this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// visible tells whether s is nothing but visible characters of ASCII.
func visible(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
