package gsm

import "unicode/utf16"

// How much one segment holds (TS 23.040 §9.2.3.24.1): 140 octets, less the six of the header where there are several.
const (
	wholeGSM7 = 160 // septets
	partGSM7  = 153 // septets
	wholeUCS2 = 140 // octets: 70 characters
	partUCS2  = 134 // octets: 67 characters
)

// Text is a text as it travels.
type Text struct {
	UCS2     bool     // else the GSM 7-bit alphabet, one septet in each octet
	Segments [][]byte // without headers; one at least
}

// Split writes text in the GSM 7-bit alphabet where that has all of its characters, else in UCS-2, and cuts it into as
// few segments as it takes. No segment ends within an escape pair or a surrogate pair.
func Split(text string) Text {
	if septets, ok := Encode(text); ok {
		return Text{Segments: cut(septets, wholeGSM7, partGSM7, halfEscape)}
	}
	return Text{UCS2: true, Segments: cut(EncodeUCS2(text), wholeUCS2, partUCS2, halfPair)}
}

// Whole is all of the text in one piece.
func (t Text) Whole() []byte {
	var all []byte
	for _, s := range t.Segments {
		all = append(all, s...)
	}
	return all
}

// Count is the number of short messages that it takes to carry text, which is what networks charge for.
func Count(text string) int { return len(Split(text).Segments) }

// cut makes pieces of at most part octets where all is longer than whole. open tells how many octets at the end of a
// piece belong to a character that goes on behind it.
func cut(all []byte, whole, part int, open func([]byte) int) [][]byte {
	if len(all) <= whole {
		return [][]byte{all}
	}
	var pieces [][]byte
	for len(all) > part {
		end := part - open(all[:part])
		pieces = append(pieces, all[:end:end])
		all = all[end:]
	}
	return append(pieces, all)
}

// halfEscape is 1 when part ends in an escape, whose character follows.
func halfEscape(part []byte) int {
	if part[len(part)-1] == escape {
		return 1
	}
	return 0
}

// halfPair is 2 when part ends in the first half of a surrogate pair.
func halfPair(part []byte) int {
	n := len(part)
	last := rune(part[n-2])<<8 | rune(part[n-1])
	const firstLow = 0xdc00
	if utf16.IsSurrogate(last) && last < firstLow {
		return 2
	}
	return 0
}
