package providers

import (
	"fmt"
	"log/slog"
	"strings"
)

// Recipient is a validated phone number or e-mail address. It masks itself wherever it is printed or encoded;
// [Recipient.Address] is the only way to the whole of it.
type Recipient struct {
	address  string
	country  string
	national string
}

// NewPhone makes a recipient of a number in E.164 form ("+233201234567"), its country and the way it is dialled there
// ("0201234567"). The caller has validated all three.
func NewPhone(e164, country, national string) Recipient {
	return Recipient{address: e164, country: country, national: national}
}

// NewEmail makes a recipient of an e-mail address, which the caller has validated.
func NewEmail(address string) Recipient { return Recipient{address: address} }

// Address is the whole number in E.164 form, or the whole e-mail address. It belongs to upstreams and the store.
func (r Recipient) Address() string { return r.address }

// Country is the ISO 3166-1 alpha-2 code of a number; empty for an e-mail address.
func (r Recipient) Country() string { return r.country }

// National is a number as it is dialled in its own country; empty for an e-mail address.
func (r Recipient) National() string { return r.national }

// Digits is a number in E.164 form without the plus; empty for an e-mail address.
func (r Recipient) Digits() string {
	if r.IsEmail() {
		return ""
	}
	return strings.TrimPrefix(r.address, "+")
}

// IsEmail tells an e-mail address from a number.
func (r Recipient) IsEmail() bool { return strings.Contains(r.address, "@") }

// String masks the middle: "+23320***4567", "a***@example.com".
func (r Recipient) String() string {
	if at := strings.LastIndexByte(r.address, '@'); at >= 0 {
		return r.address[:min(1, at)] + "***" + r.address[at:]
	}
	const head, tail = 6, 4
	if len(r.address) < head+tail+1 {
		return "***"
	}
	return r.address[:head] + "***" + r.address[len(r.address)-tail:]
}

// Format implements [fmt.Formatter]: no verb shows more than [Recipient.String].
func (r Recipient) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue implements [slog.LogValuer].
func (r Recipient) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText masks in JSON and every other encoding.
func (r Recipient) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
