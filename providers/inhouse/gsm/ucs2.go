package gsm

import (
	"encoding/binary"
	"unicode/utf16"
)

// EncodeUCS2 writes text in UCS-2, the higher octet first. Characters beyond the basic plane, such as emoji, become
// surrogate pairs, which is UTF-16 and more than the standard promises; phones have read it for many years.
func EncodeUCS2(text string) []byte {
	units := utf16.Encode([]rune(text))
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}

// DecodeUCS2 reads what [EncodeUCS2] writes. Half a pair becomes U+FFFD, an odd octet at the end is dropped.
func DecodeUCS2(octets []byte) string {
	units := make([]uint16, 0, len(octets)/2)
	for ; len(octets) >= 2; octets = octets[2:] {
		units = append(units, binary.BigEndian.Uint16(octets))
	}
	return string(utf16.Decode(units))
}
