package pdu

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// writer appends the fields of a body.
type writer struct {
	b   []byte
	bad bool // a text did not fit
}

func (w *writer) octets(o ...byte) { w.b = append(w.b, o...) }

// text appends a C-Octet String: characters and a NUL (§3.1).
func (w *writer) text(s string) {
	w.bad = w.bad || strings.IndexByte(s, 0) >= 0
	w.b = append(append(w.b, s...), 0)
}

// sized appends an octet with the size of data, and data.
func (w *writer) sized(data []byte) {
	w.bad = w.bad || len(data) > 0xff
	w.b = append(append(w.b, byte(len(data))), data...)
}

func (w *writer) tlvs(all TLVs) {
	for _, t := range all {
		w.bad = w.bad || len(t.Value) > MaxSize-1
		w.b = binary.BigEndian.AppendUint16(w.b, uint16(t.Tag))
		w.b = binary.BigEndian.AppendUint16(w.b, uint16(len(t.Value)))
		w.b = append(w.b, t.Value...)
	}
}

// reader takes the fields of a body, in order. After one that cannot be read, all are empty.
type reader struct {
	b   []byte
	bad bool
}

// take returns the next n octets.
func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b) {
		r.bad = true
		return nil
	}
	taken := r.b[:n:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) octet() byte {
	if o := r.take(1); len(o) == 1 {
		return o[0]
	}
	return 0
}

func (r *reader) uint16() int {
	if o := r.take(2); len(o) == 2 {
		return int(binary.BigEndian.Uint16(o))
	}
	return 0
}

// text takes a C-Octet String.
func (r *reader) text() string {
	end := bytes.IndexByte(r.b, 0)
	if end < 0 {
		r.bad = true
		return ""
	}
	taken := r.take(end + 1)
	return string(bytes.TrimSuffix(taken, []byte{0}))
}

// lenientText takes a C-Octet String that may lack its NUL, or be left out, at the end of a body.
func (r *reader) lenientText() string {
	if bytes.IndexByte(r.b, 0) < 0 {
		return string(r.take(len(r.b)))
	}
	return r.text()
}

func (r *reader) tlvs() TLVs {
	var all TLVs
	for len(r.b) > 0 && !r.bad {
		tag := Tag(r.uint16())
		value := r.take(r.uint16())
		all = append(all, TLV{Tag: tag, Value: value})
	}
	return all
}
