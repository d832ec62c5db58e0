package pdu

import (
	"bytes"
	"encoding/binary"
)

// Tag names an optional parameter (§5.3.2).
type Tag uint16

// The tags that this package knows.
const (
	TagReceiptedID   Tag = 0x001e // receipted_message_id: of the message that a receipt is for
	TagSegmentRef    Tag = 0x020c // sar_msg_ref_num
	TagSegmentTotal  Tag = 0x020e // sar_total_segments
	TagSegmentNumber Tag = 0x020f // sar_segment_seqnum
	TagPayload       Tag = 0x0424 // message_payload: a text in place of short_message
	TagState         Tag = 0x0427 // message_state
)

// TLV is one optional parameter: tag, length, value (§3.2.4).
type TLV struct {
	Tag   Tag
	Value []byte
}

// TLVs are the optional parameters of one PDU, unknown ones included.
type TLVs []TLV

// Get returns the value of the first parameter with tag; nil where there is none.
func (all TLVs) Get(tag Tag) []byte {
	for _, t := range all {
		if t.Tag == tag {
			return t.Value
		}
	}
	return nil
}

// text is a C-Octet String in a parameter, with or without its NUL.
func (all TLVs) text(tag Tag) string {
	before, _, _ := bytes.Cut(all.Get(tag), []byte{0})
	return string(before)
}

// number is an integer of one or two octets in a parameter; 0 where there is none.
func (all TLVs) number(tag Tag) uint16 {
	switch value := all.Get(tag); len(value) {
	case 1:
		return uint16(value[0])
	case 2:
		return binary.BigEndian.Uint16(value)
	default:
		return 0
	}
}
