package smpp

import (
	"cmp"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/gsm"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// writer turns messages into what is submitted.
type writer struct {
	sender               string
	sourceTON, sourceNPI *int // in place of what the form of the sender says
	destTON, destNPI     byte
	payload              bool // long texts go whole
	validity             bool

	reference atomic.Uint32 // of the text that was cut last
}

// write returns the parts of m, in order. Nothing of m can reach beyond its field: numbers are digits, names plain.
func (w *writer) write(m transport.Message, receipts bool) ([]*pdu.Message, *providers.Error) {
	to := m.To.Digits()
	if !digits(to, 1, longestNumber) {
		return nil, &providers.Error{Class: providers.Rejected, Err: errNoNumber}
	}
	from, ok := w.from(m.Sender)
	if !ok {
		return nil, &providers.Error{Class: providers.Unsupported, Err: errSender}
	}
	base := pdu.Message{Source: from, Dest: pdu.Address{TON: w.destTON, NPI: w.destNPI, Text: to}}
	if receipts {
		base.Registered = pdu.RegisteredFinal
	}
	if w.validity && m.Expiry > 0 {
		base.Validity = relative(m.Expiry)
	}
	text := gsm.Split(m.Text.Reveal())
	if text.UCS2 {
		base.Coding = pdu.CodingUCS2
	}
	switch {
	case len(text.Segments) == 1:
		base.Text = text.Segments[0]
	case w.payload:
		base.TLVs = pdu.TLVs{{Tag: pdu.TagPayload, Value: text.Whole()}}
	case len(text.Segments) > gsm.MaxParts:
		return nil, &providers.Error{Class: providers.Unsupported, Err: errTooLong}
	default:
		return w.parts(base, text.Segments), nil
	}
	return []*pdu.Message{&base}, nil
}

// parts makes a message of each segment.
func (w *writer) parts(base pdu.Message, segments [][]byte) []*pdu.Message {
	place := gsm.Part{Ref: uint16(w.reference.Add(1)), Total: uint8(len(segments))}
	all := make([]*pdu.Message, len(segments))
	for i, segment := range segments {
		place.Number++
		m := base
		m.ESMClass = pdu.ClassHeader
		m.Text = append(place.Header(), segment...)
		all[i] = &m
	}
	return all
}

// from is the address of the sender, which is the app's where it names one.
func (w *writer) from(sender string) (pdu.Address, bool) {
	a, ok := source(cmp.Or(sender, w.sender))
	if w.sourceTON != nil {
		a.TON = byte(*w.sourceTON)
	}
	if w.sourceNPI != nil {
		a.NPI = byte(*w.sourceNPI)
	}
	return a, ok
}

const (
	longestNumber    = 15 // digits of E.164
	longestShortCode = 8
	shortestSender   = 3
	longestName      = 11 // septets of an alphanumeric address (3GPP TS 23.040 §9.1.2.5)
)

// source reads the form of a sender: a number, a short code or a name. It returns false for what is none of them. An
// empty sender leaves the choice to the SMSC.
func source(sender string) (pdu.Address, bool) {
	number := strings.TrimPrefix(sender, "+")
	switch {
	case sender == "":
		return pdu.Address{}, true
	case number != sender && !digits(number, shortestSender, longestNumber):
		return pdu.Address{}, false
	case number == sender && digits(number, shortestSender, longestShortCode):
		return pdu.Address{TON: pdu.TONShortCode, NPI: pdu.NPIUnknown, Text: number}, true
	case digits(number, shortestSender, longestNumber):
		return pdu.Address{TON: pdu.TONInternational, NPI: pdu.NPIISDN, Text: number}, true
	case digits(sender, 1, len(sender)) || !name(sender):
		return pdu.Address{}, false
	default:
		return pdu.Address{TON: pdu.TONAlphanumeric, NPI: pdu.NPIUnknown, Text: sender}, true
	}
}

// name tells whether s can be an alphanumeric sender: characters that ASCII and the GSM alphabet write alike, for it is
// not settled which of the two an SMSC reads here.
func name(s string) bool {
	septets, ok := gsm.Encode(s)
	control := strings.ContainsFunc(s, unicode.IsControl)
	return ok && !control && len(s) <= longestName && string(septets) == s && strings.TrimSpace(s) == s
}

// digits tells whether s is between least and most digits and nothing else.
func digits(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

// relative writes d as a relative time (SMPP 3.4 §7.1.1.2): days, hours, minutes and seconds from now, rounded up. It
// knows no more than 99 days.
func relative(d time.Duration) string {
	const longest = 99 * 24 * time.Hour
	seconds := int((min(d, longest) + time.Second - 1) / time.Second)
	return fmt.Sprintf("0000%02d%02d%02d%02d000R", seconds/86400, seconds/3600%24, seconds/60%60, seconds%60)
}
