// Package pdu writes and reads the protocol data units of SMPP 3.4 that a client needs who binds as a transceiver.
// Paragraphs refer to the "Short Message Peer to Peer Protocol Specification v3.4", issue 1.2.
//
// Everything that is read is foreign: sizes are bounded, and nothing panics.
package pdu

import (
	"encoding/binary"
	"errors"
	"io"
)

// MaxSize is the largest PDU that is written or read, header included, in octets. The specification sets no bound; a
// payload TLV alone could take 64 KiB.
const MaxSize = 64 << 10

const headerSize = 16

// What can be wrong with a PDU.
var (
	// ErrSize says that the size makes no sense: where the next PDU begins is not known, the connection is lost.
	ErrSize = errors.New("a PDU of a size that cannot be")
	// ErrBody says that the body cannot be read. The header can, and the next PDU.
	ErrBody = errors.New("a PDU whose body cannot be read")
	// ErrText says that a text is too long for its field, or holds a NUL.
	ErrText = errors.New("a text that fits no field of a PDU")
)

// PDU is one request or response.
type PDU struct {
	Command  Command
	Status   Status
	Sequence uint32 // the response has that of its request
	Body     Body   // nil: none
}

// Body is what follows the header: a [*Bind], [*BindResp], [*Message] or [*MessageResp]. The other commands that this
// package knows have none, and what follows unknown ones is dropped.
type Body interface{ write(w *writer) }

// Append appends p to dst.
func (p PDU) Append(dst []byte) ([]byte, error) {
	start := len(dst)
	w := writer{b: append(dst, make([]byte, headerSize)...)}
	if p.Body != nil {
		p.Body.write(&w)
	}
	size := len(w.b) - start
	if w.bad {
		return dst, ErrText
	}
	if size > MaxSize {
		return dst, ErrSize
	}
	for i, field := range []uint32{uint32(size), uint32(p.Command), uint32(p.Status), p.Sequence} {
		binary.BigEndian.PutUint32(w.b[start+4*i:], field)
	}
	return w.b, nil
}

// Read reads the next PDU of r. Beside [ErrBody], the header is that which was read.
func Read(r io.Reader) (PDU, error) {
	frame := make([]byte, headerSize)
	if _, err := io.ReadFull(r, frame); err != nil {
		return PDU{}, err
	}
	size := binary.BigEndian.Uint32(frame)
	if size < headerSize || size > MaxSize {
		return PDU{}, ErrSize
	}
	frame = append(frame, make([]byte, size-headerSize)...)
	if _, err := io.ReadFull(r, frame[headerSize:]); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return PDU{}, err
	}
	return decode(frame)
}

// decode reads a PDU whose size is right. The result keeps parts of frame.
func decode(frame []byte) (PDU, error) {
	p := PDU{
		Command:  Command(binary.BigEndian.Uint32(frame[4:])),
		Status:   Status(binary.BigEndian.Uint32(frame[8:])),
		Sequence: binary.BigEndian.Uint32(frame[12:]),
	}
	r := reader{b: frame[headerSize:]}
	switch p.Command {
	case BindTransceiver:
		p.Body = readBind(&r)
	case BindTransceiver.Response():
		p.Body = readBindResp(&r)
	case SubmitSM, DeliverSM:
		p.Body = readMessage(&r)
	case SubmitSM.Response(), DeliverSM.Response():
		p.Body = readMessageResp(&r)
	}
	if r.bad {
		p.Body = nil
		return p, ErrBody
	}
	return p, nil
}
