package smpp

import (
	"crypto/x509"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// Bounds of the settings. The sizes of texts are those of bind_transceiver (SMPP 3.4 §4.1.5), without the NUL.
const (
	maxSystemID   = 15
	maxPassword   = 8
	maxSystemType = 12
	maxTON        = 6
	maxNPI        = 18
	maxBinds      = 32
	maxWindow     = 1000
)

// Check reports every mistake to b.
func (o *Options) Check(b providers.Block) {
	if o.Host == "" || strings.ContainsAny(o.Host, " /@\r\n") {
		b.Refuse("the name or address of the SMSC is missing or malformed, such as smpp.example.com", "host")
	}
	if o.Port < 0 || o.Port > 65535 {
		b.Refuse("a port lies between 1 and 65535", "port")
	}
	o.checkSafety(b)
	o.checkAccount(b)
	o.checkAddresses(b)
	o.checkBounds(b)
	o.checkWords(b)
}

func (o *Options) checkSafety(b providers.Block) {
	if !o.TLS && !loopback(o.Host) {
		if !o.Insecure {
			b.Refuse("false would send codes and password in the clear; set insecure: true where the line itself is "+
				"guarded, such as by a VPN", "tls")
		} else {
			b.Warn("codes and password travel in the clear", "tls")
		}
	}
	if o.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(o.CA)) {
		b.Refuse("this must be the text of PEM certificates; read a file with ${file:/path/ca.pem}", "ca")
	}
}

func (o *Options) checkAccount(b providers.Block) {
	if o.SystemID == "" || len(o.SystemID) > maxSystemID || !visible(o.SystemID) {
		b.Refuse("the name of the account is missing or malformed: 1 to 15 characters without spaces", "system_id")
	}
	switch password := o.Password.Reveal(); {
	case password == "":
		b.Refuse("the password of the account is missing", "password")
	case strings.ContainsRune(password, 0):
		b.Refuse("a password cannot hold a NUL", "password")
	case len(password) > maxPassword:
		b.Warn("SMPP 3.4 knows passwords of 8 characters at most; not every SMSC takes a longer one", "password")
	}
	if len(o.SystemType) > maxSystemType || !visible(o.SystemType) {
		b.Refuse("this has 12 characters at most and no spaces; most SMSCs want none", "system_type")
	}
}

func (o *Options) checkAddresses(b providers.Block) {
	if _, ok := source(o.Sender); !ok {
		b.Refuse("a sender is a number of 3 to 15 digits, or a name of 11 plain characters at most", "sender")
	}
	for _, setting := range []struct {
		name  string
		value *int
		most  int
		text  string
	}{
		{"source_ton", o.SourceTON, maxTON, "a type of number lies between 0 and 6, such as 5 for names"},
		{"source_npi", o.SourceNPI, maxNPI, "a numbering plan lies between 0 and 18, such as 1 for E.164"},
		{"dest_ton", &o.DestTON, maxTON, "a type of number lies between 0 and 6, such as 1 for international"},
		{"dest_npi", &o.DestNPI, maxNPI, "a numbering plan lies between 0 and 18, such as 1 for E.164"},
	} {
		if setting.value != nil && (*setting.value < 0 || *setting.value > setting.most) {
			b.Refuse(setting.text, setting.name)
		}
	}
}

func (o *Options) checkBounds(b providers.Block) {
	if o.Binds < 1 || o.Binds > maxBinds {
		b.Refuse("between 1 and 32 binds can be open at a time", "binds")
	}
	if o.Window < 1 || o.Window > maxWindow {
		b.Refuse("between 1 and 1000 messages of a bind can wait for their answers", "window")
	}
	if o.EnquireEvery <= 0 {
		b.Refuse("this must be positive, such as 30s", "enquire_every")
	}
	if o.Timeout < 0 {
		b.Refuse("a timeout is positive, such as 10s", "timeout")
	}
}

func (o *Options) checkWords(b providers.Block) {
	if o.LongMessages != longByHeader && o.LongMessages != longByPayload {
		b.Refuse("use udh or payload", "long_messages")
	}
	if !slices.Contains([]string{idsSame, idsDecimal, idsHex}, o.ReceiptIDs) {
		b.Refuse("use same, decimal or hex", "receipt_ids")
	}
}
