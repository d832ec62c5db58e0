package gsm

import "encoding/binary"

// HeaderSize is the size of [Part.Header] in octets.
const HeaderSize = 6

// MaxParts is how many segments one text can have: their number is one octet.
const MaxParts = 255

// The information elements of concatenation (TS 23.040 §9.2.3.24.1 and §9.2.3.24.8).
const (
	elementShortRef = 0x00
	elementLongRef  = 0x08
)

// Part is the place of one segment within its text.
type Part struct {
	Ref    uint16 // the same for all segments of one text
	Total  uint8
	Number uint8 // from 1
}

// Header is the user data header that tells the place of a segment. It carries the lower eight bits of Ref, which every
// phone reads.
func (p Part) Header() []byte {
	return []byte{HeaderSize - 1, elementShortRef, 3, byte(p.Ref), p.Total, p.Number}
}

// ParseHeader takes the user data header off data and returns the place that it tells, with references of either size.
// A header that tells no place, or a place that cannot be, gives the zero Part. It returns false when data does not
// begin with a whole header.
func ParseHeader(data []byte) (p Part, rest []byte, ok bool) {
	if len(data) == 0 || len(data) <= int(data[0]) {
		return Part{}, nil, false
	}
	size := int(data[0])
	elements, rest := data[1:1+size], data[1+size:]
	for len(elements) > 0 {
		if len(elements) < 2 || len(elements) < 2+int(elements[1]) {
			return Part{}, nil, false
		}
		id, n := elements[0], int(elements[1])
		if found := place(id, elements[2:2+n]); found != (Part{}) {
			p = found
		}
		elements = elements[2+n:]
	}
	return p, rest, true
}

// place reads one information element.
func place(id byte, value []byte) Part {
	var p Part
	switch {
	case id == elementShortRef && len(value) == 3:
		p = Part{Ref: uint16(value[0]), Total: value[1], Number: value[2]}
	case id == elementLongRef && len(value) == 4:
		p = Part{Ref: binary.BigEndian.Uint16(value), Total: value[2], Number: value[3]}
	}
	if p.Number == 0 || p.Number > p.Total {
		return Part{} // to be ignored, says the standard
	}
	return p
}
