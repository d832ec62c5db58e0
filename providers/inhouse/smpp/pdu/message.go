package pdu

import "github.com/otpgate/otpgate/providers/inhouse/gsm"

// What is told in esm_class (§5.2.12).
const (
	ClassReceipt      byte = 0x04 // in a deliver_sm: a receipt of the SMSC
	ClassIntermediate byte = 0x20 // in a deliver_sm: a word on the way
	ClassHeader       byte = 0x40 // the text begins with a user data header

	classKind = 0x3c // the bits that tell what kind of message it is
)

// The alphabets (data_coding, §5.2.19).
const (
	CodingDefault byte = 0x00 // that of the SMSC: the GSM 7-bit alphabet, unpacked, as a rule
	CodingUCS2    byte = 0x08
)

// RegisteredFinal asks for a receipt once it is known whether the message arrived (registered_delivery, §5.2.17).
const RegisteredFinal byte = 0x01

// Types of number (§5.2.5).
const (
	TONInternational byte = 1
	TONShortCode     byte = 3 // "network specific"
	TONAlphanumeric  byte = 5
)

// Numbering plans (§5.2.6).
const (
	NPIUnknown byte = 0
	NPIISDN    byte = 1 // E.164
)

// Address is a number or a name.
type Address struct {
	TON, NPI byte
	Text     string
}

func (a Address) write(w *writer) {
	w.octets(a.TON, a.NPI)
	w.text(a.Text)
}

func readAddress(r *reader) Address { return Address{TON: r.octet(), NPI: r.octet(), Text: r.text()} }

// Message is a short message on its way up (submit_sm, §4.4.1) or down (deliver_sm, §4.6.1).
type Message struct {
	ServiceType  string
	Source, Dest Address
	ESMClass     byte
	ProtocolID   byte
	Priority     byte
	Schedule     string
	Validity     string // validity_period, §7.1.1
	Registered   byte
	Replace      byte
	Coding       byte
	DefaultID    byte
	Text         []byte // short_message: at most 254 octets (§5.2.21)
	TLVs         TLVs
}

func (m *Message) write(w *writer) {
	w.text(m.ServiceType)
	m.Source.write(w)
	m.Dest.write(w)
	w.octets(m.ESMClass, m.ProtocolID, m.Priority)
	w.text(m.Schedule)
	w.text(m.Validity)
	w.octets(m.Registered, m.Replace, m.Coding, m.DefaultID)
	w.sized(m.Text)
	w.tlvs(m.TLVs)
}

func readMessage(r *reader) *Message {
	return &Message{
		ServiceType: r.text(),
		Source:      readAddress(r),
		Dest:        readAddress(r),
		ESMClass:    r.octet(),
		ProtocolID:  r.octet(),
		Priority:    r.octet(),
		Schedule:    r.text(),
		Validity:    r.text(),
		Registered:  r.octet(),
		Replace:     r.octet(),
		Coding:      r.octet(),
		DefaultID:   r.octet(),
		Text:        r.take(int(r.octet())),
		TLVs:        r.tlvs(),
	}
}

// Content is the text without headers, and its place where it is one segment of several: by a user data header, or by
// the sar parameters. A header that cannot be read is taken for text.
func (m *Message) Content() ([]byte, gsm.Part) {
	data := m.Text
	if len(data) == 0 {
		data = m.TLVs.Get(TagPayload)
	}
	if m.ESMClass&ClassHeader != 0 {
		if part, rest, ok := gsm.ParseHeader(data); ok {
			return rest, part
		}
	}
	part := gsm.Part{
		Ref:    m.TLVs.number(TagSegmentRef),
		Total:  uint8(min(m.TLVs.number(TagSegmentTotal), gsm.MaxParts)),
		Number: uint8(min(m.TLVs.number(TagSegmentNumber), gsm.MaxParts)),
	}
	if part.Number == 0 || part.Number > part.Total {
		part = gsm.Part{}
	}
	return data, part
}

// MessageResp answers a [Message] (§4.4.2, §4.6.2).
type MessageResp struct {
	ID string // what the SMSC calls the message; empty in the response to a deliver_sm
}

func (m *MessageResp) write(w *writer) { w.text(m.ID) }

// readMessageResp takes what there is: a response that tells of an error may have no body, and some drop the NUL.
func readMessageResp(r *reader) *MessageResp { return &MessageResp{ID: r.lenientText()} }
